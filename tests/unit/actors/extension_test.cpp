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
      for (const auto* name : {"An\x1bn", "Ann\xE2\x80\xAE", "An\nn", "An\xC2\x85n"}) {
        bad.name = name;
        CHECK(kit.run(bad).error().code == "bad_name");
        CHECK_THAT(kit.run(bad).error().message, ContainsSubstring("control character U+"));
      }
      bad = ann();
      bad.email = "ann\xE2\x80\xAE@example.com";
      CHECK(kit.run(bad).error().code == "bad_email");
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

SCENARIO("If-Match is compared with what somebody else wrote, also where nothing seemed to have to change") {
  const auto number = *ExtensionNumber::parse("1001");
  EntityKit<Extension> kit("1001");
  REQUIRE(kit.run(ann()));
  AskMeta first;
  first.if_match = StreamVersion{1};
  GIVEN("a definition that was written past the actor") {
    REQUIRE(append_and_wait(kit.log, {StreamId::of(number),
                                      ExpectedVersion::any(),
                                      {encode(ExtensionChanged{number, "Somebody", {}, {}}, {}, kit.now, kit.ids)},
                                      {},
                                      {}}));
    THEN("a command that is what the actor still holds is refused, and changes nothing") {
      const auto lost = kit.run(ChangeExtension{"Ann", {}, {}, {}}, first);
      REQUIRE_FALSE(lost);
      CHECK(lost.error().kind == ErrorKind::stale);
      CHECK(kit.stream().size() == 2);
    }
    THEN("so is one that would change something, and one that is refused by itself") {
      CHECK(kit.run(ChangeExtension{"Annie", {}, {}, {}}, first).error().kind == ErrorKind::stale);
      CHECK(kit.run(ann(), first).error().kind == ErrorKind::stale);
      CHECK(kit.stream().size() == 2);
    }
    THEN("who has read it may change it") {
      first.if_match = StreamVersion{2};
      CHECK(kit.run(ChangeExtension{"Ann", {}, {}, {}}, first).value().events.size() == 1);
    }
  }
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

SCENARIO("a directory keeps an extension") {
  EntityKit<Extension> kit("1001");
  Uuid ann_there, bob_there;
  ann_there.bytes[0] = 1;
  bob_there.bytes[0] = 2;
  SyncExtension sync{*ExtensionNumber::parse("1001"), "ad", ann_there, "ann", "Ann Example", "ann@example.com"};

  GIVEN("none, and no password for one") {
    THEN("it is not made") {
      CHECK(kit.run(sync).error().kind == ErrorKind::not_found);
    }
  }
  GIVEN("one that the directory made") {
    auto with_password = sync;
    with_password.password = {"v1.x"};
    CHECK(kit.run(with_password).value().events.size() == 2);
    THEN("the same again changes nothing") {
      CHECK(kit.run(sync).value().events.empty());
      kit.restart();
      CHECK(kit.run(with_password).value().events.empty());
    }
    WHEN("the name is another") {
      sync.name = "Ann Married";
      const auto events = kit.run(sync).value().events;
      THEN("the event says the name, and whose word it is") {
        REQUIRE(events.size() == 1);
        const auto& synced = std::get<NameSynced>(events.front());
        CHECK(synced.name == "Ann Married");
        CHECK_FALSE(synced.email);
        CHECK(synced.source == "directory:ad");
      }
    }
    WHEN("the user is disabled there") {
      sync.enabled = false;
      CHECK(std::get<ExtensionDisabled>(kit.run(sync).value().events.at(0)).reason ==
            DisabledReason::directory_disabled);
      THEN("it is enabled when they return") {
        sync.enabled = true;
        CHECK(std::holds_alternative<ExtensionEnabled>(kit.run(sync).value().events.at(0)));
      }
    }
    WHEN("an administrator disables it") {
      CHECK(kit.run(ChangeExtension{{}, {}, {}, {}, false}).value().events.size() == 1);
      THEN("no sync enables it, an administrator does") {
        CHECK(kit.run(sync).value().events.empty());
        CHECK(kit.run(ChangeExtension{{}, {}, {}, {}, true}).value().events.size() == 1);
      }
    }
    WHEN("the user is gone, or has another number") {
      CHECK(kit.run(ReleaseExtension{"ad", bob_there}).value().events.empty());
      CHECK(kit.run(ReleaseExtension{"ad", ann_there}).value().events.size() == 1);
      CHECK(kit.run(ReleaseExtension{"ad", ann_there}).value().events.empty());
      THEN("the link goes only with the number") {
        CHECK(kit.run(ReleaseExtension{"ad", ann_there, DisabledReason::renumbered}).value().events.size() == 1);
        CHECK(kit.run(sync).value().events.size() == 2);  // linked again, and enabled
      }
    }
    WHEN("another directory wants it") {
      sync.directory = "ldap";
      THEN("that is a conflict") {
        CHECK(kit.run(sync).error().code == "linked_elsewhere");
      }
    }
  }
}

SCENARIO("a password that was sealed with the key of a deleted extension is not taken by its successor") {
  EntityKit<Extension> kit("1001");
  const auto create = [](const char* password) {
    return CreateExtension{*ExtensionNumber::parse("1001"), "Ann", "ann@example.com", true, SealedSecret{password}};
  };
  const auto change = [](const char* password, const char* sealed_like) {
    ChangeExtension command;
    command.password = SealedSecret{password};
    command.sealed_like = SealedSecret{sealed_like};
    return command;
  };
  GIVEN("an extension") {
    REQUIRE(kit.run(create("v1.old.a")));
    WHEN("its password changes") {
      THEN("one of the same key is taken, and after it another") {
        CHECK(kit.run(change("v1.old.b", "v1.old.a")));
        CHECK(kit.run(change("v1.old.c", "v1.old.a")));
      }
    }
    WHEN("it is deleted and made anew while a new password for it is sealed") {
      REQUIRE(kit.run(DeleteExtension{}));
      REQUIRE(kit.run(create("v1.new.a")));
      const auto refused = kit.run(change("v1.old.b", "v1.old.a"));
      THEN("that password is refused: its key is about to be destroyed") {
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == "secret_outdated");
        CHECK(refused.error().kind == ErrorKind::conflict);
      }
      THEN("one with a key of its own, or of the new password, is taken") {
        CHECK(kit.run(change("v1.own.b", "")));
        CHECK(kit.run(change("v1.own.c", "v1.own.b")));
      }
    }
  }
}
