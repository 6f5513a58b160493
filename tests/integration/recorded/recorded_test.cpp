// Whatever bytes an adapter takes, what is recorded of them can be read again. The fuzz target `recorded` looks for
// bytes by itself; here are the kinds that are known, and random ones by a seed.
#include "events/utf8.hpp"
#include "tests/support/adapter_events.hpp"
#include "tests/support/catch.hpp"

#include <random>

using namespace strowger;

namespace {

void check_recordable(test::AdapterEvents& adapters, const std::string& bytes) {
  const auto taken = adapters.take(bytes);
  REQUIRE_FALSE(taken.records.empty());
  for (const auto& record : taken.records) {
    CAPTURE(record.type, record.data);
    const auto envelope = decode(record);
    REQUIRE(envelope);
    CHECK(utf8::is_valid(record.by));
    CHECK(json::parse(to_cloud_event(record, "strowger")));
  }
  for (const auto& binding : taken.bindings) CHECK(json::from_string<registrar::Binding>(binding));
  for (const auto& person : taken.people) CHECK(json::from_string<directory::Person>(person));
}

}  // namespace

TEST_CASE("what no reader takes is recorded so that every reader takes it, by every adapter") {
  test::AdapterEvents adapters;
  const std::string long_text(600, 'a');
  for (const std::string& bytes :
       {std::string("Yealink \xff"), std::string("\xC3"), std::string("\xED\xA0\x80"), std::string("\xF0\x9F\x98"),
        std::string("%FF%FE.cfg"), long_text.substr(0, 511) + "\xC3\xA9", long_text.substr(0, 255) + "\xC3\xA9",
        std::string("a\0b", 3), std::string("\x01\x1f\x7f\"\\"),
        std::string("B\xE4"
                    "cker"),
        long_text + "\x80"}) {
    CAPTURE(bytes);
    check_recordable(adapters, bytes);
  }
}

TEST_CASE("random bytes are recorded so that they can be read, by every adapter") {
  test::AdapterEvents adapters;
  std::mt19937_64 random(20'261'130);
  // Bytes that make sequences, whole and broken, rather than noise.
  const std::string parts[] = {"a",   "\xC3\xA9", "\xF0\x9F\x98\x80", "\xE2\x82", "\x80", "\xff", "\"", "\\",
                               "%C3", "\n"};
  for (int i = 0; i < 300; ++i) {
    std::string bytes;
    for (auto n = random() % 300; n > 0; --n)
      bytes += random() % 4 == 0 ? std::string(1, char(random())) : parts[random() % 10];
    CAPTURE(i);
    check_recordable(adapters, bytes);
  }
}

TEST_CASE("texts of strangers are cut between characters") {
  test::AdapterEvents adapters;
  for (std::size_t shift = 0; shift < 4; ++shift) {
    std::string bytes(shift, 'a');
    while (bytes.size() < 700) bytes += "\xF0\x9F\x98\x80";
    for (const auto& record : adapters.take(bytes).records) {
      CAPTURE(record.type);
      CHECK(record.data.find(utf8::replacement) == std::string::npos);
    }
  }
}
