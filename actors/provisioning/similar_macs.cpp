#include "actors/provisioning/similar_macs.hpp"

#include <algorithm>
#include <array>
#include <tuple>

namespace strowger::provisioning {
namespace {

constexpr std::size_t kNearSameMaker = 3;
constexpr std::size_t kNearElsewhere = 2;

// Myers' bit-parallel Levenshtein ("A fast bit-vector algorithm for approximate string matching", 1999): the column of
// the matrix is two words of a bit a digit, and each digit of the other address moves it by one.
template <unsigned Digits>
class Distance {
 public:
  explicit Distance(std::uint64_t wanted) {
    for (unsigned i = 0; i < Digits; ++i) places_.at(digit(wanted, i)) |= 1U << i;
  }

  std::size_t to(std::uint64_t other) const {
    constexpr std::uint32_t last = 1U << (Digits - 1);
    std::uint32_t up = (1U << Digits) - 1;
    std::uint32_t down = 0;
    std::size_t distance = Digits;
    for (unsigned i = 0; i < Digits; ++i) {
      const std::uint32_t equal = places_[digit(other, i)];
      const std::uint32_t diagonal = (((equal & up) + up) ^ up) | equal | down;
      const std::uint32_t right_up = (down | ~(diagonal | up));
      const std::uint32_t right_down = up & diagonal;
      distance += (right_up & last) != 0 ? 1U : 0U;
      distance -= (right_down & last) != 0 ? 1U : 0U;
      const std::uint32_t shifted = right_up << 1 | 1U;
      up = right_down << 1 | ~(diagonal | shifted);
      down = shifted & diagonal;
    }
    return distance;
  }

 private:
  static unsigned digit(std::uint64_t bits, unsigned index) {
    return static_cast<unsigned>(bits >> (4 * (Digits - 1 - index)) & 15U);
  }
  std::array<std::uint32_t, 16> places_{};
};

constexpr unsigned kAll = 12;
constexpr unsigned kSerial = 6;  // what follows the maker's prefix; equal beginnings add nothing to the distance

}  // namespace

std::size_t mac_distance(MacAddress a, MacAddress b) {
  return Distance<kAll>(a.bits()).to(b.bits());
}

std::vector<SimilarMac> similar_macs(MacAddress wanted, std::span<const MacAddress> registered, std::size_t limit) {
  const Distance<kAll> whole(wanted.bits());
  const Distance<kSerial> serial(wanted.bits());
  const auto better = [](const SimilarMac& a, const SimilarMac& b) {
    return std::tuple(!a.same_oui, a.distance, a.mac) < std::tuple(!b.same_oui, b.distance, b.mac);
  };
  std::vector<SimilarMac> best;  // ordered, at most `limit`
  for (const auto& mac : registered) {
    if (mac == wanted || limit == 0) continue;
    const bool same_oui = mac.oui() == wanted.oui();
    const SimilarMac found{mac, same_oui ? serial.to(mac.bits()) : whole.to(mac.bits()), same_oui};
    if (found.distance > (same_oui ? kNearSameMaker : kNearElsewhere)) continue;
    if (best.size() == limit && !better(found, best.back())) continue;
    if (best.size() == limit) best.pop_back();
    best.insert(std::upper_bound(best.begin(), best.end(), found, better), found);
  }
  return best;
}

std::string similar_macs_log_line(std::span<const SimilarMac> similar) {
  if (similar.empty()) return "No similar MAC is registered";
  const bool same_maker = similar.front().same_oui;
  std::string out = same_maker ? "Similar MACs found (same vendor): [" : "Similar MACs found (other vendors): [";
  bool first = true;
  for (const auto& one : similar) {
    if (one.same_oui != same_maker) continue;
    if (!first) out += ", ";
    out += "'" + one.mac.text() + "'";
    first = false;
  }
  return out + "]";
}

}  // namespace strowger::provisioning
