#include "adapters/http/openapi.hpp"

#include "adapters/http/prepared.hpp"

#include <algorithm>
#include <cctype>
#include <set>
#include <stdexcept>

#include <boost/beast/http/verb.hpp>
#include <boost/json.hpp>

namespace strowger::http {
namespace {

namespace bj = boost::json;

bj::string text(std::string_view view) {
  return bj::string(view.data(), view.size());
}

bj::value parse_schema(std::string_view schema, std::string_view where) {
  boost::system::error_code fault;
  auto value = bj::parse({schema.data(), schema.size()}, fault);
  if (fault) throw std::logic_error("schema of " + std::string(where) + " is not JSON: " + fault.message());
  return value;
}

class Document {
 public:
  Document(const Router& router, bool require_authentication) : router_(router), secured_(require_authentication) {}

  bj::object build(std::string_view version) {
    bj::object paths;
    std::set<std::string> tags;
    for (const auto& route : router_.routes()) {
      if (!route->documented) continue;
      auto& path = paths[path_of(route->pattern)];
      if (!path.is_object()) path.emplace_object();
      path.as_object()[method_of(route->method)] = operation(*route);
      tags.insert(route->tag);
    }
    bj::array tag_list;
    for (const auto& tag : tags) tag_list.push_back(bj::object{{"name", text(tag)}});
    bj::object schemas;
    for (const auto& [name, schema] : router_.schemas()) schemas[name] = parse_schema(schema, name);
    schemas["Error"] = error_schema();
    return {{"openapi", "3.1.0"},
            {"info",
             {{"title", "Strowger"},
              {"version", text(version)},
              {"description",
               "Provisions IP phones and connects their calls. Every path works with or without a trailing slash, and "
               "under /api/v1 too."},
              {"license", {{"name", "Apache-2.0"}, {"identifier", "Apache-2.0"}}}}},
            {"servers", bj::array{bj::object{{"url", "/"}}}},
            {"tags", std::move(tag_list)},
            {"paths", std::move(paths)},
            {"components",
             {{"schemas", std::move(schemas)},
              {"securitySchemes",
               {{"bearer",
                 {{"type", "http"},
                  {"scheme", "bearer"},
                  {"description", "A token of POST /api/auth/login, or of `strowger token`."}}}}}}}};
  }

 private:
  static std::string method_of(Method method) {
    std::string name(boost::beast::http::to_string(method));
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    return name;
  }

  // OpenAPI knows no parameter that takes the rest of a path: {file...} is shown as {file}.
  static std::string path_of(std::string pattern) {
    if (const auto dots = pattern.find("...}"); dots != std::string::npos) pattern.erase(dots, 3);
    return pattern;
  }

  bj::value schema(std::string_view schema, std::string_view where) const {
    if (!schema.starts_with('#')) return parse_schema(schema, where);
    const std::string name(schema.substr(1));
    if (name != "Error" && !router_.schemas().contains(name))
      throw std::logic_error("route " + std::string(where) + " names the unknown schema " + name);
    return bj::object{{"$ref", text("#/components/schemas/" + name)}};
  }

  bj::object operation(const Route& route) const {
    bj::object operation{
        {"operationId", text(route.id)}, {"tags", {text(route.tag)}}, {"summary", text(route.summary)}};
    std::string description = route.description;
    if (route.role) {
      if (!description.empty()) description += ' ';
      description += "Needs the role " + std::string(to_text(*route.role)) + " or a higher one.";
    }
    if (!description.empty()) operation["description"] = text(description);
    if (route.role && secured_)
      operation["security"] = bj::array{bj::object{{"bearer", bj::array{}}}};
    else
      operation["security"] = bj::array{};
    if (auto parameters = parameters_of(route); !parameters.empty()) operation["parameters"] = std::move(parameters);
    if (!route.body_schema.empty()) {
      bj::object content;
      for (const auto& type : route.body_types)
        content[type] = bj::object{{"schema", schema(route.body_schema, route.id)}};
      operation["requestBody"] = {{"required", route.body_required}, {"content", std::move(content)}};
    }
    operation["responses"] = responses_of(route);
    return operation;
  }

  bj::array parameters_of(const Route& route) const {
    bj::array list;
    for (const auto& parameter : route.parameters) {
      const bool in_path = parameter.in == Parameter::In::path;
      list.push_back(bj::object{{"name", text(parameter.name)},
                                {"in", in_path                                ? "path"
                                       : parameter.in == Parameter::In::query ? "query"
                                                                              : "header"},
                                {"required", in_path || parameter.required},
                                {"description", text(parameter.description)},
                                {"schema", schema(parameter.schema, route.id)}});
    }
    // Those of the pattern that nothing was said about are texts.
    std::string_view rest = route.pattern;
    for (auto open = rest.find('{'); open != std::string_view::npos; open = rest.find('{')) {
      const auto end = rest.find('}', open);
      auto name = rest.substr(open + 1, end - open - 1);
      if (name.ends_with("...")) name.remove_suffix(3);
      rest.remove_prefix(end);
      const bool told = std::any_of(route.parameters.begin(), route.parameters.end(), [&](const auto& parameter) {
        return parameter.in == Parameter::In::path && parameter.name == name;
      });
      if (!told)
        list.push_back(bj::object{
            {"name", text(name)}, {"in", "path"}, {"required", true}, {"schema", bj::object{{"type", "string"}}}});
    }
    return list;
  }

  bj::object responses_of(const Route& route) const {
    bj::object responses;
    for (const auto& reply : route.replies) {
      auto& response = responses[std::to_string(reply.status)];
      response = bj::object{{"description", text(reply.description)}};
      if (!reply.schema.empty())
        response.as_object()["content"] = {{reply.content_type, {{"schema", schema(reply.schema, route.id)}}}};
      if (!reply.headers.empty()) {
        bj::object headers;
        for (const auto& header : reply.headers) headers[header] = {{"schema", {{"type", "string"}}}};
        response.as_object()["headers"] = std::move(headers);
      }
    }
    auto errors = route.errors;
    if (route.role) errors.insert(errors.end(), {401, 403});
    if (!route.body_schema.empty()) errors.insert(errors.end(), {400, 413, 415});
    errors.insert(errors.end(), {500, 503});
    for (const auto status : errors) {
      auto& response = responses[std::to_string(status)];
      if (response.is_object()) continue;
      response = bj::object{{"description", text(reason_phrase(status))},
                            {"content", {{"application/json", {{"schema", schema("#Error", route.id)}}}}}};
      if (status == 503 || status == 429)
        response.as_object()["headers"] = {{"Retry-After", {{"schema", {{"type", "integer"}}}}}};
    }
    return responses;
  }

  static bj::object error_schema() {
    return {{"type", "object"},
            {"required", {"error", "code"}},
            {"properties",
             {{"error", {{"type", "string"}, {"description", "What was wrong and what to do, for a person."}}},
              {"code", {{"type", "string"}, {"description", "A stable word, for a program."}}},
              {"details", {{"type", "object"}}}}}};
  }

  const Router& router_;
  bool secured_;
};

}  // namespace

std::string openapi_document(const Router& router, std::string_view version, bool require_authentication) {
  return bj::serialize(Document(router, require_authentication).build(version));
}

}  // namespace strowger::http
