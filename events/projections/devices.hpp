// The devices as they are now, what each was last served, and how its last reboot goes.
#pragma once

#include "events/projections/table.hpp"

#include <set>

namespace strowger {

// What was registered. A new value whenever it changes, and only then.
struct DeviceDefinition {
  MacAddress mac;
  ExtensionNumber extension;
  std::string vendor;
  std::string model;
  Timestamp created_at;
  Timestamp updated_at;
  StreamVersion version{};          // of the last event that defined it: its ETag
  std::string site{};               // whose settings it inherits; empty: none
  std::vector<DeviceLine> lines{};  // those after the first, and the first where it has a label
};
BOOST_DESCRIBE_STRUCT(DeviceDefinition, (),
                      (mac, extension, vendor, model, created_at, updated_at, version, site, lines))
using DefinitionPtr = std::shared_ptr<const DeviceDefinition>;

enum class RebootStage : std::uint8_t { requested, accepted, refused, unanswered };
BOOST_DESCRIBE_ENUM(RebootStage, requested, accepted, refused, unanswered)

struct RebootProgress {
  Uuid reboot;
  RebootVerb verb = RebootVerb::reboot;
  RebootReason reason = RebootReason::manual;
  RebootStage stage = RebootStage::requested;
  std::uint16_t status = 0;  // of the phone's answer
  std::string detail;        // the refusal's phrase, or why there was no answer
  Timestamp requested_at;
  std::optional<Timestamp> fetched_at;  // the first fetch after it: the phone did come back
  Uuid request;                         // the RebootRequested event
  Uuid correlation;
};
BOOST_DESCRIBE_STRUCT(RebootProgress, (),
                      (reboot, verb, reason, stage, status, detail, requested_at, fetched_at, request, correlation))

// What happened around the device.
struct DeviceActivity {
  std::optional<Timestamp> last_provisioned;
  std::string last_etag;
  std::string last_ip;
  std::string last_user_agent;
  std::uint64_t fetches = 0;
  std::optional<RebootProgress> reboot;
};
BOOST_DESCRIBE_STRUCT(DeviceActivity, (), (last_provisioned, last_etag, last_ip, last_user_agent, fetches, reboot))

struct DeviceRow {
  DefinitionPtr definition;
  DeviceActivity activity;
};

class DevicesProjection : public Projection {
 public:
  std::optional<DeviceRow> find(const MacAddress& mac) const;
  std::vector<DeviceRow> list(const std::optional<MacAddress>& after, std::size_t max) const;  // by MAC
  // On any of its lines.
  std::vector<MacAddress> on_extension(const ExtensionNumber& extension) const;
  std::vector<MacAddress> macs() const;
  std::size_t size() const;

  // For the hot path: the definition, and what a fetch now belongs to (nil where no reboot waits for one).
  struct Serving {
    DefinitionPtr definition;
    Uuid correlation;
    Uuid causation;
  };
  Serving find_for_serving(const MacAddress& mac) const;

  std::string_view name() const override { return "devices"; }
  std::uint32_t schema() const override { return 2; }
  void flush(RowBatch& batch) override;
  Result<void> load(std::string_view key, std::string_view row) override;
  std::unique_ptr<Projection> blank() const override { return std::make_unique<DevicesProjection>(); }
  void adopt(Projection& rebuilt) override;
  void dump(RowBatch& all) const override;

 private:
  void fold(const Envelope& envelope) override;
  struct Stored {
    DeviceDefinition definition;
    DeviceActivity activity;
    BOOST_DESCRIBE_CLASS(Stored, (), (definition, activity), (), ())
  };
  static std::string stored(const DeviceRow& row);
  void define(DeviceDefinition definition);
  template <class Change>
  void redefine(const MacAddress& mac, const Envelope& envelope, Change change);
  void index(const DeviceDefinition& definition);
  void forget(const DeviceDefinition& definition);
  void answered(const MacAddress& mac, const Uuid& reboot, RebootStage stage, std::uint16_t status,
                const std::string& detail);

  Rows<MacAddress, DeviceRow> rows_;
  std::set<std::pair<ExtensionNumber, MacAddress>> by_extension_;
};

}  // namespace strowger
