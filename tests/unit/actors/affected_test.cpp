// Whose files an event may have changed.
#include "actors/convergence/affected.hpp"

#include "events/event.hpp"
#include "tests/support/catch.hpp"

using namespace strowger;
using convergence::Affected;

TEST_CASE("an event concerns a device, an extension's, a model's or all") {
  struct Row {
    std::string stream;
    std::string_view type;
    std::optional<Affected::Whose> whose;
    std::string key;
  };
  using enum Affected::Whose;
  const std::vector<Row> rows{
      {"device/001565000001", DeviceChanged::type, device, "001565000001"},
      {"device/001565000001", RebootRequested::type, std::nullopt, ""},
      {"device-activity/001565000001", ConfigServed::type, std::nullopt, ""},
      {"extension/1001", ExtensionChanged::type, extension, "1001"},
      {"extension/1001", PhoneRegistered::type, std::nullopt, ""},
      {"template/yealink_t46s", TemplatePublished::type, model, "yealink_t46s"},
      {"template/odd", TemplatePublished::type, all, ""},
      {"phone_settings/global", PhoneSettingsChanged::type, all, ""},
      {"phone_settings/site_hq", PhoneSettingsChanged::type, all, ""},
      {"phone_settings/vendor_yealink", PhoneSettingsChanged::type, all, ""},
      {"phone_settings/model_yealink_t46s", PhoneSettingsChanged::type, model, "yealink_t46s"},
      {"phone_settings/device_001565000001", PhoneSettingsChanged::type, device, "001565000001"},
      {"system/settings", SettingsApplied::type, all, ""},
  };
  for (const auto& row : rows) {
    INFO(row.stream << " " << row.type);
    Record record;
    record.stream = StreamId::parse(row.stream).value();
    record.type = row.type;
    const auto affected = convergence::affected_by(record);
    REQUIRE(affected.has_value() == row.whose.has_value());
    if (!affected) continue;
    CHECK(affected->whose == *row.whose);
    if (*row.whose != all) CHECK(affected->key == row.key);
  }
}
