// A template of anybody's own is taken apart or refused; what is taken apart is the file that would be served, and no
// password shows in what is masked. The same bytes as a point in time are read or refused.
#include "actors/provisioning/taken_apart.hpp"

#include "actors/provisioning/config_diff.hpp"
#include "actors/provisioning/point_in_time.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace strowger;
using namespace strowger::provisioning;

namespace {

constexpr std::string_view password = "Xq7PasswordQ9z";

void take(Format format, std::string_view input) {
  const TemplateInForce source{"v", "m", "v_m.template", true, format, "text/plain", "Model", std::string(input)};
  const DeviceValues values{{"192.0.2.1", 5060, "", "PBX <&>"},
                            ExtensionNumber::parse("1001").value(),
                            "A\x01\x02\x03"
                            "1\x04\x05 & <b>\n",
                            std::string(password),
                            MacAddress::from_bits(0x001565123456),
                            "http://192.0.2.1:8080/001565123456.cfg"};
  const auto file = take_apart(source, values);
  if (!file) return;
  FUZZ_CHECK(file->bytes == render_from(source, values)->bytes);
  std::size_t at = 0;
  for (const auto& [begin, end] : file->secret_ranges) {
    FUZZ_CHECK(begin >= at && end > begin && end <= file->bytes.size());
    at = end;
  }
  const LineConditions conditions(source.text);
  for (const auto& key : file->keys) {
    FUZZ_CHECK(key.begin <= key.end && key.end <= file->bytes.size() && key.key_at <= key.begin);
    FUZZ_CHECK(key.template_line > 0);
    static_cast<void>(conditions.of(key.template_line));
  }
  FUZZ_CHECK(file->masked().find(password) == std::string::npos || input.find(password) != std::string_view::npos);
  FUZZ_CHECK(key_changes(*file, *file)->empty());
  FUZZ_CHECK(line_changes(file->bytes, file->bytes)->empty());
}

}  // namespace

void fuzz(std::string_view input) {
  for (const auto format : {Format::text, Format::xml, Format::colon, Format::set}) take(format, input);
  const auto point = parse_point_in_time(input);
  FUZZ_CHECK(!point || !(point->position && point->until));
}
