#include "actors/provisioning/timezone.hpp"

#include "actors/provisioning/vendor_values.hpp"
#include "tests/support/catch.hpp"

#include <chrono>

using namespace strowger;
using namespace strowger::provisioning;

namespace {

TimeZone zone(std::string_view rule) {
  const auto parsed = TimeZone::parse(rule);
  CAPTURE(std::string(rule));
  REQUIRE(parsed);
  return *parsed;
}

std::shared_ptr<const VendorValues> yealink() {
  return VendorValues::built_in("yealink", templates::files()).value();
}

}  // namespace

TEST_CASE("a zone with summer time tells offset and both changes") {
  const auto berlin = zone("CET-1CEST,M3.5.0,M10.5.0/3");
  CHECK(berlin.offset == 3600);
  CHECK(berlin.hours() == "+1");
  CHECK(berlin.gmt() == "GMT+01:00");
  REQUIRE(berlin.summer);
  CHECK(berlin.summer->saving == 3600);
  CHECK(berlin.summer->start == ClockChange{3, 0, 0, 2, 0});
  CHECK(berlin.summer->start.last());
  CHECK(berlin.summer->start.week() == 5);
  CHECK(berlin.summer->end == ClockChange{10, 0, 0, 3, 0});

  const auto new_york = zone("EST5EDT,M3.2.0,M11.1.0");
  CHECK(new_york.hours() == "-5");
  CHECK(new_york.summer->start == ClockChange{3, 8, 0, 2, 0});
  CHECK(new_york.summer->start.week() == 2);
  CHECK(new_york.summer->end == ClockChange{11, 1, 0, 2, 0});
}

TEST_CASE("zones without summer time, with odd offsets, and far ones") {
  CHECK(zone("UTC0").hours() == "0");
  CHECK_FALSE(zone("UTC0").summer);
  CHECK(zone("IST-5:30").hours() == "+5:30");
  CHECK(zone("<-0930>9:30").hours() == "-9:30");
  CHECK(zone("<-0930>9:30").gmt() == "GMT-09:30");
  CHECK(zone("<+14>-14").offset == 14 * 3600);
  CHECK(zone("<+1245>-12:45<+1345>,M9.5.0/2:45,M4.1.0/3:45").summer->start.minute == 45);
  CHECK(zone("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0").summer->saving == 1800);
}

TEST_CASE("winter that goes back is summer that goes forward: Ireland") {
  const auto dublin = zone("IST-1GMT0,M10.5.0,M3.5.0/1");
  CHECK(dublin.offset == 0);
  CHECK(dublin.summer->saving == 3600);
  CHECK(dublin.summer->start == ClockChange{3, 0, 0, 1, 0});
  CHECK(dublin.summer->end == ClockChange{10, 0, 0, 2, 0});
}

TEST_CASE("a change after its day, or before it, is on the day that it is on") {
  // The Friday after the fourth Thursday, at two.
  CHECK(zone("IST-2IDT,M3.4.4/26,M10.5.0").summer->start == ClockChange{3, 23, 5, 2, 0, 1});
  // Midnight after the last Thursday of October is the first Friday on or after the 26th.
  CHECK(zone("EET-2EEST,M4.5.5/0,M10.5.4/24").summer->end == ClockChange{10, 26, 5, 0, 0, 1});
  // An hour before the last Sunday of March is a Saturday, 23:00.
  CHECK(zone("<-02>2<-01>,M3.5.0/-1,M10.5.0/0").summer->start == ClockChange{3, 24, 6, 23, 0, -1});
}

TEST_CASE("names that phones cannot read are made letters") {
  CHECK(zone("<-0930>9:30").posix == "STD9:30");
  CHECK(zone("<-02>2<-01>,M3.5.0/-1,M10.5.0/0").posix == "STD2DST,M3.5.0/0,M10.5.0/0");
  CHECK(zone("CET-1CEST,M3.5.0,M10.5.0/3").posix == "CET-1CEST,M3.5.0,M10.5.0/3");
}

TEST_CASE("a rule that POSIX has not is one that it has: hours of 0 to 24, and summer is what is added") {
  CHECK(zone("IST-1GMT0,M10.5.0,M3.5.0/1").posix == "GMT0IST,M3.5.0/1,M10.5.0/2");
  CHECK(zone("IST-2IDT,M3.4.4/26,M10.5.0").posix == "IST-2IDT,M3.4.4/23:59,M10.5.0/2");
  CHECK(zone("EET-2EEST,M4.5.5/0,M10.5.4/24").posix == "EET-2EEST,M4.5.5/0,M10.5.4/24");
  CHECK(zone("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0").posix == "STD-10:30DST-11,M10.1.0,M4.1.0");
}

TEST_CASE("a phone that knows weeks changes its clock some hours off at the worst, in no year a week") {
  using namespace std::chrono;
  const auto moment = [](const ClockChange& change, int of_year) {
    const auto first = sys_days{std::chrono::year{of_year} / change.month / 1};
    const weekday wanted{static_cast<unsigned>(change.weekday)};
    if (change.last()) {
      const sys_days last{std::chrono::year{of_year} / change.month / std::chrono::last};
      return sys_seconds{last - (weekday{last} - wanted)} + hours{change.hour} + minutes{change.minute};
    }
    const auto from = first + days{change.date - 1};
    return sys_seconds{from + (wanted - weekday{from})} + hours{change.hour} + minutes{change.minute};
  };
  const auto values = yealink();
  std::size_t moved = 0;
  for (const auto name : timezone_names()) {
    CAPTURE(std::string(name));
    const auto found = values->timezone(name);
    REQUIRE(found);
    if (!found->summer) continue;
    for (const auto& change : {found->summer->start, found->summer->end}) {
      const auto by_week = change.by_week();
      CHECK(by_week.hour >= 0);
      CHECK(by_week.hour <= 23);
      CHECK((by_week.last() || by_week.date % 7 == 1));
      if (change.moved != 0) ++moved;
      for (int of_year = 2026; of_year <= 2038; ++of_year) {
        const auto off = moment(change, of_year) - moment(by_week, of_year);
        CAPTURE(of_year);
        if (change.moved == 0)
          CHECK(off == seconds{0});
        else
          CHECK((off <= hours{28} && off >= -hours{28}));
      }
    }
  }
  CHECK(moved > 5);
  // Cairo 2026: the clock goes back in the night to Friday, 30 October.
  const auto cairo = values->timezone("Africa/Cairo")->summer->end.by_week();
  CHECK(sys_days{floor<days>(moment(cairo, 2026))} == sys_days{2026y / 10 / 29});
}

TEST_CASE("every zone that can be set is understood") {
  CHECK(timezone_names().size() > 400);
  const auto values = yealink();
  for (const auto name : timezone_names()) {
    CAPTURE(std::string(name));
    CHECK(values->timezone(name));
  }
  CHECK_FALSE(values->timezone("Europe/Atlantis"));
}

TEST_CASE("what is no rule is refused") {
  for (const auto* bad : {"", "C", "CET", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0", "CET-1,x",
                          "CET-1CEST,J60,J300", "<CET-1", "CET-99", "CET-1CEST,M3.5.0,M10.5.0/3x"}) {
    CAPTURE(bad);
    CHECK_FALSE(TimeZone::parse(bad));
  }
}
