// What a phone reads in its file is what was configured: of all models, by a simulator of each vendor's phones that is
// written by the vendors' guides (tests/phones).
#include "tests/phones/expected.hpp"
#include "tests/phones/readers.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/provisioning/fixture.hpp"

#include <algorithm>
#include <set>

using namespace strowger;
using namespace strowger::provisioning;
using namespace strowger::provisioning::test;

namespace {

constexpr int year = 2026;

struct Difference {
  std::string fact;
  std::string configured;
  std::string read;
};

std::string shown(const Difference& one) {
  return one.fact + ": configured '" + one.configured + "', read '" + one.read + "'";
}

std::vector<Difference> differences(const phones::Facts& configured, const phones::Facts& read) {
  std::set<std::string> names;
  for (const auto* facts : {&configured, &read})
    for (const auto& [name, value] : *facts) names.insert(name);
  const auto at = [](const phones::Facts& facts, const std::string& name) {
    const auto found = facts.find(name);
    return found == facts.end() ? std::string() : found->second;
  };
  std::vector<Difference> out;
  for (const auto& name : names)
    if (at(configured, name) != at(read, name)) out.push_back({name, at(configured, name), at(read, name)});
  return out;
}

}  // namespace

TEST_CASE("every model reads in its file what was configured") {
  const auto all = renderer();
  std::size_t models = 0;
  std::map<std::pair<std::string, std::string>, bool> gaps;  // by template and fact: whether it is one still
  for (const auto& vendor : catalog().vendors()) {
    const auto reader = phones::reader_of(vendor.vendor);
    for (const auto& model : vendor.models) {
      CAPTURE(vendor.vendor, model.model);
      ++models;
      const auto values = phones::rich_configuration(vendor, model);
      const auto file = all->render(vendor.vendor, model.model, values);
      REQUIRE(file);
      const phones::PhoneFile source{&vendor, &model, file->bytes};
      const auto known = reader.gaps(source);
      for (const auto& gap : known) gaps.try_emplace({model.template_file, gap.fact}, false);
      const auto configured = facts(phones::expected(values, vendor, model), year);
      std::string wrong;
      for (const auto& one : differences(configured, facts(reader.read(source), year))) {
        bool listed = false;
        for (const auto& gap : known) {
          if (!phones::fits(gap.fact, one.fact)) continue;
          gaps[{model.template_file, gap.fact}] = true;
          listed = true;
        }
        if (!listed) wrong += "\n  " + shown(one);
      }
      CHECK(wrong == "");
    }
  }
  CHECK(models > 380);
  for (const auto& [gap, is_one] : gaps) {
    CAPTURE(gap.first, gap.second);
    CHECK(is_one);  // else take it off the list of its reader
  }
}
