#include "adapters/http/router.hpp"

#include "adapters/http/openapi.hpp"
#include "tests/support/catch.hpp"

#include <boost/json/parse.hpp>

using namespace strowger;
using namespace strowger::http;

namespace {

Handler nothing() {
  return [](const Request&) -> Result<Response> { return Response{}; };
}

Route route(Method method, std::string pattern, std::string id) {
  return {.method = method,
          .pattern = std::move(pattern),
          .id = std::move(id),
          .tag = "things",
          .summary = "A thing",
          .handler = nothing()};
}

struct Table {
  Router router;
  std::array<std::string, Request::most_parameters> parameters;

  Table() {
    router.add(route(Method::get, "/api/extensions", "list"));
    router.add(route(Method::post, "/api/extensions", "create"));
    router.add(route(Method::get, "/api/extensions/{number}", "read"));
    router.add(route(Method::get, "/api/provisioning/devices/export", "export"));
    router.add(route(Method::get, "/api/provisioning/devices/{mac}", "device"));
    router.add(route(Method::post, "/api/provisioning/devices/{mac}/reboot", "reboot"));
    router.add(route(Method::get, "/healthz", "health"));
    router.add(route(Method::get, "/provision/{file...}", "file"));
    router.add(route(Method::get, "/{file...}", "rootFile"));
  }

  std::string id(Method method, std::string_view path) {
    const auto match = router.find(method, path, parameters);
    return match.route == nullptr ? "-" + match.allow : match.route->id;
  }
};

}  // namespace

TEST_CASE_METHOD(Table, "a route is found by method and path, with or without a trailing slash") {
  CHECK(id(Method::get, "/api/extensions") == "list");
  CHECK(id(Method::get, "/api/extensions/") == "list");
  CHECK(id(Method::post, "/api/extensions") == "create");
  CHECK(id(Method::get, "/api/extensions/1001") == "read");
  CHECK(parameters[0] == "1001");
  CHECK(id(Method::get, "/api/extensions/1001/") == "read");
  CHECK(id(Method::head, "/api/extensions/1001") == "read");
}

TEST_CASE_METHOD(Table, "the API answers under its version too") {
  CHECK(id(Method::get, "/api/v1/extensions/1001") == "read");
  CHECK(parameters[0] == "1001");
  CHECK(id(Method::post, "/api/v1/provisioning/devices/aa/reboot/") == "reboot");
  CHECK(id(Method::get, "/api/v1") == "-");
  CHECK(id(Method::get, "/api/v1/v1/extensions") == "-");
}

TEST_CASE_METHOD(Table, "a literal wins over a parameter, and a dead end is left again") {
  CHECK(id(Method::get, "/api/provisioning/devices/export") == "export");
  CHECK(id(Method::get, "/api/provisioning/devices/exports") == "device");
  CHECK(id(Method::post, "/api/provisioning/devices/export/reboot") == "reboot");
  CHECK(parameters[0] == "export");
}

TEST_CASE_METHOD(Table, "parameters are decoded one segment at a time") {
  CHECK(id(Method::get, "/api/provisioning/devices/00%3A15%3a65%3A12%3A34%3A56") == "device");
  CHECK(parameters[0] == "00:15:65:12:34:56");
  CHECK(id(Method::get, "/api/extensions/a%2Fb") == "read");
  CHECK(parameters[0] == "a/b");
  CHECK(router.find(Method::get, "/api/extensions/%zz", parameters).malformed);
  CHECK(router.find(Method::get, "/api/extensions/%00", parameters).malformed);
  CHECK(router.find(Method::get, "/api/extensions/%4", parameters).malformed);
}

TEST_CASE_METHOD(Table, "a rest pattern takes what is left, leniently decoded, but never below the API") {
  CHECK(id(Method::get, "/provision/001565123456.cfg") == "file");
  CHECK(parameters[0] == "001565123456.cfg");
  CHECK(id(Method::get, "//provision//sub/x.xml") == "file");
  CHECK(parameters[0] == "sub/x.xml");
  CHECK(id(Method::get, "/provision/%7Bmac%7D.cfg") == "file");
  CHECK(parameters[0] == "{mac}.cfg");
  CHECK(id(Method::get, "/provision/%MAC%.cfg") == "file");
  CHECK(parameters[0] == "%MAC%.cfg");
  CHECK(id(Method::get, "/0004f2aabbcc.cfg") == "rootFile");
  CHECK(parameters[0] == "0004f2aabbcc.cfg");
  CHECK(id(Method::get, "/healthz") == "health");
  CHECK(id(Method::get, "/api/nothing") == "-");
  CHECK(id(Method::get, "/api") == "-");
  CHECK(id(Method::get, "") == "rootFile");
}

