// RFC 3261 section 10.3, case by case.
#include "actors/registrar/decide.hpp"

#include "tests/support/catch.hpp"

using namespace strowger;
using namespace strowger::registrar;

namespace {

const Timestamp kNow{std::chrono::seconds(1'800'000'000)};

// Both times of a clock that does not step: the instants are of the same number.
Now at(Timestamp date) {
  return {date, Instant(date.time_since_epoch())};
}
const ExtensionNumber kExtension = ExtensionNumber::parse("1001").value();

AskedContact contact(std::string uri, std::optional<std::uint32_t> expires = {}, std::string instance = "",
                     std::uint32_t reg_id = 0) {
  AskedContact asked;
  asked.uri = std::move(uri);
  asked.expires = expires;
  asked.instance = std::move(instance);
  asked.reg_id = reg_id;
  return asked;
}

RegisterRequest request(std::vector<AskedContact> contacts, std::uint32_t cseq = 1, std::string call_id = "call") {
  RegisterRequest asked;
  asked.extension = kExtension;
  asked.contacts = std::move(contacts);
  asked.call_id = std::move(call_id);
  asked.cseq = cseq;
  asked.ip = "192.0.2.1";
  asked.port = 5060;
  asked.transport = "udp";
  return asked;
}

RegisterRequest wildcard(std::optional<std::uint32_t> expires, std::uint32_t cseq = 1, std::string call_id = "call") {
  auto asked = request({}, cseq, std::move(call_id));
  asked.wildcard = true;
  asked.expires = expires;
  return asked;
}

std::vector<BindingPtr> after(const std::vector<BindingPtr>& before, const RegisterRequest& asked,
                              Timestamp now = kNow) {
  return decide_register(before, asked, {}, at(now)).value().bindings;
}

std::vector<std::string_view> types(const Decision& decision) {
  std::vector<std::string_view> found;
  for (const auto& event : decision.events) found.push_back(type_of(event));
  return found;
}

using Types = std::vector<std::string_view>;

std::int64_t lifetime(const BindingPtr& binding, Timestamp now = kNow) {
  return std::chrono::duration_cast<std::chrono::seconds>(binding->expires_at - now).count();
}

}  // namespace

TEST_CASE("a first contact is registered with what was asked for") {
  auto asked = request({contact("sip:1001@192.0.2.1:5060")});
  asked.expires = 600;
  asked.path = {"<sip:edge.example.com;lr>"};
  const auto decision = decide_register({}, asked, {}, at(kNow)).value();
  CHECK(types(decision) == Types{"phone.registered"});
  REQUIRE(decision.bindings.size() == 1);
  CHECK(decision.stored == decision.bindings);
  CHECK(decision.removed.empty());
  CHECK(lifetime(decision.bindings[0]) == 600);
  CHECK(decision.bindings[0]->first_registered == kNow);
  CHECK(decision.bindings[0]->path == asked.path);
}

TEST_CASE("lifetimes: the contact's own, then the header's, then the default, clamped above, refused below") {
  struct Case {
    std::optional<std::uint32_t> of_contact, of_header;
    std::int64_t granted;
  };
  const auto c = GENERATE(Case{{}, {}, 3600}, Case{{}, 120, 120}, Case{90, 120, 90}, Case{UINT32_MAX, {}, 86400},
                          Case{60, {}, 60});
  auto asked = request({contact("sip:1001@192.0.2.1", c.of_contact)});
  asked.expires = c.of_header;
  CHECK(lifetime(after({}, asked).at(0)) == c.granted);

  const auto brief = decide_register({}, request({contact("sip:1001@192.0.2.1", 59)}), {}, at(kNow));
  REQUIRE(!brief);
  CHECK(brief.error().status == 423);
  CHECK(brief.error().min_expires == 60U);
}

TEST_CASE("a refresh is no event but is stored") {
  const auto before = after({}, request({contact("sip:1001@192.0.2.1")}));
  const auto decision =
      decide_register(before, request({contact("sip:1001@192.0.2.1")}, 2), {}, at(kNow + std::chrono::seconds(100)))
          .value();
  CHECK(decision.events.empty());
  REQUIRE(decision.stored.size() == 1);
  CHECK(decision.stored[0]->first_registered == kNow);
  CHECK(decision.stored[0]->last_registered == kNow + std::chrono::seconds(100));
  CHECK(decision.stored[0]->cseq == 2);
}

TEST_CASE("within one Call-ID the CSeq must rise, all or nothing") {
  const auto before = after({}, request({contact("sip:a@192.0.2.1"), contact("sip:b@192.0.2.1")}, 5));
  REQUIRE(before.size() == 2);
  for (const std::uint32_t cseq : {4U, 5U}) {
    const auto late = decide_register(before, request({contact("sip:new@192.0.2.1"), contact("sip:a@192.0.2.1")}, cseq),
                                      {}, at(kNow));
    REQUIRE(!late);
    CHECK(late.error().status == 401);
    CHECK(!decide_register(before, request({contact("sip:a@192.0.2.1", 0)}, cseq), {}, at(kNow)));
    CHECK(!decide_register(before, wildcard(0, cseq), {}, at(kNow)));
  }
  CHECK(decide_register(before, request({contact("sip:a@192.0.2.1")}, 6), {}, at(kNow)).has_value());
  CHECK(decide_register(before, request({contact("sip:a@192.0.2.1")}, 1, "another call"), {}, at(kNow)).has_value());
  CHECK(decide_register(before, wildcard(0, 1, "another call"), {}, at(kNow)).value().bindings.empty());
}

TEST_CASE("the same request again changes nothing and is answered alike") {
  auto asked = request({contact("sip:1001@192.0.2.1")}, 7);
  const auto before = after({}, asked);
  asked.repeated = true;
  const auto again = decide_register(before, asked, {}, at(kNow + std::chrono::seconds(2))).value();
  CHECK(!again.changes());
  CHECK(again.events.empty());
  CHECK(again.bindings == before);

  auto gone = request({contact("sip:1001@192.0.2.1", 0)}, 8);
  const auto none = after(before, gone);
  gone.repeated = true;
  CHECK(decide_register(none, gone, {}, at(kNow)).value().bindings.empty());
}

TEST_CASE("zero removes one contact, * with Expires 0 removes all, and * means nothing else") {
  const auto before = after({}, request({contact("sip:a@192.0.2.1"), contact("sip:b@192.0.2.1")}));
  const auto one = decide_register(before, request({contact("sip:a@192.0.2.1", 0)}, 2), {}, at(kNow)).value();
  CHECK(types(one) == Types{"phone.unregistered"});
  REQUIRE(one.bindings.size() == 1);
  CHECK(one.bindings[0] == before[1]);
  CHECK(one.stored.empty());
  CHECK(one.removed.size() == 1);

  const auto all = decide_register(before, wildcard(0, 2), {}, at(kNow)).value();
  CHECK(types(all) == Types{"phone.unregistered", "phone.unregistered"});
  CHECK(all.bindings.empty());

  CHECK(decide_register(before, wildcard(60, 2), {}, at(kNow)).error().status == 400);
  CHECK(decide_register(before, wildcard({}, 2), {}, at(kNow)).error().status == 400);
  auto mixed = wildcard(0, 2);
  mixed.contacts.push_back(contact("sip:a@192.0.2.1"));
  CHECK(decide_register(before, mixed, {}, at(kNow)).error().status == 400);
  CHECK(decide_register({}, request({contact("sip:never@192.0.2.1", 0)}), {}, at(kNow)).value().events.empty());
}

TEST_CASE("a query changes nothing and shows what is alive") {
  auto brief = request({contact("sip:a@192.0.2.1", 60), contact("sip:b@192.0.2.1", 600)});
  const auto before = after({}, brief);
  const auto answer = decide_register(before, request({}, 1, "query"), {}, at(kNow + std::chrono::seconds(30))).value();
  CHECK(!answer.changes());
  CHECK(answer.bindings == before);
}

TEST_CASE("a lapsed binding expires in passing") {
  const auto before = after({}, request({contact("sip:a@192.0.2.1", 60)}));
  const auto later = kNow + std::chrono::seconds(61);
  const auto decision = decide_register(before, request({contact("sip:a@192.0.2.1")}, 2), {}, at(later)).value();
  CHECK(types(decision) == Types{"phone.registration_expired", "phone.registered"});
  CHECK(decision.bindings.at(0)->first_registered == later);
  CHECK(types(decide_expire(before, at(later).instant)) == Types{"phone.registration_expired"});
  CHECK(!decide_expire(before, at(kNow).instant).changes());
}

TEST_CASE("an instance is one phone, wherever it comes from") {
  const std::string instance = "urn:uuid:00000000-0000-1000-8000-001565aabbcc";
  const auto before = after({}, request({contact("sip:1001@192.0.2.1", {}, instance)}));
  auto asked = request({contact("sip:1001@198.51.100.7", {}, instance)}, 1, "after a reboot");
  asked.ip = "198.51.100.7";
  const auto decision = decide_register(before, asked, {}, at(kNow)).value();
  CHECK(types(decision) == Types{"phone.moved"});
  REQUIRE(decision.bindings.size() == 1);
  CHECK(decision.removed == before);  // it lay under its old contact
  const auto& moved = std::get<PhoneMoved>(decision.events[0]);
  CHECK(moved.from_ip == "192.0.2.1");
  CHECK(moved.ip == "198.51.100.7");

  const auto other = decide_register(before, request({contact("sip:x@192.0.2.9", {}, "urn:uuid:other")}), {}, at(kNow));
  CHECK(other.value().bindings.size() == 2);
  auto second_flow = request({contact("sip:1001@192.0.2.1:5070", {}, instance, 2)}, 2);
  CHECK(decide_register(before, second_flow, {}, at(kNow)).value().bindings.size() == 2);
}

TEST_CASE("a phone that takes over another one's contact replaces it") {
  const auto before =
      after({}, request({contact("sip:a@192.0.2.1", {}, "urn:one"), contact("sip:b@192.0.2.1", {}, "urn:two")}));
  const auto decision =
      decide_register(before, request({contact("sip:b@192.0.2.1", {}, "urn:one")}, 2), {}, at(kNow)).value();
  REQUIRE(decision.bindings.size() == 1);
  CHECK(decision.bindings[0]->instance == "urn:one");
  CHECK(types(decision) == Types{"phone.unregistered", "phone.moved"});
  CHECK(std::get<PhoneUnregistered>(decision.events[0]).reason == UnregisterReason::replaced);
}

TEST_CASE("a new source address of the same contact is a move") {
  const auto before = after({}, request({contact("sip:1001@192.0.2.1")}));
  auto asked = request({contact("sip:1001@192.0.2.1")}, 2);
  asked.port = 6000;
  CHECK(types(decide_register(before, asked, {}, at(kNow)).value()) == Types{"phone.moved"});
}

TEST_CASE("a phone that restarted counts its CSeq from one again, within the Call-ID that it had") {
  const auto before = after({}, request({contact("sip:a@192.0.2.1")}, 500));
  const auto later = kNow + std::chrono::seconds(90);
  auto restarted = request({contact("sip:a@192.0.2.1")}, 2);
  restarted.challenged = at(kNow - std::chrono::seconds(1)).instant;  // a request of before, delayed on its way
  CHECK(decide_register(before, restarted, {}, at(later)).error().status == 401);
  restarted.challenged = at(later - std::chrono::seconds(1)).instant;
  const auto decision = decide_register(before, restarted, {}, at(later)).value();
  REQUIRE(decision.bindings.size() == 1);
  CHECK(decision.bindings[0]->cseq == 2);
  CHECK(decision.events.empty());
}

TEST_CASE("a new phone makes the binding go that is gone, else the one that registered longest ago") {
  Limits limits;
  limits.max_bindings = 3;
  std::vector<BindingPtr> full;
  for (const std::string user : {"a", "b", "c"})
    full = after(full, request({contact("sip:" + user + "@192.0.2.1")}, 1, user),
                 kNow + std::chrono::seconds(static_cast<int>(full.size())));
  full = after(full, request({contact("sip:a@192.0.2.1")}, 2, "a"), kNow + std::chrono::seconds(60));  // refreshed
  const auto later = at(kNow + std::chrono::seconds(90));
  const std::string gone = GENERATE(false, true) ? "sip:c@192.0.2.1" : "";
  const auto decision =
      decide_register(full, request({contact("sip:d@192.0.2.1")}, 1, "d"), limits, later, [&](const Binding& binding) {
        return binding.contact == gone;
      }).value();
  CHECK(decision.bindings.size() == 3);
  CHECK(decision.bindings.back()->contact == "sip:d@192.0.2.1");
  REQUIRE(types(decision) == Types{"phone.registered", "phone.unregistered"});
  const auto& made_room = std::get<PhoneUnregistered>(decision.events[1]);
  CHECK(made_room.reason == UnregisterReason::made_room);
  CHECK(made_room.contact == (gone.empty() ? "sip:b@192.0.2.1" : gone));
  REQUIRE(decision.removed.size() == 1);
  CHECK(decision.removed[0]->contact == made_room.contact);
}

TEST_CASE("no more bindings than allowed, though a full extension may refresh and leave") {
  Limits limits;
  limits.max_bindings = 2;
  const auto full = after({}, request({contact("sip:a@192.0.2.1"), contact("sip:b@192.0.2.1")}));
  CHECK(decide_register(full, request({contact("sip:c@192.0.2.1")}, 2), limits, at(kNow)).value().bindings.size() == 2);
  CHECK(decide_register(full, request({contact("sip:a@192.0.2.1")}, 2), limits, at(kNow)).has_value());
  CHECK(decide_register(full, request({contact("sip:a@192.0.2.1", 0)}, 2), limits, at(kNow)).has_value());
  CHECK(decide_register(full, request({contact("sip:a@192.0.2.1", 0), contact("sip:c@192.0.2.1")}, 2), limits, at(kNow))
            .has_value());
}

TEST_CASE("outbound: acknowledged, one contact only, and not through a proxy that lacks it") {
  auto asked = request({contact("sip:1001@192.0.2.1", {}, "urn:uuid:x", 1)});
  asked.supports_outbound = true;
  CHECK(decide_register({}, asked, {}, at(kNow)).value().outbound);
  asked.first_hop_lacks_outbound = true;
  CHECK(decide_register({}, asked, {}, at(kNow)).error().status == 439);
  asked.first_hop_lacks_outbound = false;
  asked.contacts.push_back(contact("sip:1001@192.0.2.2", {}, "urn:uuid:x", 2));
  CHECK(decide_register({}, asked, {}, at(kNow)).error().status == 400);
}

TEST_CASE("dropping an extension says why") {
  const auto before = after({}, request({contact("sip:a@192.0.2.1")}));
  const auto decision = decide_drop(before, UnregisterReason::extension_deleted);
  CHECK(decision.removed == before);
  CHECK(std::get<PhoneUnregistered>(decision.events.at(0)).reason == UnregisterReason::extension_deleted);
}

TEST_CASE("more contacts than an extension may have are refused before any is worked in") {
  std::vector<AskedContact> contacts;
  for (int i = 0; i < 11; ++i) contacts.push_back(contact("sip:" + std::to_string(i) + "@192.0.2.1", i == 0 ? 600 : 0));
  const auto refused = decide_register({}, request(contacts), {}, at(kNow));  // worked in, one would stay
  REQUIRE(!refused);
  CHECK(refused.error().status == 400);
  contacts.pop_back();
  CHECK(decide_register({}, request(contacts), {}, at(kNow)).value().bindings.size() == 1);
}
