// That the table of what reaches which file says what rendering shows, and that each change of it is seen.
#include "actors/provisioning/coverage.hpp"

#include "tests/support/catch.hpp"
#include "tests/unit/provisioning/fixture.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>

using namespace strowger;
using namespace strowger::provisioning;
using namespace strowger::provisioning::test;

namespace {

const Renderer& built_in() {
  static const auto made = renderer();
  return *made;
}

// Values of which at least one differs from what any vendor's file says where nothing is set.
std::vector<std::string> values_of(const SettingType& type) {
  std::vector<std::string> out;
  for (const auto& choice : type.choices) out.emplace_back(choice);
  switch (type.kind) {
    case SettingKind::choice:
    case SettingKind::codecs:
      return out;
    case SettingKind::timezone:
      return {"Europe/Berlin", "America/New_York", "Asia/Kolkata"};
    case SettingKind::url:
      out.insert(out.end(), {"http://files.example.com/a", "https://files.example.com/b"});
      return out;
    case SettingKind::number:
      return {std::to_string(type.least), std::to_string(type.least + 1), std::to_string(type.most)};
    case SettingKind::dial_plan:
      return {"112!,.", "*8!,[2-4]xx!,0."};
    case SettingKind::dial:
      return {"*97", "*98"};
    default:
      return {"one.example.com", "two.example.com"};
  }
}

DeviceValues with_everything(DeviceValues values) {
  for (const auto& type : setting_types()) values.phone.set.emplace(type.name, values_of(type).back());
  return values;
}

// The one with the most keys.
std::string model_of(const FamilyCoverage& family) {
  const auto keys = [&](const std::string& model) {
    return VendorCatalog::find_model(*catalog().find_vendor(family.vendor), model)->keys.value_or(0);
  };
  return *std::ranges::max_element(family.models, {}, keys);
}

std::string file_of(const FamilyCoverage& family, const DeviceValues& values) {
  return built_in().render(family.vendor, model_of(family), values).value().bytes;
}

// Whether a value of the setting shows: beside nothing else, or beside all others.
bool shows(const FamilyCoverage& family, const SettingType& type) {
  auto bare = device({family.vendor, model_of(family), "001565123456"});
  bare.phone.keys = {{1, {"blf", "1003", "Cleo", 1, ""}},
                     {2, {"group_pickup", "", "Group", 1, ""}}};  // what codes are for
  for (auto values : {bare, with_everything(bare)}) {
    values.phone.set.erase(std::string(type.name));
    const auto without = file_of(family, values);
    for (const auto& value : values_of(type)) {
      values.phone.set[std::string(type.name)] = value;
      if (file_of(family, values) != without) return true;
    }
  }
  return false;
}

std::vector<std::string> lines_of(std::istream& text) {
  std::vector<std::string> out;
  for (std::string line; std::getline(text, line);) out.push_back(line);
  return out;
}

// A line for each item of each family, so that a change is one line.
std::vector<std::string> table() {
  std::vector<std::string> out;
  for (const auto& family : built_in().families())
    for (const auto& item : coverage_items())
      out.push_back(family.template_name + " " + item + (family.coverage->reaches(item) ? " yes" : " no"));
  std::ranges::sort(out);
  return out;
}

std::shared_ptr<const Renderer> with_own(const std::string& text) {
  return renderer({{"yealink_t46s.template", text}});
}

}  // namespace

TEST_CASE("the table says what rendering shows, for every setting and family") {
  for (const auto& family : built_in().families())
    for (const auto& type : setting_types()) {
      INFO(family.template_name << " of " << model_of(family) << ", " << type.name);
      CHECK(shows(family, type) == family.coverage->reaches(type.name));
    }
}

