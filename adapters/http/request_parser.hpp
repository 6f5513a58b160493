// Parses one request into a Request (Beast's grammar: RFC 9112, smuggling refused). The head is copied into one
// reused text, so that the network buffer may move on and a kept-alive connection allocates nothing.
//
// Beast leaves three rules of RFC 9112 to its user, which are kept here. The target begins with a slash or is an http
// URL (section 3.2; `*` is for OPTIONS). A Transfer-Encoding that is not exactly `chunked`, or that comes with
// HTTP/1.0, makes the body's end uncertain (sections 6.1 and 6.3). Before a request line empty lines are ignored
// (section 2.2): skip_empty_lines(), which the connection calls.
#pragma once

#include "adapters/http/message.hpp"

#include <span>
#include <string>
#include <string_view>

#include <boost/beast/http/basic_parser.hpp>

namespace strowger::http {

// What a connection keeps from request to request.
struct RequestStorage {
  std::string head;  // the parsed texts, one after the other
  std::string body;
};

class RequestParser final : public boost::beast::http::basic_parser<true> {
 public:
  RequestParser(Request& request, RequestStorage& storage, std::size_t head_limit);

  int version() const { return version_; }                 // 10 or 11
  bool wants_continue() const { return wants_continue_; }  // Expect says so in any element
  // Discard what comes, rather than keep it.
  void skip_body() { keep_body_ = false; }

 private:
  using error_code = boost::beast::error_code;
  using text = boost::beast::string_view;

  void on_request_impl(boost::beast::http::verb method, text method_text, text target, int version,
                       error_code& fault) override;
  void on_response_impl(int, text, int, error_code&) override {}
  void on_field_impl(boost::beast::http::field field, text name, text value, error_code& fault) override;
  void on_header_impl(error_code& fault) override;
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code& fault) override;
  std::size_t on_body_impl(text part, error_code& fault) override;
  void on_chunk_header_impl(std::uint64_t, text, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t remain, text part, error_code& fault) override;
  void on_finish_impl(error_code&) override {}

  std::string_view keep(text part);

  Request& request_;
  RequestStorage& storage_;
  bool head_done_ = false;
  bool keep_body_ = true;
  bool wants_continue_ = false;
  int version_ = 11;
};

// Replaces the control characters of a User-Agent's value by a byte that is in no text, in the bytes of a head that
// were received and not parsed; they begin with a line. Avaya's 1200 phones send such bytes. RFC 9110 section 5.5 lets
// a recipient keep them where nothing reads them by their meaning; elsewhere, and CR, LF and NUL anywhere, the parser
// refuses them. `from`: so many of the bytes were looked through before. Returns how many are now.
//
// **Complexity**: O(fresh bytes); where one of them is a control character, O(all that waits).
std::size_t mend_head(std::span<char> waiting, std::size_t from);

// How many bytes at the start of `input` are empty lines to be ignored: at most `left` lines, which is counted down. A
// line whose end has not come yet is not among them.
std::size_t skip_empty_lines(std::string_view input, unsigned& left);
// Some phones end a POST's body with a line that no length counts.
inline constexpr unsigned most_empty_lines = 2;

}  // namespace strowger::http
