#include "adapters/http/router.hpp"

#include <algorithm>
#include <stdexcept>

#include <boost/beast/http/verb.hpp>

namespace strowger::http {

struct Router::Node {
  std::vector<std::pair<std::string, std::unique_ptr<Node>>> literals;
  std::unique_ptr<Node> parameter;
  std::unique_ptr<Node> rest;
  std::vector<const Route*> routes;  // one a method
};

namespace {

std::string_view skip_slashes(std::string_view path) {
  const auto first = path.find_first_not_of('/');
  return first == std::string_view::npos ? std::string_view() : path.substr(first);
}

// Cuts the next segment off.
std::string_view take_segment(std::string_view& path) {
  path = skip_slashes(path);
  const auto end = path.find('/');
  const auto segment = path.substr(0, end);
  path = end == std::string_view::npos ? std::string_view() : path.substr(end);
  return segment;
}

// Whether a path goes on with one slash, or ends.
bool goes_on_plainly(std::string_view path) {
  return !path.starts_with("//");
}

bool is_same(std::string_view segment, std::string_view literal) {
  if (segment == literal) return true;
  return segment.find('%') != std::string_view::npos && percent_decode(segment) == literal;
}

}  // namespace

bool is_api_path(std::string_view path) {
  return is_same(take_segment(path), "api");
}

Router::Router() : root_(std::make_unique<Node>()) {}
Router::~Router() = default;
Router::Router(Router&&) noexcept = default;
Router& Router::operator=(Router&&) noexcept = default;

void Router::add(Route route) {
  if (change_added_) change_added_(route);
  const auto wrong = [&](std::string_view why) {
    throw std::logic_error("route " + route.pattern + ": " + std::string(why));
  };
  Node* node = root_.get();
  std::string_view path = route.pattern;
  std::size_t parameters = 0;
  while (!skip_slashes(path).empty()) {
    const auto segment = take_segment(path);
    if (segment.starts_with('{')) {
      if (!segment.ends_with('}') || ++parameters > Request::most_parameters) wrong("a bad parameter");
      const bool rest = segment.ends_with("...}");
      if (rest && !skip_slashes(path).empty()) wrong("what takes the rest must be last");
      auto& child = rest ? node->rest : node->parameter;
      if (!child) child = std::make_unique<Node>();
      node = child.get();
    } else {
      auto found = std::find_if(node->literals.begin(), node->literals.end(),
                                [&](const auto& literal) { return literal.first == segment; });
      if (found == node->literals.end())
        found = node->literals.emplace(found, std::string(segment), std::make_unique<Node>());
      node = found->second.get();
    }
  }
  for (const auto* other : node->routes)
    if (other->method == route.method) wrong("this method is there already");
  for (const auto& other : routes_)
    if (other->id == route.id) wrong("the id " + route.id + " is taken");
  routes_.push_back(std::make_unique<Route>(std::move(route)));
  node->routes.push_back(routes_.back().get());
}

void Router::add_schema(std::string name, std::string schema) {
  schemas_[std::move(name)] = std::move(schema);
}

// One search: depth first, the more literal branch first; what other methods the path has is collected on the way.
struct Router::Walk {
  Method method;
  std::array<std::string, Request::most_parameters>& parameters;
  Match match{};
  std::vector<Method> allowed{};

  // `canonical`: every literal and every slash on the way stood in the path as it does in the pattern.
  bool ends_at(const Node& node, bool canonical) {
    if (!canonical) {
      match.misspelt = match.misspelt || !node.routes.empty();
      return false;
    }
    for (const auto* route : node.routes) {
      if (route->method == method || (method == Method::head && route->method == Method::get)) {
        match.route = route;
        return true;
      }
      allowed.push_back(route->method);
    }
    return false;
  }

  bool descend(const Node& node, std::string_view path, std::size_t depth, bool below_api, bool canonical) {
    auto after = path;
    const auto segment = take_segment(after);
    canonical = canonical && goes_on_plainly(path);
    if (segment.empty()) {
      if (ends_at(node, canonical)) return true;
      if (!node.rest) return false;
    } else {
      for (const auto& [literal, child] : node.literals)
        if (is_same(segment, literal) && descend(*child, after, depth, below_api, canonical && segment == literal))
          return true;
      if (node.parameter) {
        auto value = percent_decode(segment);
        if (!value) {
          match.malformed = true;
        } else {
          const auto at = static_cast<std::size_t>(depth);
          parameters[at] = std::move(*value);
          if (descend(*node.parameter, after, depth + 1, below_api, canonical)) return true;
        }
      }
    }
    if (!node.rest || below_api) return false;
    parameters[depth] = percent_decode_leniently(skip_slashes(path));
    return ends_at(*node.rest, true);
  }
};

Router::Match Router::find(Method method, std::string_view path,
                           std::array<std::string, Request::most_parameters>& parameters) const {
  Walk walk{method, parameters};
  const bool below_api = is_api_path(path);
  if (below_api) {
    // /api/v1/x is /api/x: the walk starts at the node of `api`, behind the version.
    auto below = path;
    bool canonical = take_segment(below) == "api" && goes_on_plainly(path);
    auto versioned = below;
    const auto version = take_segment(versioned);
    if (is_same(version, "v1")) {
      canonical = canonical && goes_on_plainly(below) && version == "v1";
      below = versioned;
    }
    for (const auto& [literal, child] : root_->literals)
      if (literal == "api") walk.descend(*child, below, 0, true, canonical);
  } else {
    walk.descend(*root_, path, 0, false, true);
  }
  if (walk.match.route != nullptr) {
    walk.match.malformed = false;
    walk.match.misspelt = false;
  } else if (!walk.allowed.empty()) {
    walk.match.malformed = false;
    auto& allowed = walk.allowed;
    if (std::find(allowed.begin(), allowed.end(), Method::get) != allowed.end()) allowed.push_back(Method::head);
    std::sort(allowed.begin(), allowed.end());
    allowed.erase(std::unique(allowed.begin(), allowed.end()), allowed.end());
    for (const auto one : allowed) {
      if (!walk.match.allow.empty()) walk.match.allow += ", ";
      walk.match.allow += boost::beast::http::to_string(one);
    }
  }
  return std::move(walk.match);
}

}  // namespace strowger::http
