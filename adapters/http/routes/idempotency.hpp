// Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): a client that got no answer asks again with the same
// key, and is given the first answer: status, body, ETag and Location as they were, also after a restart.
//
// A key belongs to who asks. It is spent by the first request that is carried out; one that is refused changes nothing
// and spends nothing. The answer is kept with the receipt of the log (AppendRequest::receipt_note) for
// api.idempotency_window, and only then is it given. Where the server ends between the change and that, the receipt of
// the change itself (ask_meta) still keeps it from being made twice, and the answer is told from what is there now; so
// is an answer larger than 1 MiB, which is not kept.
//
// Errors: 422 `idempotency_key_reused` where the key was spent on a request with another method, target or body; 409
// `idempotency_key_in_use` while the first is under way.
//
// Answers lie in the log's folder as they were given. One with a token in a URL is not kept; a route whose answer
// holds any other secret must not take a key.
#pragma once

#include "adapters/http/router.hpp"
#include "events/log.hpp"

#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>

namespace strowger::http {
class Offload;
}

namespace strowger::http::routes {

class Idempotency : public std::enable_shared_from_this<Idempotency> {
 public:
  // Both outlive the routes. `reads` is the lane that looks for receipts.
  Idempotency(EventLog& log, Offload& reads) : log_(log), reads_(reads) {}

  // Wraps the handler of a route that takes the header. Requests without it pass as before.
  void guard(Route& route);

 private:
  struct Claim;
  Awaitable<Result<Response>> answer(const AsyncHandler& handler, const Request& request);

  EventLog& log_;
  Offload& reads_;
  std::mutex mutex_;
  std::unordered_set<std::string> under_way_;
};

}  // namespace strowger::http::routes
