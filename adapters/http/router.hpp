// The table of routes: what is asked (method and path pattern), by whom, with what, who answers; and, beside it, what
// openapi.hpp says of it. Filled by the composition root before the server starts, then only read.
//
// A pattern is made of literal segments, `{name}` for one segment and, last, `{name...}` for the rest of the path.
// Literals win over `{name}`, which wins over `{name...}`. Every route works with or without a trailing slash, and
// `/api/…` under `/api/v1/…` too. A rest pattern at the root never answers below `/api`. GET answers HEAD.
//
// A path leads to a route only as it is written in the pattern: one slash between segments, no escape in a literal. So
// a reverse proxy's rule about `/api` or `/metrics` cannot be passed by another spelling. Only a rest pattern takes any
// spelling of what stands before it: phones double slashes (`//provision/001565123456.cfg`).
#pragma once

#include "adapters/http/message.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace strowger::http {

struct Parameter {
  enum class In : std::uint8_t { path, query, header };
  std::string name;
  std::string description;
  In in = In::query;
  std::string schema = R"({"type":"string"})";  // JSON Schema, or #Name of a registered one
  bool required = false;
};

struct Reply {
  std::uint16_t status = 200;
  std::string description;
  std::string schema{};  // empty: no body
  std::string content_type = "application/json";
  std::vector<std::string> headers{};  // that it carries
};

struct Route {
  Method method = Method::get;
  std::string pattern;
  std::string id;       // operationId: stable, unique, camelCase
  std::string tag;      // the resource it belongs to
  std::string summary;  // a line
  std::string description{};
  // The least role that may; none: anyone, without a token.
  std::optional<Role> role = Role::viewer;
  // Where no role is needed: whether the handler is told all the same whose token a request brings. One that is not
  // valid counts as none.
  bool recognises = false;

  std::vector<Parameter> parameters{};                      // every {name} of the pattern, and the query
  std::string body_schema{};                                // empty: it takes no body
  std::vector<std::string> body_types{"application/json"};  // those that it takes; */*: any
  std::size_t body_limit = std::size_t{1024} * 1024;
  bool body_required = true;
  // Asked before the body is read, with its size where that is said: what it refuses is not read. May leave a pass in
  // the request.
  std::function<std::optional<Response>(Request&, std::optional<std::uint64_t> size)> gate{};

  std::vector<Reply> replies{};
  std::vector<std::uint16_t> errors{};  // beside those that every route can give (401, 403, 429, 500, 503)
  bool documented = true;

  std::variant<Handler, AsyncHandler> handler{};
};

class Router {
 public:
  Router();
  ~Router();
  Router(Router&&) noexcept;
  Router& operator=(Router&&) noexcept;

  // Throws std::logic_error on a pattern that cannot be, a pattern and method given twice, or an id given twice.
  void add(Route route);
  // From now on each route that is added goes through `change` first.
  void change_added(std::function<void(Route&)> change) { change_added_ = std::move(change); }
  // A JSON Schema that routes name as `#Name`.
  void add_schema(std::string name, std::string schema);

  struct Match {
    const Route* route = nullptr;  // none: not found, or another method
    std::string allow;             // not empty: the path exists for these methods
    bool malformed = false;        // a parameter that cannot be decoded
    bool misspelt = false;         // it would lead to a route in another spelling
  };
  // Fills `parameters`. Any thread.
  Match find(Method method, std::string_view path, std::array<std::string, Request::most_parameters>& parameters) const;

  const std::vector<std::unique_ptr<Route>>& routes() const { return routes_; }
  const std::map<std::string, std::string>& schemas() const { return schemas_; }

 private:
  struct Node;
  struct Walk;

  std::function<void(Route&)> change_added_;
  std::vector<std::unique_ptr<Route>> routes_;
  std::map<std::string, std::string> schemas_;
  std::unique_ptr<Node> root_;
};

// Whether a path belongs to the API: `/api` and all below.
bool is_api_path(std::string_view path);

}  // namespace strowger::http
