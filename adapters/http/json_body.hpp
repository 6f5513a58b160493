// Reads a request's JSON body (simdjson) into typed values, with faults that say where, what was expected and what
// the sender probably meant.
//
//   auto body = JsonBody::parse(request.body);
//   if (!body) return body.error();
//   Fields fields(body->root());
//   const auto mac = fields.required_text("mac_address");
//   const auto name = fields.text("name");
//   if (auto fault = fields.fault()) return *fault;   // the first that was wrong; unknown keys too
#pragma once

#include "events/error.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <simdjson.h>

namespace strowger::http {

class JsonBody {
 public:
  // Fails with `malformed_json` (details: line, column).
  static Result<JsonBody> parse(std::string_view text);
  // Valid for as long as this lives, across co_await too.
  simdjson::dom::element root() const { return root_; }

 private:
  JsonBody() = default;
  std::unique_ptr<simdjson::dom::parser> parser_;  // owns what root_ points into
  simdjson::dom::element root_;
};

// The members of one object. Each accessor names a key that is known; after the last of them fault() reports the first
// that was missing or of a wrong type, then the first key that no accessor named. An absent key and null are the same.
class Fields {
 public:
  explicit Fields(simdjson::dom::element element, std::string path = {});

  std::optional<std::string> text(std::string_view key);
  // A whole number is taken for its digits: senders write extension numbers either way.
  std::optional<std::string> text_or_number(std::string_view key);
  std::optional<bool> boolean(std::string_view key);
  std::optional<std::int64_t> integer(std::string_view key, std::int64_t least, std::int64_t most);
  std::optional<std::vector<std::string>> texts(std::string_view key);
  std::optional<std::vector<simdjson::dom::element>> list(std::string_view key);
  // Given as null, to take back what is there. (Name the key by its accessor too.)
  bool is_null(std::string_view key) const;

  // The empty value where it is missing, with the fault kept.
  std::string required_text(std::string_view key);
  std::string required_text_or_number(std::string_view key);

  // Known, but read elsewhere or not at all.
  void ignore(std::string_view key);
  bool has(std::string_view key);
  std::optional<Error> fault() const;

 private:
  std::optional<simdjson::dom::element> find(std::string_view key);
  void wrong(std::string_view key, std::string_view expected, simdjson::dom::element got);
  void missing(std::string_view key);

  simdjson::dom::object object_;
  std::string path_;  // of the object in the body: empty, or devices[3].
  std::vector<std::string> known_;
  std::optional<Error> fault_;
};

// The one of `known` that `word` was probably meant to be, by edit distance; empty where none is near.
std::string_view nearest(std::string_view word, const std::vector<std::string>& known);

}  // namespace strowger::http
