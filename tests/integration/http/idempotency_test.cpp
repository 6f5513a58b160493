// Idempotency-Key: a repetition is the first answer, whatever happened since.
#include "tests/integration/http/house.hpp"

#include <array>
#include <latch>
#include <thread>
#include <vector>

using namespace strowger;
using namespace strowger::http;
using namespace strowger::http::test;

namespace {

struct Retries : House {
  static std::string key(const std::string& value) { return "Idempotency-Key: " + value + "\r\n"; }
  static void check_same(const JsonReply& first, const JsonReply& again) {
    CHECK(again.status == first.status);
    CHECK(again.body == first.body);
    for (const auto* header : {"etag", "location", "content-type"}) {
      CAPTURE(header);
      CHECK(again.header(header) == first.header(header));
    }
  }
};

constexpr auto contacts = "/api/phonebook/contacts";
constexpr auto berlin = R"({"name":"Berlin","numbers":[{"kind":"work","number":"+49301234"}]})";

}  // namespace

TEST_CASE_METHOD(
    Retries, "idempotency: a repetition is answered as the first time, though all has changed, also after a restart") {
  create_extension("1001", "Ann");
  const auto created = ask("POST", contacts, berlin, key("c1"));
  REQUIRE(created.status == 201);
  const auto path = created.header("location");
  const auto changed = ask("PATCH", path, R"({"name":"Berlin Mitte"})", key("c2"));
  REQUIRE(changed.status == 200);
  const auto removed = ask("DELETE", path, {}, key("c3"));
  REQUIRE(removed.status == 200);
  const auto device =
      ask("POST", "/api/provisioning/devices",
          R"({"mac_address":"001565123456","extension_number":"1001","vendor":"yealink","model":"t46s"})", key("d1"));
  REQUIRE(device.status == 201);
  CHECK(ask("PATCH", "/api/provisioning/devices/001565123456", R"({"model":"t48s"})").status == 200);
  const auto before = events().size();
  for (int i = 0; i < 2; ++i) {
    CAPTURE(i);
    check_same(created, ask("POST", contacts, berlin, key("c1")));
    check_same(changed, ask("PATCH", path, R"({"name":"Berlin Mitte"})", key("c2")));
    check_same(removed, ask("DELETE", path, {}, key("c3")));
    check_same(device,
               ask("POST", "/api/provisioning/devices",
                   R"({"mac_address":"001565123456","extension_number":"1001","vendor":"yealink","model":"t46s"})",
                   key("d1")));
    CHECK(events().size() == before);
    restart();
  }
}

TEST_CASE_METHOD(Retries,
                 "idempotency: a key that was spent on another request is refused, somebody else's is another key") {
  REQUIRE(ask("POST", contacts, berlin, key("k")).status == 201);
  const auto before = events().size();
  CHECK(ask("POST", contacts, R"({"name":"Bonn","numbers":[{"number":"+4922812"}]})", key("k")).code() ==
        "idempotency_key_reused");
  const auto other_path = ask("POST", "/api/extensions", R"({"number":"1009","name":"X"})", key("k"));
  CHECK(other_path.status == 422);
  CHECK(other_path.code() == "idempotency_key_reused");
  CHECK(events().size() == before);
  const auto somebody = token(Role::operator_, "otto");
  CHECK(as(somebody, "POST", contacts, berlin, key("k")).status == 201);
  CHECK(ask("POST", contacts, berlin, key(std::string(256, 'k'))).code() == "bad_idempotency_key");
}

TEST_CASE_METHOD(Retries, "idempotency: what was refused spends no key") {
  const std::string device =
      R"({"mac_address":"001565123456","extension_number":"1001","vendor":"yealink","model":"t46s"})";
  CHECK(ask("POST", "/api/provisioning/devices", device, key("k")).status >= 400);
  create_extension("1001", "Ann");
  CHECK(ask("POST", "/api/provisioning/devices", device, key("k")).status == 201);
}

TEST_CASE_METHOD(Retries, "idempotency: of many at once one is carried out") {
  constexpr int at_once = 8;
  std::latch ready(at_once);
  std::array<JsonReply, at_once> replies;
  {
    std::vector<std::jthread> askers;
    for (int i = 0; i < at_once; ++i)
      askers.emplace_back([&, i] {
        ready.arrive_and_wait();
        do replies[static_cast<std::size_t>(i)] = ask("POST", contacts, berlin, key("k"));
        while (replies[static_cast<std::size_t>(i)].status == 409);
      });
  }
  for (const auto& reply : replies) check_same(replies[0], reply);
  CHECK(replies[0].status == 201);
  CHECK(ask("GET", contacts).json().as_array().size() == 1);
}

TEST_CASE_METHOD(Retries, "idempotency: the id of a new thing is told by the key, where the answer was lost too") {
  const auto first = ask("POST", contacts, berlin, key("k"));
  REQUIRE(first.status == 201);
  const auto id = std::string(first.json().at("id").as_string());
  CHECK(id.at(14) == '8');
  CHECK(ask("POST", contacts, berlin, key("l")).json().at("id") != id.c_str());
  CHECK(ask("POST", contacts, berlin).json().at("id") != id.c_str());
}

TEST_CASE_METHOD(Retries,
                 "idempotency: an answer with a phone's token in it is not kept, and yet nothing is done twice") {
  create_extension("1001", "Ann");
  REQUIRE(register_device("001565123456", "1001").status == 201);
  const auto issued = ask("POST", "/api/provisioning/devices/001565123456/access/token");
  REQUIRE(issued.status == 200);
  const std::string body = R"({"model":"t48s"})";
  const auto changed = ask("PATCH", "/api/provisioning/devices/001565123456", body, key("k"));
  REQUIRE(changed.status == 200);
  const auto before = events().size();
  CHECK(ask("PATCH", "/api/provisioning/devices/001565123456", body, key("k")).status == 200);
  CHECK(events().size() == before);
  const auto url = std::string(issued.json().at("config_url").as_string());
  const auto receipt = log->find_receipt("http-answer/admin:admin/k").value();
  if (receipt) CHECK(receipt->note.find(url.substr(url.find("/provision/") + 11, 32)) == std::string::npos);
}
