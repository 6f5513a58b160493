// The campaigns and how far each has come: its devices' outcomes are folded from the devices' own events, which name
// the campaign.
#pragma once

#include "events/json.hpp"
#include "events/projection.hpp"

#include <deque>
#include <map>
#include <set>
#include <unordered_map>

namespace strowger {

enum class CampaignState : std::uint8_t { running, paused, completed, cancelled, aborted };
BOOST_DESCRIBE_ENUM(CampaignState, running, paused, completed, cancelled, aborted)

// waiting: for its turn · told: its fetch is waited for · and the outcomes.
enum class CampaignStage : std::uint8_t { waiting, told, converged, failed, skipped };
BOOST_DESCRIBE_ENUM(CampaignStage, waiting, told, converged, failed, skipped)

struct CampaignDevice {
  MacAddress mac;
  CampaignStage stage = CampaignStage::waiting;
  Timestamp at;  // since it is so
  std::string detail;
};
BOOST_DESCRIBE_STRUCT(CampaignDevice, (), (mac, stage, at, detail))

struct CampaignCounts {
  std::uint32_t total = 0;
  std::uint32_t waiting = 0;
  std::uint32_t told = 0;
  std::uint32_t converged = 0;
  std::uint32_t failed = 0;
  std::uint32_t skipped = 0;
  std::uint32_t finished() const { return converged + failed + skipped; }
};
BOOST_DESCRIBE_STRUCT(CampaignCounts, (), (total, waiting, told, converged, failed, skipped))

struct CampaignRow {
  Uuid id;
  std::string name;
  std::string selection;
  RebootVerb verb = RebootVerb::reboot;
  bool only_stale = false;
  CampaignPace pace;
  CampaignState state = CampaignState::running;
  std::string reason;  // of an abortion
  CampaignCounts counts;
  std::string by;
  Timestamp started_at;
  std::optional<Timestamp> ended_at;
  Uuid event;  // CampaignStarted
  bool over() const { return state != CampaignState::running && state != CampaignState::paused; }
};
BOOST_DESCRIBE_STRUCT(CampaignRow, (),
                      (id, name, selection, verb, only_stale, pace, state, reason, counts, by, started_at, ended_at,
                       event))

class CampaignsProjection : public Projection {
 public:
  std::optional<CampaignRow> find(const Uuid& id) const;
  std::vector<CampaignRow> newest(std::size_t max) const;
  std::vector<CampaignRow> under_way() const;  // running and paused, oldest first
  // In the order in which they are told, at most `max` from the first that is in this stage.
  std::vector<CampaignDevice> devices(const Uuid& id, std::optional<CampaignStage> stage, std::size_t max) const;

  std::optional<CampaignStage> stage(const Uuid& id, const MacAddress& mac) const;

  std::string_view name() const override { return "campaigns"; }
  std::uint32_t schema() const override { return 1; }
  void flush(RowBatch& batch) override;
  Result<void> load(std::string_view key, std::string_view row) override;
  std::unique_ptr<Projection> blank() const override { return std::make_unique<CampaignsProjection>(); }
  void adopt(Projection& rebuilt) override;
  void dump(RowBatch& all) const override;

 private:
  struct Entry {
    CampaignRow row;
    std::vector<CampaignDevice> devices;
    std::unordered_map<MacAddress, std::size_t> places;
    bool changed = false;
    std::set<std::size_t> changed_devices;
  };
  using Entries = std::map<Uuid, Entry>;

  void fold(const Envelope& envelope) override;
  Entry* find_entry(const Uuid& id);
  void move(const Uuid& id, const MacAddress& mac, CampaignStage stage, Timestamp at, const std::string& detail);
  void end(const Uuid& id, CampaignState state, Timestamp at, std::string reason = {});
  void forget_oldest();

  Entries entries_;
  std::vector<std::string> erased_;  // rows
};

}  // namespace strowger
