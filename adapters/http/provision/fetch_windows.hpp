// Counts fetches of the very same bytes by the same phone: which of them are told at once, and how often the others
// came by the time their window ends. No clock, no thread, no log: facts.hpp has those.
//
// The first fetch of a kind (same file, ETag, status, address, User-Agent and certificate) is told at once and opens a
// window. Those that follow within it are counted, except where
//   - somebody waits for the fetch (`matters`): it is told at once, after what was counted before it;
//   - the file of that path has become another one since: then what was counted of the one before is told too.
// So a fetch that could make a device converge, or that changes what it was last sent, is never held back.
//
// Bounded: `of_device` windows for the kinds of a device, then one for each of its files, whoever asks; `of_all`
// windows of all devices, then each fetch is told.
//
// Threads: one at a time. Complexity: O(of_device) a fetch, O(log windows) a window.
#pragma once

#include "events/types/device.hpp"
#include "events/uuid.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <vector>

namespace strowger::http::provision {

class FetchWindows {
 public:
  using Ticks = std::chrono::steady_clock::time_point;

  struct Limits {
    std::size_t of_device = 8;
    std::size_t of_all = 65'536;
  };
  struct Fetch {
    MacAddress mac;
    std::string_view asked;                // path, address, User-Agent and certificate, one after the other
    std::array<std::uint16_t, 4> sizes{};  // of those
    std::string_view etag;
    std::uint16_t status = 200;
    Timestamp time;
  };
  // What was counted in a window.
  struct Repeats {
    Uuid window;
    ConfigServedRepeated event;
  };
  using Describe = std::function<ConfigServed()>;

  // `new_id` names a window that begins to count.
  explicit FetchWindows(std::function<Uuid()> new_id) : FetchWindows(std::move(new_id), Limits{}) {}
  FetchWindows(std::function<Uuid()> new_id, Limits limits) : new_id_(std::move(new_id)), limits_(limits) {}

  // True: tell it, after what `closed` got. False: it is counted. `describe` is asked for the words of a fetch that is
  // counted.
  bool add(const Fetch& fetch, bool matters, Ticks now, Ticks::duration window, const Describe& describe,
           std::vector<Repeats>& closed);
  // Those whose window has ended by then.
  void close(Ticks now, std::vector<Repeats>& closed);
  std::optional<Ticks> next_end() const;

  // What counted since the last call, so that it can be kept.
  void take_changed(std::vector<Repeats>& changed);

 private:
  struct Window {
    std::uint64_t serial = 0;
    std::string asked;  // empty: of anybody
    std::array<std::uint16_t, 4> sizes{};
    std::string etag;
    std::uint16_t status = 200;
    Ticks ends;
    Repeats repeats;

    std::string_view path() const { return std::string_view(asked).substr(0, sizes[0]); }
  };
  using Windows = std::vector<Window>;

  Window* find(Windows& windows, const Fetch& fetch);
  void open(Windows& windows, const Fetch& fetch, bool of_anybody, Ticks ends);
  static void count(Window& window, const Fetch& fetch, const Describe& describe, const std::function<Uuid()>& new_id);
  template <class Which>
  void close_if(const MacAddress& mac, Which which, std::vector<Repeats>& closed);

  const std::function<Uuid()> new_id_;
  const Limits limits_;
  std::unordered_map<MacAddress, Windows> devices_;
  std::set<std::tuple<Ticks, MacAddress, std::uint64_t>> ends_;
  std::set<std::pair<MacAddress, std::uint64_t>> changed_;
  std::uint64_t serial_ = 0;
};

}  // namespace strowger::http::provision
