#include "adapters/http/reply_head.hpp"

#include "adapters/http/prepared.hpp"

namespace strowger::http {

std::string_view lay_out(std::string& head, const Response& reply, const ReplyContext& context) {
  head.clear();
  std::string_view body;
  if (reply.prepared) {
    body = std::string_view(reply.prepared->bytes).substr(reply.prepared->head);
  } else {
    body = reply.body;
    head += "HTTP/1.1 ";
    head += std::to_string(reply.status);
    head += ' ';
    head += reason_phrase(reply.status);
    head += "\r\n";
    if (reply.status != 204 && reply.status != 304) {
      head += "Content-Type: ";
      head += reply.content_type;
      if (reply.stream_size) {
        head += "\r\nContent-Length: " + std::to_string(*reply.stream_size);
      } else if (reply.stream) {
        if (context.version == 11) head += "\r\nTransfer-Encoding: chunked";
      } else {
        head += "\r\nContent-Length: ";
        head += std::to_string(body.size());
      }
      head += "\r\n";
    } else {
      body = {};
    }
    for (const auto& [name, value] : reply.headers) {
      head += name;
      head += ": ";
      head += value;
      head += "\r\n";
    }
    head += "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n";
  }
  head += context.date;
  if (!context.keep_open)
    head += "Connection: close\r\n";
  else if (context.version == 10 && context.asked_to_keep)
    head += "Connection: keep-alive\r\n";
  head += "\r\n";
  if (context.method == Method::head) body = {};
  return body;
}

}  // namespace strowger::http
