// Events that cannot be decoded and events that were parked: what the API says of them, and what is done about them.
#include "actors/dead_letters.hpp"

#include "events/utf8.hpp"
#include "tests/integration/http/house.hpp"

using namespace strowger;
using namespace strowger::http::test;

namespace {

struct Fixture : House {
  IdSource ids;

  // As an earlier release wrote it.
  Position append_damaged() {
    AppendRequest request;
    request.facts.push_back(
        {StreamId("provisioning", "refused"),
         encode(ConfigRefused{"/x", "x", {}, "192.0.2.1", "Phone", 404, "unknown_file", "no", "", "", {}},
                Cause{"phone:192.0.2.1", {}, {}}, system_now(), ids)});
    auto& data = request.facts[0].event.data;
    data.replace(data.find("Phone"), 5, "Ph\xF6ne");
    return append_and_wait(*log, std::move(request)).value().position;
  }
  actors::DeadLetter park(const std::string& handler) {
    actors::DeadLetter letter;
    letter.handler = handler;
    letter.event = ids.next();
    letter.stream = "extension/1001";
    letter.type = "extension.deleted";
    letter.reason = "the key store is \xff";
    letter.tries = 5;
    REQUIRE(services->dead_letters->park(letter));
    return services->dead_letters->list().front();
  }
  std::string warnings(const std::string& target) {
    return boost::json::serialize(ask("GET", target).json().at("warnings"));
  }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "an event that cannot be decoded stops nobody, and is shown everywhere as what it is") {
  create_extension("1001", "Ann");
  const auto position = number(append_damaged());
  // Whoever writes is answered at once: queries went past it.
  create_extension("1002", "Bob");
  CHECK(ask("GET", "/api/extensions/1002").status == 200);
  const auto ready = as("", "GET", "/readyz");
  CHECK(ready.status == 200);
  CHECK(ready.json().at("ready").as_bool());
  CHECK_THAT(warnings("/readyz"), ContainsSubstring("1 events of the log cannot be decoded"));
  CHECK(boost::json::serialize(as("", "GET", "/readyz").json().at("warnings")) == R"(["events_set_aside"])");
  CHECK_THAT(warnings("/api/provisioning/diagnostics"), ContainsSubstring("1 events of the log cannot be decoded"));

  const auto listed = ask("GET", "/api/system/undecodable").json();
  CHECK(listed.at("damaged").as_int64() == 1);
  CHECK(listed.at("newer").as_int64() == 0);
  const auto& event = listed.at("events").at(0);
  CHECK(std::uint64_t(event.at("position").as_int64()) == position);
  CHECK(event.at("type").as_string() == "provisioning.config_refused");
  CHECK_THAT(std::string(event.at("reason").as_string()), ContainsSubstring("not JSON"));

  const auto shown = ask("GET", "/api/events?stream=provisioning/refused").json().at(0);
  CHECK(shown.at("data").is_null());
  CHECK_THAT(std::string(shown.at("undecodable").as_string()), ContainsSubstring("not JSON"));
  restart();
  CHECK(ask("GET", "/api/system/undecodable").json().at("damaged").as_int64() == 1);
}

TEST_CASE_METHOD(Fixture, "a parked event is listed, tried again and skipped") {
  const auto path = std::string("/api/system/dead-letters");
  CHECK(ask("GET", path).json().as_array().empty());
  const auto letter = park("extension-deletion");
  const auto one = path + "/extension-deletion/" + letter.event.text();
  const auto listed = ask("GET", path);
  CHECK(utf8::is_valid(listed.body));
  const auto shown = listed.json().at(0);
  CHECK(shown.at("handler").as_string() == "extension-deletion");
  CHECK(shown.at("event").as_string() == letter.event.text());
  CHECK(shown.at("position").is_null());
  CHECK(shown.at("tries").as_int64() == 5);
  CHECK(as("", "GET", "/readyz").status == 200);
  CHECK_THAT(warnings("/readyz"), ContainsSubstring("1 events could not be handled and are parked"));
  CHECK_THAT(warnings("/api/provisioning/diagnostics"), ContainsSubstring("are parked"));

  restart();
  CHECK(ask("GET", path).json().as_array().size() == 1);
  CHECK(ask("POST", one + "/retry").status == 202);
  REQUIRE(services->dead_letters->take_retries("extension-deletion").size() == 1);
  CHECK(services->dead_letters->take_retries("extension-deletion").empty());
  CHECK(ask("POST", one + "/skip").status == 200);
  CHECK(ask("GET", path).json().as_array().empty());
  for (const auto& gone : {one + "/retry", one + "/skip", path + "/x/y/skip"}) {
    const auto answer = ask("POST", gone);
    CHECK(answer.status == 404);
    CHECK(answer.code() == "no_dead_letter");
  }
  CHECK(as(token(Role::viewer), "GET", path).status == 403);
}

TEST_CASE_METHOD(Fixture,
                 "whatever bytes a stranger sends, the answers are JSON, queries go on, and the log lines are text") {
  create_extension("1001", "Ann");
  register_device("001565123456", "1001");
  const std::string long_agent(511, 'a');
  for (const std::string& agent : {std::string("Yealink \xff"), std::string("Caf\xE9"), long_agent + "\xC3\xA9"})
    for (const std::string target :
         {"/provision/001565123456.cfg", "/provision/%FF%FE.cfg", "/provision/%7Bmac%7D.cfg", "/provision/a%C3.cfg"})
      fetch(target, "User-Agent: " + agent + "\r\n");
  create_extension("1002", "Bob");  // answered when queries have applied all of it
  const auto requests = ask("GET", "/api/provisioning/requests");
  CHECK(utf8::is_valid(requests.body));
  CHECK_NOTHROW(requests.json());
  CHECK(utf8::is_valid(logged()));
  CHECK(ask("GET", "/api/system/undecodable").json().at("damaged").as_int64() == 0);
  for (const auto& record : events()) CHECK(decode(record));
}
