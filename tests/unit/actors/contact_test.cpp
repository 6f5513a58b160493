#include "actors/contact/contact.hpp"

#include "tests/support/entity_kit.hpp"

using namespace strowger;
using namespace strowger::actors;
using test::EntityKit;

namespace {
const auto id = Uuid::parse("019b9f0e-7c3b-7000-8000-000000000001").value();
AddContact ann() {
  return {id, "Ann Example", "Example Ltd", {{NumberKind::work, "+49 30 1234567"}, {NumberKind::mobile, "*98"}}};
}
}  // namespace

SCENARIO("a contact is added, changed and removed") {
  EntityKit<Contact> kit(id.text());

  GIVEN("a contact") {
    REQUIRE(kit.run(ann()).value().events.size() == 1);

    WHEN("only its name changes") {
      const auto changed = kit.run(ChangeContact{"Ann O'Neil", {}, {}}).value();
      THEN("the event has the whole contact") {
        REQUIRE(changed.events.size() == 1);
        const auto& event = std::get<ContactChanged>(changed.events.front());
        CHECK(event.name == "Ann O'Neil");
        CHECK(event.company == "Example Ltd");
        CHECK(event.numbers.size() == 2);
      }
    }
    WHEN("nothing changes") {
      THEN("nothing is written") {
        CHECK(kit.run(ChangeContact{"Ann Example", {}, {}}).value().events.empty());
      }
    }
    WHEN("it is removed and the server crashes") {
      REQUIRE(kit.run(RemoveContact{}));
      kit.restart();
      THEN("it cannot be changed any more") {
        CHECK(kit.run(ChangeContact{"x", {}, {}}).error().code == "contact_not_found");
        CHECK(kit.run(RemoveContact{}).error().code == "contact_not_found");
      }
    }
    WHEN("a change makes it something that phones cannot show or dial") {
      THEN("it is refused, with the field") {
        const auto refused = [&](ChangeContact change) {
          const auto outcome = kit.run(std::move(change));
          REQUIRE_FALSE(outcome);
          CHECK(outcome.error().code == "bad_contact");
          return std::string(outcome.error().details.at("field").as_string());
        };
        CHECK(refused({"  ", {}, {}}) == "name");
        CHECK(refused({"a\nb", {}, {}}) == "name");
        CHECK(refused({"a\xE2\x80\xAEz", {}, {}}) == "name");
        CHECK(refused({{}, "a\xE2\x81\xA6z", {}}) == "company");
        CHECK(refused({std::string(129, 'a'), {}, {}}) == "name");
        CHECK(refused({{}, std::string(129, 'a'), {}}) == "company");
        CHECK(refused({{}, {}, std::vector<ContactNumber>{}}) == "numbers");
        CHECK(refused({{}, {}, std::vector<ContactNumber>(9, {NumberKind::work, "1"})}) == "numbers");
        CHECK(refused({{}, {}, std::vector<ContactNumber>{{NumberKind::work, "1"}, {NumberKind::home, "1"}}}) ==
              "numbers[1].number");
        CHECK(refused({{}, {}, std::vector<ContactNumber>{{NumberKind::work, "none"}}}) == "numbers[0].number");
        CHECK(refused({{}, {}, std::vector<ContactNumber>{{NumberKind::work, "1<2"}}}) == "numbers[0].number");
        CHECK(refused({{}, {}, std::vector<ContactNumber>{{NumberKind::work, "\xE2\x80\xAE"}}}) == "numbers[0].number");
        CHECK(kit.stream().size() == 1);
      }
    }
    WHEN("a number is pasted with characters that nobody sees") {
      const auto changed = kit.run(ChangeContact{{},
                                                 {},
                                                 std::vector<ContactNumber>{{NumberKind::work,
                                                                             "\xE2\x80\xAA+49\xC2\xA0(0)30\xE2\x80\x93"
                                                                             "7\xE2\x80\xAC"}}});
      THEN("it is kept as people see it") {
        REQUIRE(changed);
        CHECK(std::get<ContactChanged>(changed->events.front()).numbers[0].number ==
              "+49 (0)30\xE2\x80\x93"
              "7");
      }
    }
  }
}
