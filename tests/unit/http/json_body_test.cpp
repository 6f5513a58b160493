#include "adapters/http/json_body.hpp"

#include "adapters/http/errors.hpp"
#include "tests/support/catch.hpp"

#include <boost/json/parse.hpp>

using namespace strowger;
using namespace strowger::http;

namespace {

struct Device {
  std::string mac;
  std::string extension;
  std::optional<std::string> model;
  std::optional<bool> external;
  std::optional<std::int64_t> lines;
};

Result<Device> read(std::string_view text) {
  auto body = JsonBody::parse(text);
  if (!body) return body.error();
  Fields fields(body->root());
  Device device{fields.required_text("mac_address"), fields.required_text_or_number("extension_number"),
                fields.text("model"), fields.boolean("allow_external"), fields.integer("lines", 1, 16)};
  if (auto fault = fields.fault()) return *fault;
  return device;
}

Error fault_of(std::string_view text) {
  const auto device = read(text);
  REQUIRE_FALSE(device);
  CHECK(device.error().kind == ErrorKind::malformed);
  return device.error();
}

}  // namespace

TEST_CASE("a JSON body is read into types") {
  const auto device = read(R"({"mac_address":"00:15:65:12:34:56","extension_number":1001,"model":null,"lines":3})");
  REQUIRE(device);
  CHECK(device->mac == "00:15:65:12:34:56");
  CHECK(device->extension == "1001");
  CHECK_FALSE(device->model);
  CHECK_FALSE(device->external);
  CHECK(device->lines == 3);
}

TEST_CASE("text that is not JSON is told where it goes wrong") {
  const auto fault = fault_of("{\n  \"mac_address\": \"x\",\n  oops\n}");
  CHECK(fault.code == "malformed_json");
  CHECK(fault.details.at("line").to_number<int>() == 3);
  CHECK(fault.details.at("column").to_number<int>() == 3);
  CHECK_THAT(fault_of(R"({"mac_address": )").message, ContainsSubstring("ends too early"));
  CHECK(fault_of("").code == "malformed_json");
  CHECK(fault_of("\xff\xfe").code == "malformed_json");
  CHECK(fault_of(std::string(100'000, '[')).code == "malformed_json");
  CHECK(fault_of(R"({"a":1} trailing)").code == "malformed_json");
}

TEST_CASE("a field is told missing, wrong, repeated or unknown by its name") {
  auto fault = fault_of(R"({"extension_number":"1001"})");
  CHECK(fault.code == "missing_field");
  CHECK(fault.details.at("field").as_string() == "mac_address");

  fault = fault_of(R"({"mac_address":["x"],"extension_number":"1"})");
  CHECK(fault.code == "wrong_type");
  CHECK(fault.message == "Field 'mac_address' must be a string, not a list.");

  fault = fault_of(R"({"mac_address":"x","extension_number":"1","allow_external":"yes"})");
  CHECK(fault.details.at("expected").as_string() == "true or false");

  fault = fault_of(R"({"mac_address":"x","extension_number":"1","lines":17})");
  CHECK(fault.code == "out_of_range");
  CHECK_THAT(fault.message, ContainsSubstring("from 1 to 16"));

  fault = fault_of(R"({"mac_address":"x","extension_number":"1","modle":"t46s"})");
  CHECK(fault.code == "unknown_field");
  CHECK(fault.details.at("nearest").as_string() == "model");

  fault = fault_of(R"({"mac_address":"x","mac_address":"y","extension_number":"1"})");
  CHECK(fault.code == "repeated_field");

  CHECK(fault_of("[1,2]").message == "The body must be an object, not a list.");
  CHECK(fault_of("7").code == "wrong_type");
}

TEST_CASE("the nearest known word is found, or none") {
  const std::vector<std::string> known{"mac_address", "extension_number", "vendor", "model"};
  CHECK(nearest("mac", known) == "mac_address");
  CHECK(nearest("vender", known) == "vendor");
  CHECK(nearest("extension", known) == "extension_number");
  CHECK(nearest("zzzzzz", known).empty());
}

TEST_CASE("an error is said in one shape with its status") {
  auto response = error_response(
      Error{ErrorKind::conflict, "version_conflict", "Somebody else \"was\" faster."}.with("present", 3));
  CHECK(response.status == 409);
  const auto body = boost::json::parse(response.body).as_object();
  CHECK(body.at("error").as_string() == "Somebody else \"was\" faster.");
  CHECK(body.at("code").as_string() == "version_conflict");
  CHECK(body.at("details").at("present").as_int64() == 3);

  CHECK(error_response(malformed("a", "b")).status == 400);
  CHECK(error_response(unacceptable("a", "b")).status == 422);
  CHECK(error_response(not_found("a", "b")).status == 404);
  CHECK(error_response(Error{ErrorKind::too_large, "a", "b"}).status == 413);
  CHECK(error_response(Error{ErrorKind::forbidden, "a", "b"}).status == 403);

  const auto has = [](const Response& r, std::string_view name) {
    return std::any_of(r.headers.begin(), r.headers.end(), [&](const auto& h) { return h.first == name; });
  };
  CHECK(has(error_response(Error{ErrorKind::unauthenticated, "a", "b"}), "WWW-Authenticate"));
  CHECK(has(error_response(unavailable("a", "b")), "Retry-After"));
}

TEST_CASE("the inside of a fault of ours is not told") {
  const auto response = error_response(internal_error("/var/secret/path: bad magic").with("key", "secret"));
  CHECK(response.status == 500);
  CHECK(response.body.find("secret") == std::string::npos);
}
