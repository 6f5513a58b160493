#include "adapters/http/request_parser.hpp"

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>

namespace strowger::http {
namespace {

constexpr std::size_t most_headers = 100;

}  // namespace

RequestParser::RequestParser(Request& request, RequestStorage& storage, std::size_t head_limit)
    : request_(request), storage_(storage) {
  // All texts of a head fit what is reserved, so the views into it stay valid while it is filled.
  storage_.head.reserve(head_limit);
  storage_.head.clear();
  storage_.body.clear();
  request_.headers.clear();
  request_.body = {};
  request_.who = {};
  request_.pass.reset();
  header_limit(static_cast<std::uint32_t>(head_limit));
  body_limit(boost::none);  // known once the route is
}

std::string_view RequestParser::keep(text part) {
  const auto at = storage_.head.size();
  storage_.head.append(part.data(), part.size());
  return std::string_view(storage_.head).substr(at);
}

void RequestParser::on_request_impl(boost::beast::http::verb method, text, text target, int version, error_code&) {
  version_ = version;
  request_.method = method;
  auto path = keep(target);
  request_.target = path;
  // absolute-form (RFC 9112 section 3.2.2), which a server must accept
  if (!path.starts_with('/')) {
    if (const auto scheme = path.find("://"); scheme != std::string_view::npos) {
      const auto slash = path.find_first_of("/?", scheme + 3);
      path = slash == std::string_view::npos ? std::string_view() : path.substr(slash);
    }
  }
  if (const auto fragment = path.find('#'); fragment != std::string_view::npos) path = path.substr(0, fragment);
  const auto mark = path.find('?');
  request_.path = path.substr(0, mark);
  request_.query_text = mark == std::string_view::npos ? std::string_view() : path.substr(mark + 1);
}

void RequestParser::on_field_impl(boost::beast::http::field field, text name, text value, error_code& fault) {
  if (head_done_) return;  // a trailer
  if (request_.headers.size() == most_headers) {
    fault = boost::beast::http::error::header_limit;
    return;
  }
  if (field == Field::host) ++hosts_;
  if (field == Field::expect) {
    if (boost::beast::iequals(value, "100-continue"))
      wants_continue_ = true;
    else
      unknown_expectation_ = true;
  }
  // Known names are found by their number; only the others need their text.
  request_.headers.push_back({field, field == Field::unknown ? keep(name) : std::string_view(), keep(value)});
}

void RequestParser::on_header_impl(error_code&) {
  head_done_ = true;
}

void RequestParser::on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) {}

std::size_t RequestParser::on_body_impl(text part, error_code&) {
  if (keep_body_) storage_.body.append(part.data(), part.size());
  return part.size();
}

std::size_t RequestParser::on_chunk_body_impl(std::uint64_t, text part, error_code&) {
  if (keep_body_) storage_.body.append(part.data(), part.size());
  return part.size();
}

}  // namespace strowger::http
