#include "adapters/http/prepared.hpp"

#include <algorithm>

#include <boost/beast/http/status.hpp>

namespace strowger::http {
namespace {

std::string start(std::uint16_t status) {
  std::string head = "HTTP/1.1 ";
  head += std::to_string(status);
  head += ' ';
  head += reason_phrase(status);
  head += "\r\n";
  return head;
}

void add(std::string& head, std::string_view name, std::string_view value) {
  head += name;
  head += ": ";
  head += value;
  head += "\r\n";
}

}  // namespace

std::string_view reason_phrase(std::uint16_t status) {
  const auto text = boost::beast::http::obsolete_reason(static_cast<boost::beast::http::status>(status));
  return {text.data(), text.size()};
}

PreparedPtr prepare(const Response& response) {
  auto reply = std::make_shared<Prepared>();
  reply->status = response.status;
  reply->bytes = start(response.status);
  const bool bodiless = response.status == 204 || response.status == 304 || response.status < 200;
  if (!bodiless) {
    add(reply->bytes, "Content-Type", response.content_type);
    add(reply->bytes, "Content-Length", std::to_string(response.body.size()));
  }
  for (const auto& [name, value] : response.headers) add(reply->bytes, name, value);
  reply->head = reply->bytes.size();
  if (!bodiless) reply->bytes += response.body;
  return reply;
}

Representation represent(std::string_view content_type, std::string_view body, std::string etag,
                         Timestamp last_modified, const std::vector<std::pair<std::string, std::string>>& headers) {
  auto full = std::make_shared<Prepared>();
  full->bytes = start(200);
  add(full->bytes, "Content-Type", content_type);
  add(full->bytes, "Content-Length", std::to_string(body.size()));
  auto unchanged = std::make_shared<Prepared>();
  unchanged->status = 304;
  unchanged->bytes = start(304);
  for (auto* reply : {full.get(), unchanged.get()}) {
    add(reply->bytes, "ETag", etag);
    add(reply->bytes, "Last-Modified", to_http_date(last_modified));
    for (const auto& [name, value] : headers) add(reply->bytes, name, value);
    reply->head = reply->bytes.size();
  }
  full->bytes += body;
  return {std::move(full), std::move(unchanged), std::move(etag), last_modified};
}

bool names_etag(std::string_view list, std::string_view etag, bool strongly) {
  while (!list.empty()) {
    const auto first = list.find_first_not_of(" \t,");
    if (first == std::string_view::npos) return false;
    list.remove_prefix(first);
    if (list.front() == '*') return true;
    const bool weak = list.starts_with("W/");
    if (weak) list.remove_prefix(2);
    if (list.empty() || list.front() != '"') return false;
    const auto end = list.find('"', 1);
    if (end == std::string_view::npos) return false;
    if (list.substr(0, end + 1) == etag && !(strongly && weak)) return true;
    list.remove_prefix(end + 1);
  }
  return false;
}

bool is_current(const Request& request, const Representation& representation) {
  if (const auto tags = request.header(headers::if_none_match); !tags.empty())
    return std::any_of(tags.begin(), tags.end(),
                       [&](std::string_view tag) { return names_etag(tag, representation.etag, false); });
  const auto since = request.header(headers::if_modified_since);
  if (since.empty()) return false;
  // The very date that was sent, not one since: a clock that was ahead has given out dates that have not come yet.
  const auto date = parse_http_date(since);
  return date && std::chrono::floor<std::chrono::seconds>(representation.last_modified) == *date;
}

PreparedPtr select(const Request& request, const Representation& representation) {
  return is_current(request, representation) ? representation.not_modified : representation.full;
}

}  // namespace strowger::http
