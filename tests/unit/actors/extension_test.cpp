#include "actors/extension/extension.hpp"

#include "tests/support/entity_kit.hpp"

using namespace strowger;
using namespace strowger::actors;
using test::EntityKit;

namespace {
CreateExtension ann() {
  return {*ExtensionNumber::parse("1001"), "Ann Example", "ann@example.com", true, SealedSecret{"v1.x"}};
}
}  // namespace

SCENARIO("an extension is created, changed and deleted") {
  EntityKit<Extension> kit("1001");

  GIVEN("an extension") {
    const auto created = kit.run(ann()).value();
    CHECK(created.events.size() == 1);
    CHECK(number(created.version) == 1);

    WHEN("it is created again") {
      const auto again = kit.run(ann());
      THEN("that is a conflict") {
        REQUIRE_FALSE(again);
        CHECK(again.error().kind == ErrorKind::conflict);
        CHECK(again.error().code == "extension_exists");
      }
    }
    WHEN("only the name differs") {
      const auto changed = kit.run(ChangeExtension{"Ann <O'Neil>", "ann@example.com", true, {}}).value();
      THEN("the event says only the name") {
        REQUIRE(changed.events.size() == 1);
        const auto& event = std::get<ExtensionChanged>(changed.events.front());
        CHECK(event.name == "Ann <O'Neil>");
        CHECK_FALSE(event.email);
        CHECK_FALSE(event.allow_external);
      }
    }
    WHEN("nothing differs") {
      const auto changed = kit.run(ChangeExtension{"Ann Example", {}, {}, {}}).value();
      THEN("nothing is written") {
        CHECK(changed.events.empty());
        CHECK(kit.stream().size() == 1);
      }
    }
    WHEN("it is deleted, the server crashes, and it is created anew") {
      REQUIRE(kit.run(DeleteExtension{}));
      kit.restart();
      const auto anew = kit.run(ann());
      THEN("it exists again, on the same stream") {
        CHECK(number(anew.value().version) == 3);
      }
    }
  }
  GIVEN("no extension") {
    THEN("it can neither be changed nor deleted") {
      CHECK(kit.run(ChangeExtension{"x", {}, {}, {}}).error().kind == ErrorKind::not_found);
      CHECK(kit.run(DeleteExtension{}).error().kind == ErrorKind::not_found);
    }
    THEN("bad values are refused with the field's name") {
      auto bad = ann();
      bad.name = " \n";
      CHECK_THAT(kit.run(bad).error().message, ContainsSubstring("name"));
      bad = ann();
      bad.email = "not an address";
      CHECK_THAT(kit.run(bad).error().message, ContainsSubstring("email"));
    }
  }
}

SCENARIO("If-Match guards against lost updates, and facts do not disturb it") {
  EntityKit<Extension> kit("1001");
  REQUIRE(kit.run(ann()));
  // A phone registers: a fact on the same stream, appended by somebody else.
  const StreamId stream = StreamId::of(*ExtensionNumber::parse("1001"));
  REQUIRE(append_and_wait(kit.log, {stream,
                                    ExpectedVersion::any(),
                                    {encode(PhoneRegistered{*ExtensionNumber::parse("1001")}, {}, kit.now, kit.ids)},
                                    {},
                                    {}}));
  AskMeta first;
  first.if_match = StreamVersion{1};
  const auto changed = kit.run(ChangeExtension{"Anna", {}, {}, {}}, first);
  REQUIRE(changed);
  CHECK(number(changed->version) == 3);
  const auto lost = kit.run(ChangeExtension{"Annie", {}, {}, {}}, first);
  REQUIRE_FALSE(lost);
  CHECK(lost.error().kind == ErrorKind::stale);
}

SCENARIO("what somebody else wrote is looked at before a command is refused or found done") {
  EntityKit<Extension> kit("1001");
  REQUIRE(kit.run(ann()));
  const auto write = [&](const Event& event) {
    REQUIRE(append_and_wait(kit.log, {StreamId::of(*ExtensionNumber::parse("1001")),
                                      ExpectedVersion::any(),
                                      {encode(event, {}, kit.now, kit.ids)},
                                      {},
                                      {}}));
  };
  write(ExtensionChanged{*ExtensionNumber::parse("1001"), "Somebody", {}, {}});
  CHECK(kit.run(ChangeExtension{"Ann", {}, {}, {}}).value().events.size() == 1);  // it was Ann when last looked at
  write(ExtensionDeleted{*ExtensionNumber::parse("1001")});
  CHECK_FALSE(kit.run(ChangeExtension{"Anna", {}, {}, {}}));
  CHECK(kit.run(ann()));
}

SCENARIO("a repeated idempotency key does not act twice") {
  EntityKit<Extension> kit("1001");
  AskMeta meta;
  meta.idempotency_key = "k1";
  const auto once = kit.run(ann(), meta).value();
  kit.restart();
  const auto twice = kit.run(ann(), meta).value();
  CHECK(twice.repeated);
  CHECK(twice.version == once.version);
  CHECK(kit.stream().size() == 1);
}

SCENARIO("what the log refuses did not happen") {
  EntityKit<Extension> kit("1001");
  kit.log.fail_next(1);
  const auto refused = kit.run(ann());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == "log_unavailable");
  CHECK(kit.run(ann()));  // it was not created, so it can be
}