TEST_CASE("the table of what reaches which file is the one of the golden copy") {
  const auto path = std::string(STROWGER_GOLDEN) + "/../coverage.txt";
  const auto now = table();
  if (std::getenv("STROWGER_WRITE_GOLDEN") != nullptr) {
    std::ofstream file(path);
    for (const auto& line : now) file << line << '\n';
  }
  std::ifstream file(path);
  REQUIRE(file.is_open());
  const auto golden = lines_of(file);
  std::vector<std::string> gone;
  std::vector<std::string> fresh;
  std::ranges::set_difference(golden, now, std::back_inserter(gone));
  std::ranges::set_difference(now, golden, std::back_inserter(fresh));
  std::string difference;
  for (const auto& line : gone) difference += "- " + line + "\n";
  for (const auto& line : fresh) difference += "+ " + line + "\n";
  INFO("STROWGER_WRITE_GOLDEN=1 writes the copy anew. What changed:\n" << difference);
  CHECK(difference.empty());
}

TEST_CASE("an own template counts by what it names, in values and in sections") {
  const auto own = with_own(
      "#!version:1.0.0.1\n{{#LANGUAGE}}\nfixed = 1\n{{/LANGUAGE}}\n{{^VLAN_ID}}\nno = 1\n"
      "{{/VLAN_ID}}\nzone = {{DST_START_MONTH}}\ncodec = {{CODEC_1}}\n");
  const auto covered = own->coverage("yealink", "t46s");
  REQUIRE(covered.coverage != nullptr);
  CHECK(covered.template_name == "yealink_t46s.template");
  for (const auto* item : {"language", "vlan_id", "timezone", "codecs"}) CHECK(covered.coverage->reaches(item));
  for (const auto* item : {"ntp_server", "keys", "lines", "pickup_code"}) CHECK_FALSE(covered.coverage->reaches(item));
  // The other models keep the built-in one.
  CHECK(own->coverage("yealink", "t48s").coverage->reaches("ntp_server"));
  const auto all = own->families();
  const auto found = std::ranges::find(all, "yealink_t46s.template", &FamilyCoverage::template_name);
  REQUIRE(found != all.end());
  CHECK(found->custom);
  CHECK(found->models == std::vector<std::string>{"t46s"});
  CHECK(own->coverage("yealink", "no such").coverage == nullptr);
}

TEST_CASE("a placeholder that is made from two settings is of both, and one without words is of none") {
  const std::vector<std::string> names{"DIAL_PLAN_TIMEOUTS", "KEYS", "KEY_PICKUP", "REGISTER_EXPIRES_MINUTES"};
  const Coverage cisco(names, *catalog().find_vendor("cisco")->values);
  for (const auto* item : {"dial_plan", "dial_timeout", "keys", "keys.pickup", "pickup_code", "register_expires"})
    CHECK(cisco.reaches(item));
  const Coverage wordless(names, *VendorValues::none());
  for (const auto* item : {"dial_plan", "dial_timeout", "keys", "keys.pickup", "pickup_code"})
    CHECK_FALSE(wordless.reaches(item));
  CHECK(wordless.reaches("register_expires"));
}

TEST_CASE("what only the server reads is no part of the table") {
  CHECK_FALSE(is_for_files("firmware_version"));
  CHECK(std::ranges::find(coverage_items(), "firmware_version") == coverage_items().end());
  CHECK(std::ranges::find(coverage_items(), "keys.pickup") != coverage_items().end());
}

TEST_CASE("the built-in template of every model can be put in force again, also one with partials") {
  for (const auto* name : {"t46s", "8841", "vvx450", "6920"}) {
    for (const auto& vendor : catalog().vendors()) {
      const auto* model = VendorCatalog::find_model(vendor, name);
      if (model == nullptr) continue;
      INFO(vendor.vendor << " " << name);
      const auto again = built_in().with(vendor, *model, std::nullopt);
      REQUIRE(again);
      CHECK((*again)->find(vendor.vendor, model->model)->text == built_in().find(vendor.vendor, model->model)->text);
    }
  }
}
