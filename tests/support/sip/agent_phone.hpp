// A phone made of sofia-sip's own user agent layer, on a thread of its own: it registers nothing, it answers NOTIFYs
// as told and remembers what they held.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace strowger::test {

struct SeenNotify {
  std::string request_uri, event, subscription_state, from, to, call_id, contact, max_forwards, via, authorization,
      route, user_agent, body, content_type;
  std::uint32_t cseq = 0;
};

class AgentPhone {
 public:
  // What to say to the n-th NOTIFY (from 0): a status, 0 for nothing at all, 401 for a challenge of `realm`.
  using Script = std::function<int(std::size_t nth, const SeenNotify& notify)>;

  explicit AgentPhone(Script script);
  ~AgentPhone();

  std::uint16_t port() const;
  std::vector<SeenNotify> seen() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace strowger::test
