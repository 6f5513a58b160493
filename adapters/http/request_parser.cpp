#include "adapters/http/request_parser.hpp"

#include <algorithm>

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/system/errc.hpp>

namespace strowger::http {
namespace {

constexpr std::size_t most_headers = 100;
constexpr char no_character = '\xFF';  // in no text of UTF-8: shown as U+FFFD

bool is_mendable(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t' && c != '\r' && c != '\n' && c != '\0') || byte == 0x7F;
}

// How the body ends is known only where the one coding is `chunked` and the parser takes it for that too.
boost::beast::error_code coding_fault(const std::vector<std::string_view>& codings, int version, bool chunked) {
  const auto is_chunked = [](std::string_view coding) { return boost::beast::iequals(coding, "chunked"); };
  if (version == 11 && chunked && codings.size() == 1 && is_chunked(codings.front())) return {};
  // The body's end would be known, but what is in it could not be read.
  const bool readable_end = version == 11 && codings.size() > 1 &&
                            std::count_if(codings.begin(), codings.end(), is_chunked) == 1 &&
                            is_chunked(codings.back());
  if (readable_end) return make_error_code(boost::system::errc::not_supported);
  return make_error_code(boost::beast::http::error::bad_transfer_encoding);
}

// A target without the authority of an absolute-form, which a server must accept (RFC 9112 section 3.2.2).
std::string_view origin_form(std::string_view target, Method method, boost::beast::error_code& fault) {
  if (target.starts_with('/') || (target == "*" && method == Method::options)) return target;
  const auto scheme = target.find("://");
  const auto authority = scheme == std::string_view::npos ? target.size() : scheme + 3;
  const auto end = std::min(target.find_first_of("/?#", authority), target.size());
  const bool is_http = boost::beast::iequals(target.substr(0, scheme), "http") ||
                       boost::beast::iequals(target.substr(0, scheme), "https");
  if (scheme == std::string_view::npos || !is_http || end == authority) {
    fault = boost::beast::http::error::bad_target;
    return {};
  }
  return target.substr(end);
}

}  // namespace

RequestParser::RequestParser(Request& request, RequestStorage& storage, std::size_t head_limit)
    : request_(request), storage_(storage) {
  // All texts of a head fit what is reserved, so the views into it stay valid while it is filled.
  storage_.head.reserve(head_limit);
  storage_.head.clear();
  storage_.body.clear();
  request_.method = Method::unknown;
  request_.target = request_.path = request_.query_text = {};
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

void RequestParser::on_request_impl(boost::beast::http::verb method, text, text target, int version,
                                    error_code& fault) {
  version_ = version;
  request_.method = method;
  request_.target = keep(target);
  auto path = origin_form(request_.target, method, fault);
  if (const auto fragment = path.find('#'); fragment != std::string_view::npos) path = path.substr(0, fragment);
  const auto mark = path.find('?');
  request_.path = path.substr(0, mark);
  if (request_.path.empty()) request_.path = "/";
  request_.query_text = mark == std::string_view::npos ? std::string_view() : path.substr(mark + 1);
}

void RequestParser::on_field_impl(boost::beast::http::field field, text name, text value, error_code& fault) {
  if (head_done_) return;  // a trailer
  if (request_.headers.size() == most_headers) {
    fault = boost::beast::http::error::header_limit;
    return;
  }
  // Known names are found by their number; only the others need their text.
  request_.headers.push_back({field, field == Field::unknown ? keep(name) : std::string_view(), keep(value)});
}

void RequestParser::on_header_impl(error_code& fault) {
  head_done_ = true;
  const auto expected = request_.header(headers::expect);
  wants_continue_ = std::any_of(expected.begin(), expected.end(), is_continue);
  if (request_.has(headers::transfer_encoding))
    fault = coding_fault(request_.header(headers::transfer_encoding), version_, chunked());
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

std::size_t mend_head(std::span<char> waiting, std::size_t from) {
  const auto fresh = waiting.subspan(from);
  // No branch inside, so that the compiler may look at many bytes at once.
  bool suspect = false;
  for (const char c : fresh) suspect |= is_mendable(c);
  if (!suspect) return waiting.size();
  constexpr std::string_view user_agent = "user-agent:";
  for (std::size_t at = 0; at < waiting.size();) {
    const std::string_view rest(waiting.data() + at, waiting.size() - at);
    const auto line = rest.substr(0, rest.find('\n'));
    if (line.empty() || line == "\r") break;  // the head's end
    if (boost::beast::iequals(line.substr(0, user_agent.size()), user_agent))
      std::replace_if(waiting.begin() + static_cast<std::ptrdiff_t>(at),
                      waiting.begin() + static_cast<std::ptrdiff_t>(at + line.size()), is_mendable, no_character);
    at += line.size() + 1;
  }
  return waiting.size();
}

std::size_t skip_empty_lines(std::string_view input, unsigned& left) {
  std::size_t size = 0;
  while (left > 0 && input.substr(size).starts_with("\r\n")) {
    size += 2;
    --left;
  }
  return size;
}

}  // namespace strowger::http
