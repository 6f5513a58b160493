#include "actors/history/day_summary.hpp"

#include "events/overloaded.hpp"
#include "events/projections/requests.hpp"

#include <algorithm>
#include <vector>

namespace strowger::history {
namespace {

// The largest stay by themselves, the rest becomes a sum.
void keep_largest(std::map<std::string, std::uint64_t>& all, std::size_t most,
                  std::map<std::string, std::uint64_t>& kept, std::uint64_t& rest) {
  std::vector<std::pair<std::string, std::uint64_t>> sorted(all.begin(), all.end());
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    if (i < most)
      kept.insert(sorted[i]);
    else
      rest += sorted[i].second;
  }
  all.clear();
}

std::string mac_of(const std::optional<MacAddress>& mac, const std::string& code) {
  return mac && code == "unknown_mac" ? mac->text() : std::string();
}

}  // namespace

void DaySummary::refused(Folded& marker, const std::string& code, std::uint64_t count, const std::string& mac) {
  marker.requests += count;
  if (code != "probe") marker.failed += count;
  summary_.refused[code] += count;
  if (!mac.empty()) unknown_macs_[mac] += count;
}

void DaySummary::failed_login(const std::string& account, std::uint64_t count) {
  (account.empty() ? summary_.other_failed_logins : failed_logins_[account]) += count;
}

Folded DaySummary::add(const Envelope& envelope) {
  Folded marker;
  marker.was = type_of(envelope.event);
  const auto position = number(envelope.position);
  if (summary_.records++ == 0) {
    summary_.day = to_iso8601(envelope.time).substr(0, 10);
    summary_.first = position;
  }
  summary_.last = position;
  ++summary_.types[marker.was];
  const auto served = [&](const auto& e, std::uint64_t count, Timestamp last) {
    marker.requests = marker.successful = count;
    auto& device = served_[e.mac];
    device.mac = e.mac;
    device.fetches += count;
    if (e.status == 304)
      device.not_modified += count;
    else
      device.bytes += count * e.size;
    if (device.last_served > last) return;
    device.last_etag = e.etag;
    device.last_ip = e.ip;
    device.last_served = last;
  };
  std::visit(
      Overloaded{
          [&](const ConfigServed& e) { served(e, 1, envelope.time); },
          [&](const ConfigServedRepeated& e) { served(e, e.count, e.last_seen); },
          [&](const ConfigRefused& e) { refused(marker, e.code, 1, mac_of(e.normalized_mac, e.code)); },
          [&](const ConfigRefusedRepeated& e) { refused(marker, e.code, e.count, mac_of(e.normalized_mac, e.code)); },
          [&](const OthersRefused& e) {
            for (const auto& [code, count] : e.codes) {
              refused(marker, code, count, {});
              if (code == "unknown_mac") summary_.other_unknown += count;
            }
            marker.requests = e.count;
            marker.failed = failures_in(e);
          },
          [&](const LoginFailed& e) { failed_login(e.name, 1); },
          [&](const LoginFailedRepeated& e) { failed_login(e.name, e.count); },
          [&](const OtherLoginsFailed& e) { summary_.other_failed_logins += e.count; },
          [](const auto&) {},
      },
      envelope.event);
  return marker;
}

DaySummarized DaySummary::take() {
  for (auto& [mac, device] : served_) summary_.served.push_back(std::move(device));
  served_.clear();
  keep_largest(unknown_macs_, most_names, summary_.unknown_macs, summary_.other_unknown);
  keep_largest(failed_logins_, most_names, summary_.failed_logins, summary_.other_failed_logins);
  return std::exchange(summary_, {});
}

}  // namespace strowger::history
