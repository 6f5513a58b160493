// A reader of Server-Sent Events over a real socket: undoes the chunks, splits the events.
#pragma once

#include "tests/integration/http/client.hpp"
#include "tests/support/catch.hpp"

#include <deque>
#include <optional>

#include <boost/json.hpp>

namespace strowger::http::test {

struct SseEvent {
  std::uint64_t id = 0;
  std::string type;
  std::string data;  // empty: a comment, or an id alone
  std::string comment;
  boost::json::value json() const { return boost::json::parse(data); }
};

class SseClient {
 public:
  SseClient(std::uint16_t port, const std::string& target, const std::string& headers = {}, bool tls = false)
      : client(port) {
    if (tls) REQUIRE(client.start_tls());
    client.send("GET " + target + " HTTP/1.1\r\nHost: test\r\nAccept: text/event-stream\r\n" + headers + "\r\n");
    head = client.read(true);
  }

  // The next event or comment; none where the stream ended. Throws where nothing comes in time.
  std::optional<SseEvent> next() {
    for (;;) {
      if (const auto end = text_.find("\n\n"); end != std::string::npos) {
        const auto block = text_.substr(0, end + 1);
        text_.erase(0, end + 2);
        return parse(block);
      }
      if (ended_cleanly) return std::nullopt;
      const auto chunk = client.read_chunk();
      if (!chunk) return std::nullopt;
      if (chunk->empty()) ended_cleanly = true;
      text_ += *chunk;
    }
  }

  // The next event that is one.
  std::optional<SseEvent> event() {
    for (;;) {
      auto found = next();
      if (!found || !found->data.empty()) return found;
    }
  }

  Client client;
  Reply head;
  bool ended_cleanly = false;

 private:
  static SseEvent parse(std::string_view block) {
    SseEvent event;
    while (!block.empty()) {
      const auto end = block.find('\n');
      const auto line = block.substr(0, end);
      block.remove_prefix(end + 1);
      if (line.starts_with("id: ")) event.id = std::stoull(std::string(line.substr(4)));
      if (line.starts_with("event: ")) event.type = line.substr(7);
      if (line.starts_with("data: ")) event.data = line.substr(6);
      if (line.starts_with(": ")) event.comment = line.substr(2);
    }
    return event;
  }

  std::string text_;
};

}  // namespace strowger::http::test