TEST_CASE_METHOD(Table, "only phones' files are found in another spelling") {
  for (const auto* path : {"//api/extensions", "/api//extensions", "/api/extensions//", "/%61pi/extensions",
                           "/api/%65xtensions", "/api//v1/extensions", "/api/%761/extensions", "/api/v1//extensions",
                           "/api//extensions/1001", "//api/provisioning/devices/aa/reboot", "//api//v1//extensions"}) {
    CAPTURE(path);
    for (const auto method : {Method::get, Method::post}) {
      const auto match = router.find(method, path, parameters);
      CHECK(match.route == nullptr);
      CHECK(match.allow.empty());
      CHECK(match.misspelt);
    }
  }
  CHECK_FALSE(router.find(Method::get, "//api/nothing", parameters).misspelt);
  // They are phones' files there, of which there is none.
  CHECK(id(Method::get, "//healthz") == "rootFile");
  CHECK(id(Method::get, "/%68ealthz") == "rootFile");
  CHECK(id(Method::get, "//provision/805ec0d57d72.cfg") == "file");
  CHECK(id(Method::get, "//provision//805ec0d57d72.cfg") == "file");
  CHECK(id(Method::get, "/%70rovision/805ec0d57d72.cfg") == "file");
  CHECK(id(Method::get, "//805ec0d57d72.cfg") == "rootFile");
  CHECK(id(Method::get, "/api/extensions/%31") == "read");
}

TEST_CASE_METHOD(Table, "another method is told which there are") {
  CHECK(id(Method::delete_, "/api/extensions") == "-GET, HEAD, POST");
  CHECK(id(Method::get, "/api/provisioning/devices/aa/reboot") == "-POST");
  CHECK(id(Method::unknown, "/api/extensions") == "-GET, HEAD, POST");
}

TEST_CASE_METHOD(Table, "a table that contradicts itself does not start") {
  CHECK_THROWS_AS(router.add(route(Method::get, "/api/extensions/{other}", "again")), std::logic_error);
  CHECK_THROWS_AS(router.add(route(Method::put, "/api/extensions/{number}", "list")), std::logic_error);
  CHECK_THROWS_AS(router.add(route(Method::get, "/a/{rest...}/b", "rest")), std::logic_error);
}

TEST_CASE("the OpenAPI document says what the table says") {
  Router router;
  router.add_schema("Thing", R"({"type":"object","properties":{"name":{"type":"string"}}})");
  router.add({.method = Method::put,
              .pattern = "/api/things/{name}",
              .id = "putThing",
              .tag = "things",
              .summary = "Write a thing",
              .role = Role::operator_,
              .parameters = {{.name = "dry_run", .description = "Only look", .schema = R"({"type":"boolean"})"}},
              .body_schema = "#Thing",
              .replies = {{.status = 200, .description = "Written", .schema = "#Thing", .headers = {"ETag"}}},
              .errors = {404, 409},
              .handler = nothing()});
  router.add({.method = Method::get,
              .pattern = "/provision/{file...}",
              .id = "file",
              .tag = "phones",
              .summary = "A phone's file",
              .role = std::nullopt,
              .replies = {{.status = 200, .description = "The file"}},
              .handler = nothing()});

  const auto document = boost::json::parse(openapi_document(router, "1.2.3", true)).as_object();
  CHECK(document.at("openapi").as_string() == "3.1.0");
  CHECK(document.at("info").at("version").as_string() == "1.2.3");
  const auto& put = document.at("paths").at("/api/things/{name}").at("put");
  CHECK(put.at("operationId").as_string() == "putThing");
  CHECK(put.at("security").as_array().size() == 1);
  REQUIRE(put.at("parameters").as_array().size() == 2);
  CHECK(put.at("parameters").at(1).at("name").as_string() == "name");
  CHECK(put.at("parameters").at(1).at("in").as_string() == "path");
  CHECK(put.at("requestBody").at("content").at("application/json").at("schema").at("$ref").as_string() ==
        "#/components/schemas/Thing");
  for (const auto* status : {"200", "400", "401", "403", "404", "409", "413", "415", "500", "503"})
    CHECK(put.at("responses").as_object().contains(status));
  const auto& file = document.at("paths").at("/provision/{file}").at("get");
  CHECK(file.at("security").as_array().empty());
  CHECK(file.at("parameters").at(0).at("name").as_string() == "file");
  CHECK(document.at("components").at("schemas").as_object().contains("Error"));
}

TEST_CASE("a route that names a schema which is not there is found at the start") {
  Router router;
  auto wrong = route(Method::get, "/api/x", "x");
  wrong.replies = {{.status = 200, .description = "?", .schema = "#Nothing"}};
  router.add(std::move(wrong));
  CHECK_THROWS_AS(openapi_document(router, "1", true), std::logic_error);
}
