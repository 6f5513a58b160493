#include "config/single_document.hpp"

#include <sstream>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

namespace strowger::config {
namespace {

// Only where the document starts is of interest.
class StartOnly final : public YAML::EventHandler {
 public:
  std::size_t line() const { return line_; }

  void OnDocumentStart(const YAML::Mark& mark) override { line_ = static_cast<std::size_t>(mark.line) + 1; }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}

 private:
  std::size_t line_ = 1;
};

}  // namespace

std::optional<std::size_t> second_document(const std::string& text) {
  std::istringstream stream(text);
  YAML::Parser parser(stream);
  StartOnly document;
  if (!parser.HandleNextDocument(document) || !parser.HandleNextDocument(document)) return std::nullopt;
  return document.line();
}

}  // namespace strowger::config
