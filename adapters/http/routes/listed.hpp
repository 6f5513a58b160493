// Lists in pages whose cursor is the key of the last item of the page before.
#pragma once

#include "adapters/http/routes/context.hpp"

#include <cstddef>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

namespace strowger::http::routes {

// What the lane made of a page.
struct ListedPage {
  std::string body;  // the array
  std::string next;  // the cursor of the next page; empty: that was the last one
  std::size_t shown = 0;
};

// The key that the page goes on behind; none: it is the first. Fails as Key::parse() does.
template <class Key>
Result<std::optional<Key>> cursor_of(const Page& page) {
  if (page.cursor.empty()) return std::optional<Key>();
  auto key = Key::parse(page.cursor);
  if (!key) return key.error();
  return std::optional<Key>(std::move(*key));
}

template <class Key>
struct Listed {
  ListedPage page;
  bool whole = false;  // all items are on this page
};

// Reads the request's page by `read(after, limit, stop)`, which returns a Result<ListedPage> and runs on the lane that
// is for pages of that length. It must not use the request. **Complexity**: that of `read`, which is O(limit).
template <class Key, class Read>
Awaitable<Result<Listed<Key>>> list_page(Context& context, const Request& request, Read read) {
  const auto page = page_of(request);
  if (!page) co_return page.error();
  const auto after = cursor_of<Key>(*page);
  if (!after) co_return after.error();
  const auto work = [read, from = *after, limit = page->limit](std::stop_token stop) -> Result<ListedPage> {
    if (stop.stop_requested()) return stopped();
    return read(from, limit, stop);
  };
  auto found = co_await offloaded(request, lane_of(context, *page), work);
  if (!found) co_return found.error();
  const bool whole = !*after && found->next.empty();
  co_return Listed<Key>{std::move(*found), whole};
}

}  // namespace strowger::http::routes
