#include "actors/registrar/binding_table.hpp"

#include "tests/support/catch.hpp"

#include <algorithm>
#include <random>
#include <set>
#include <thread>

using namespace strowger;
using namespace strowger::registrar;

namespace {

ExtensionNumber extension(int number) {
  return ExtensionNumber::parse(std::to_string(number)).value();
}

BindingPtr binding(const ExtensionNumber& number, Instant expires, const std::string& contact = "sip:a@192.0.2.1") {
  auto made = std::make_shared<Binding>();
  made->extension = number;
  made->contact = contact;
  made->expires = expires;
  return made;
}

// Its dates stand still: no duration follows them.
Clock clock_of(const Instant& now) {
  return {[] { return Timestamp{}; }, [&now] { return now; }};
}

}  // namespace

TEST_CASE("the table shows what is alive, sorted, and counts extensions") {
  Instant now{std::chrono::seconds(1000)};
  BindingTable table(clock_of(now));
  table.put(extension(1002), {binding(extension(1002), now + std::chrono::seconds(60))});
  table.put(extension(1001), {binding(extension(1001), now + std::chrono::seconds(60)),
                              binding(extension(1001), now + std::chrono::seconds(10), "sip:b@192.0.2.1")});
  CHECK(table.registered_extensions() == 2);
  REQUIRE(table.all().size() == 3);
  CHECK(table.all().front()->extension == extension(1001));
  now += std::chrono::seconds(10);
  CHECK(table.of(extension(1001)).size() == 1);
  CHECK(table.current(extension(1001)).size() == 2);
  now += std::chrono::seconds(60);
  CHECK(table.all().empty());
  CHECK(table.registered_extensions() == 0);
}

TEST_CASE("what lapses is found once, at its time, however often it was refreshed") {
  Instant now{std::chrono::seconds(1000)};
  BindingTable table(clock_of(now));
  const auto number = extension(1001);
  for (int refresh = 1; refresh <= 5; ++refresh)
    table.put(number, {binding(number, now + std::chrono::seconds(60 * refresh))});
  now += std::chrono::seconds(299);
  CHECK(table.take_due(now, 10).empty());
  now += std::chrono::seconds(1);
  CHECK(table.take_due(now, 10) == std::vector{number});
  CHECK(table.take_due(now, 10).empty());
  table.retry_at(number, now + std::chrono::seconds(5));
  CHECK(table.take_due(now, 10).empty());
  CHECK(table.take_due(now + std::chrono::seconds(5), 10) == std::vector{number});
  table.put(number, {});
  CHECK(table.take_due(now + std::chrono::hours(1), 10).empty());
}

TEST_CASE("no more is taken at once than asked for") {
  Instant now{std::chrono::seconds(1000)};
  BindingTable table(clock_of(now));
  for (int i = 0; i < 100; ++i) table.put(extension(2000 + i), {binding(extension(2000 + i), now)});
  CHECK(table.take_due(now, 30).size() == 30);
  CHECK(table.take_due(now, 100).size() == 70);
}

TEST_CASE("readers never wait for the writer's sense of order") {
  BindingTable table(system_now);
  std::atomic<bool> done{false};
  std::thread reader([&] {
    while (!done) {
      for (const auto& found : table.all()) CHECK(!found->contact.empty());
      table.of(extension(3001));
    }
  });
  for (int i = 0; i < 20000; ++i) {
    const auto number = extension(3000 + i % 50);
    if (i % 7 == 0)
      table.put(number, {});
    else
      table.put(number, {binding(number, std::chrono::steady_clock::now() + std::chrono::seconds(60))});
  }
  done = true;
  reader.join();
}

TEST_CASE("pages, addresses and MACs find what a look at every binding finds") {
  Instant now{std::chrono::seconds(1000)};
  BindingTable table(clock_of(now));
  std::mt19937 dice(7);
  const auto ip_of = [](unsigned number) { return "192.0.2." + std::to_string(number); };
  for (int i = 0; i < 2'000; ++i) {
    const auto number = extension(1000 + static_cast<int>(dice() % 40));
    std::vector<BindingPtr> bindings;
    for (auto left = dice() % 4; left > 0; --left) {
      auto made = std::make_shared<Binding>(*binding(number, now + std::chrono::seconds(1 + dice() % 100)));
      made->ip = ip_of(dice() % 5);
      made->first_registered = Timestamp(std::chrono::seconds(1'000 - left));
      if (dice() % 2 == 0) made->mac = MacAddress::from_bits(0x001565000000 + dice() % 6);
      bindings.push_back(std::move(made));
    }
    table.put(number, bindings);
    now += std::chrono::milliseconds(dice() % 2'000);
    for (const auto& lapsed : table.take_due(now, 10)) table.put(lapsed, table.of(lapsed));
  }
  const auto all = table.all();
  REQUIRE(all.size() > 10);
  std::vector<BindingPtr> paged;
  std::optional<ExtensionNumber> after;
  for (std::optional<ExtensionNumber> next;; after = next) {
    const auto page = table.page(after, 3, next);
    paged.insert(paged.end(), page.begin(), page.end());
    if (!next) break;
  }
  CHECK(paged == all);
  for (unsigned i = 0; i < 5; ++i) {
    CAPTURE(i);
    const auto at = std::count_if(all.begin(), all.end(), [&](const auto& one) { return one->ip == ip_of(i); });
    CHECK(table.at_ip(ip_of(i), 1'000).size() == static_cast<std::size_t>(at));
    CHECK(table.at_ip(ip_of(i), 1).size() == (at > 0 ? 1U : 0U));
  }
  for (unsigned i = 0; i < 6; ++i) {
    const auto mac = MacAddress::from_bits(0x001565000000 + i);
    const auto of = std::count_if(all.begin(), all.end(), [&](const auto& one) { return one->mac == mac; });
    CHECK(table.with_mac(mac).size() == static_cast<std::size_t>(of));
  }
  std::set<ExtensionNumber> extensions;
  for (const auto& one : all) extensions.insert(one->extension);
  now = std::chrono::floor<std::chrono::seconds>(now);
  CHECK(table.registered_extensions() >= extensions.size());
  now += std::chrono::hours(1);
  CHECK(table.registered_extensions() == 0);
  for (int i = 0; i < 40; ++i) table.put(extension(1000 + i), {});
  CHECK(table.size() == 0);
  std::optional<ExtensionNumber> next;
  CHECK(table.page({}, 10, next).empty());
}
