// How many uploads may be under way: in all, of one source and of one device. Each holds its file in memory and may
// take as long as a body may, so a few slow ones must not keep out everybody else's.
//
// Any thread; O(log n); bounded by the number of seats.
#pragma once

#include "events/ids.hpp"

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace strowger::http::provision {

class UploadSeats {
 public:
  struct Limits {
    unsigned all = 32;
    unsigned of_source = 4;  // an IPv4 address or an IPv6 /64
    unsigned of_device = 2;
  };
  class Seat {
   public:
    Seat(Seat&& other) noexcept;
    Seat& operator=(Seat&&) = delete;
    ~Seat();

   private:
    friend class UploadSeats;
    Seat(UploadSeats& seats, std::string source, MacAddress device);
    UploadSeats* seats_;
    std::string source_;
    MacAddress device_;
  };

  explicit UploadSeats(Limits limits) : limits_(limits) {}

  // None: there is none left. `full` then says of what: "from this address", …
  std::optional<Seat> take(std::string source, const MacAddress& device, std::string_view& full);

 private:
  void leave(const Seat& seat);

  const Limits limits_;
  std::mutex mutex_;
  unsigned taken_ = 0;
  std::map<std::string, unsigned> of_source_;
  std::map<MacAddress, unsigned> of_device_;
};

}  // namespace strowger::http::provision
