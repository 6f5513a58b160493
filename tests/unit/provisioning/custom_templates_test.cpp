#include "actors/provisioning/custom_templates.hpp"

#include "tests/support/catch.hpp"

#include <filesystem>
#include <fstream>
#include <random>

using namespace strowger::provisioning;
namespace fs = std::filesystem;

namespace {

class TemporaryFolder {
 public:
  TemporaryFolder()
      : path_(fs::temp_directory_path() / ("strowger-templates-" + std::to_string(std::random_device{}()))) {
    fs::create_directories(path_);
  }
  ~TemporaryFolder() { fs::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  void write(const std::string& name, const std::string& text) const { std::ofstream(path_ / name) << text; }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

}  // namespace

TEST_CASE("templates are read from a folder, and one that cannot be does not keep the others out") {
  const TemporaryFolder folder;
  folder.write("yealink_t46s.template", "one");
  folder.write("cisco_spa504g.template", "two");
  folder.write("notes.txt", "not one");
  folder.write("zultys_zip33g.template", std::string(300 * 1024, 'x'));
  fs::create_directory(folder.path() / "polycom_vvx450.template");
  const auto read = read_custom_templates(folder.path());
  REQUIRE(read.templates.size() == 2);
  CHECK(read.templates[0].name == "cisco_spa504g.template");
  CHECK(read.templates[1].text == "one");
  REQUIRE(read.faults.size() == 2);
  CHECK_THAT(read.faults[0].message, ContainsSubstring("polycom_vvx450.template"));
  CHECK_THAT(read.faults[1].message, ContainsSubstring("256 KiB"));
}

TEST_CASE("no folder gives nothing, a missing one is a fault") {
  CHECK(read_custom_templates("").faults.empty());
  const TemporaryFolder folder;
  CHECK(read_custom_templates(folder.path() / "none").faults.size() == 1);
}

TEST_CASE("a template's name tells vendor and model") {
  CHECK(split_template_name("polycom_vvx_450.template").value() ==
        std::pair<std::string, std::string>("polycom", "vvx_450"));
  for (const std::string name : {"yealink.template", "_t46s.template", "yealink_.template", ""})
    CHECK_FALSE(split_template_name(name));
}
