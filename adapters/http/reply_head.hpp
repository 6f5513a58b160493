// The first bytes of a reply.
#pragma once

#include "adapters/http/message.hpp"

namespace strowger::http {

struct ReplyContext {
  Method method = Method::get;
  int version = 11;
  bool keep_open = true;
  bool asked_to_keep = false;  // by the request
  std::string_view date;       // a whole line
};

// Lays out in `head` what follows a prepared reply's own head, or the whole head of another. Returns the body to send
// behind it, which lives as long as the reply; for a stream, none.
std::string_view lay_out(std::string& head, const Response& reply, const ReplyContext& context);

}  // namespace strowger::http
