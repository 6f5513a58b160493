// Parses one request into a Request (Beast's grammar: RFC 9112, smuggling refused). The head is copied into one
// reused text, so that the network buffer may move on and a kept-alive connection allocates nothing.
#pragma once

#include "adapters/http/message.hpp"

#include <string>

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

  int version() const { return version_; }  // 10 or 11
  bool wants_continue() const { return wants_continue_; }
  bool has_unknown_expectation() const { return unknown_expectation_; }
  bool has_host() const { return hosts_ == 1; }
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
  bool unknown_expectation_ = false;
  int version_ = 11;
  unsigned hosts_ = 0;
};

}  // namespace strowger::http
