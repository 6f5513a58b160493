#include "adapters/http/provision/fetch_windows.hpp"

#include <algorithm>
#include <utility>

namespace strowger::http::provision {

FetchWindows::Window* FetchWindows::find(Windows& windows, const Fetch& fetch) {
  const auto same_bytes = [&](const Window& window) {
    return window.status == fetch.status && window.etag == fetch.etag;
  };
  const auto exact = std::find_if(windows.begin(), windows.end(), [&](const Window& window) {
    return same_bytes(window) && window.sizes == fetch.sizes && window.asked == fetch.asked;
  });
  if (exact != windows.end()) return &*exact;
  if (windows.size() < limits_.of_device) return nullptr;
  const auto anybody = std::find_if(windows.begin(), windows.end(),
                                    [&](const Window& window) { return window.asked.empty() && same_bytes(window); });
  return anybody == windows.end() ? nullptr : &*anybody;
}

void FetchWindows::open(Windows& windows, const Fetch& fetch, bool of_anybody, Ticks ends) {
  auto& window = windows.emplace_back();
  window.serial = ++serial_;
  if (!of_anybody) {
    window.asked = fetch.asked;
    window.sizes = fetch.sizes;
  }
  window.etag = fetch.etag;
  window.status = fetch.status;
  window.ends = ends;
  ends_.emplace(ends, fetch.mac, window.serial);
}

void FetchWindows::count(Window& window, const Fetch& fetch, const Describe& describe,
                         const std::function<Uuid()>& new_id) {
  auto& event = window.repeats.event;
  if (event.count == 0) {
    window.repeats.window = new_id();
    event.first_seen = fetch.time;
  }
  // The words of the last one, where they may differ.
  if (event.count == 0 || window.asked.empty()) {
    const auto last = describe();
    event.mac = last.mac;
    event.extension = last.extension;
    event.vendor = last.vendor;
    event.model = last.model;
    event.path = last.path;
    event.etag = last.etag;
    event.size = last.size;
    event.status = last.status;
    event.ip = last.ip;
    event.user_agent = last.user_agent;
    event.tls_identity = last.tls_identity;
  }
  ++event.count;
  event.last_seen = fetch.time;
}

bool FetchWindows::add(const Fetch& fetch, bool matters, Ticks now, Ticks::duration window, const Describe& describe,
                       std::vector<Repeats>& closed) {
  const auto path = fetch.asked.substr(0, fetch.sizes[0]);
  close_if(
      fetch.mac,
      [&](const Window& one) {
        // Of anybody: the path may have been this one.
        const bool another_file = one.etag != fetch.etag && (one.asked.empty() || one.path() == path);
        return matters || window.count() <= 0 || another_file || one.ends <= now;
      },
      closed);
  if (window.count() <= 0) return true;
  auto& windows = devices_[fetch.mac];
  if (auto* found = find(windows, fetch)) {
    count(*found, fetch, describe, new_id_);
    changed_.emplace(fetch.mac, found->serial);
    return false;
  }
  if (ends_.size() < limits_.of_all) open(windows, fetch, windows.size() >= limits_.of_device, now + window);
  if (windows.empty()) devices_.erase(fetch.mac);
  return true;
}

template <class Which>
void FetchWindows::close_if(const MacAddress& mac, Which which, std::vector<Repeats>& closed) {
  const auto found = devices_.find(mac);
  if (found == devices_.end()) return;
  auto& windows = found->second;
  std::erase_if(windows, [&](Window& window) {
    if (!which(window)) return false;
    ends_.erase({window.ends, mac, window.serial});
    changed_.erase({mac, window.serial});
    if (window.repeats.event.count > 0) closed.push_back(std::move(window.repeats));
    return true;
  });
  if (windows.empty()) devices_.erase(found);
}

void FetchWindows::close(Ticks now, std::vector<Repeats>& closed) {
  while (!ends_.empty() && std::get<Ticks>(*ends_.begin()) <= now) {
    const auto mac = std::get<MacAddress>(*ends_.begin());
    close_if(mac, [&](const Window& window) { return window.ends <= now; }, closed);
  }
}

std::optional<FetchWindows::Ticks> FetchWindows::next_end() const {
  if (ends_.empty()) return std::nullopt;
  return std::get<Ticks>(*ends_.begin());
}

void FetchWindows::take_changed(std::vector<Repeats>& changed) {
  for (const auto& [mac, serial] : std::exchange(changed_, {})) {
    const auto& windows = devices_.at(mac);
    const auto window =
        std::find_if(windows.begin(), windows.end(), [&, at = serial](const Window& one) { return one.serial == at; });
    changed.push_back(window->repeats);
  }
}

}  // namespace strowger::http::provision
