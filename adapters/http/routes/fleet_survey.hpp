// What only a look at every device tells: which firmware they run, and whose phone is not what is registered.
//
// A small fleet is looked at for each request: what is said is as of now. A larger one is looked at at most once in
// `fresh_for`, on the lane of scans, and all requests share the answer.
#pragma once

#include "actors/provisioning/firmware_version.hpp"
#include "adapters/http/lanes.hpp"
#include "adapters/http/provision/services.hpp"

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <utility>

namespace strowger::http::routes {

struct DeviceFirmware {
  std::string running;
  std::string wanted;
  std::string url;  // firmware_url
  provisioning::FirmwareState state = provisioning::FirmwareState::not_wanted;
  std::optional<Timestamp> seen;
};
DeviceFirmware firmware_of(const Services& services, const DeviceRow& row);

struct FleetSurvey {
  using States = std::map<provisioning::FirmwareState, std::size_t>;
  struct Model {
    std::size_t devices = 0;
    std::set<std::string> wanted;
    std::map<std::string, std::size_t> running;
    std::size_t silent = 0;
    States states;
  };
  Timestamp at{};
  std::size_t devices = 0;
  std::size_t contradicted = 0;
  States states;
  std::map<std::pair<std::string, std::string>, Model> models;  // by vendor and model

  std::size_t of(provisioning::FirmwareState state) const {
    const auto found = states.find(state);
    return found == states.end() ? 0 : found->second;
  }
};
using FleetSurveyPtr = std::shared_ptr<const FleetSurvey>;

class FleetSurveys {
 public:
  static constexpr std::size_t small_fleet = 500;  // devices
  static constexpr std::chrono::seconds fresh_for{60};

  explicit FleetSurveys(const Services& services) : services_(services) {}

  // O(small_fleet); never waits. Of a larger fleet the last one; null: there is none yet. Has another made on `scans`
  // where that is not fresh. The lane ends before this does.
  FleetSurveyPtr last(Offload& scans);
  // O(devices) where the last is not fresh: on a lane. Error: it was stopped.
  Result<FleetSurveyPtr> fresh(std::stop_token stop);

 private:
  Result<FleetSurveyPtr> make(const std::stop_token& stop) const;
  FleetSurveyPtr kept_if_fresh() const;

  const Services& services_;
  std::mutex making_;  // one at a time: who waits shares it
  mutable std::mutex mutex_;
  FleetSurveyPtr kept_;
  std::chrono::steady_clock::time_point made_at_{};
  std::atomic<bool> asked_for_ = false;
};

}  // namespace strowger::http::routes
