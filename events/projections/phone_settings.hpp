// What phones are set to now, level by level, and since which event.
#pragma once

#include "events/projections/devices.hpp"
#include "events/projections/table.hpp"

#include <array>
#include <atomic>

namespace strowger {

// The event that set it.
struct SettingOrigin {
  Position position{};
  Timestamp time{};
  std::string by;
  Uuid event;
  Uuid correlation;
};
BOOST_DESCRIBE_STRUCT(SettingOrigin, (), (position, time, by, event, correlation))

struct StoredSetting {
  std::string value;
  SealedSecret secret;          // in place of the value, of a setting that is one
  std::optional<PhoneKey> key;  // in place of the value, of keys.<number>
  SettingOrigin origin;
};
BOOST_DESCRIBE_STRUCT(StoredSetting, (), (value, secret, key, origin))

// One level, as all its events made it. The present (the projection) and the past (actors/provisioning/past) are folded
// by the same apply().
struct PhoneSettingsRow {
  SettingsLevel level = SettingsLevel::global;
  std::string name;
  std::map<std::string, StoredSetting> settings;  // by name; keys as keys.<number>
  Timestamp updated_at{};
  StreamVersion version{};  // of the last event: its ETag

  void apply(const PhoneSettingsChanged& event, const Envelope& envelope);
};
BOOST_DESCRIBE_STRUCT(PhoneSettingsRow, (), (level, name, settings, updated_at, version))

StreamId phone_settings_stream(SettingsLevel level, std::string_view name);
inline constexpr std::string_view phone_settings_category = "phone_settings";
inline constexpr std::size_t settings_levels = 5;

// What a device inherits, from the most general level to its own; null where nothing is set. The same device has the
// same rows for as long as nothing that it inherits changed.
using SettingsLayers = std::array<std::shared_ptr<const PhoneSettingsRow>, settings_levels>;

// The streams of these rows. A device without a site has none for that level.
std::array<std::optional<StreamId>, settings_levels> layers_of(const MacAddress& mac, std::string_view vendor,
                                                               std::string_view model, std::string_view site);

class PhoneSettingsProjection : public Projection {
 public:
  using RowPtr = std::shared_ptr<const PhoneSettingsRow>;

  RowPtr find(SettingsLevel level, const std::string& name) const;
  std::vector<RowPtr> list() const;  // by level and name, all but those of devices
  // Those of any level, devices too, in which a setting has this value. O(rows).
  std::vector<RowPtr> with(const std::string& setting, const std::string& value) const;
  SettingsLayers layers(const DeviceDefinition& device) const;
  // Rises with every change of any level: while it stands, so do all layers.
  std::uint64_t changes() const { return changes_.load(std::memory_order_acquire); }

  std::string_view name() const override { return "phone_settings"; }
  std::uint32_t schema() const override { return 1; }
  void flush(RowBatch& batch) override;
  Result<void> load(std::string_view key, std::string_view row) override;
  std::unique_ptr<Projection> blank() const override { return std::make_unique<PhoneSettingsProjection>(); }
  void adopt(Projection& rebuilt) override;
  void dump(RowBatch& all) const override;

 private:
  void fold(const Envelope& envelope) override;

  Table<std::string, PhoneSettingsRow> rows_{""};  // by the key of the stream
  std::atomic<std::uint64_t> changes_{0};
};

}  // namespace strowger
