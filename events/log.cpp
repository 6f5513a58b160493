#include "events/log.hpp"

#include <future>

namespace strowger {

Result<Receipt> append_and_wait(EventLog& log, AppendRequest request) {
  auto promise = std::make_shared<std::promise<Result<Receipt>>>();
  auto result = promise->get_future();
  log.append(std::move(request), [promise](Result<Receipt> receipt) { promise->set_value(std::move(receipt)); });
  return result.get();
}

}  // namespace strowger
