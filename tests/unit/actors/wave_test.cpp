// The convergence of one device as tables: a state and a fact, the commands that follow, and when it is due next.
#include "actors/convergence/wave.hpp"

#include "events/json.hpp"
#include "events/overloaded.hpp"
#include "tests/support/catch.hpp"

using namespace strowger;
using namespace strowger::convergence;
using namespace std::chrono_literals;

namespace {

const Instant start{1'000h};
const auto mac = MacAddress::from_bits(0x001565000001);
const Uuid wave_reboot = Uuid::parse("01890000-0000-7000-8000-000000000001").value();

std::string text(const Command& command) {
  return std::visit(
      Overloaded{
          [](const Look& c) { return "look" + std::string(c.why.twice ? ", twice" : ""); },
          [](const FindPhone&) { return std::string("find phone"); },
          [](const Took& c) {
            return "took " + std::to_string(std::chrono::duration_cast<std::chrono::seconds>(c.time).count());
          },
          [](const AskDevice& ask) {
            return std::visit(
                Overloaded{
                    [](const actors::WantConfig& c) { return "want " + c.etag + " instead of " + c.served; },
                    [](const actors::TellPhone& c) {
                      return "tell " + c.etag + ", attempt " + std::to_string(c.attempt) +
                             (c.verb == RebootVerb::resync ? ", resync" : "");
                    },
                    [](const actors::ReportFetched& c) { return "fetched " + c.etag; },
                    [](const actors::ReportOverdue& c) {
                      return "overdue " + c.code +
                             (c.retry_in ? ", again in " + std::to_string(c.retry_in->count()) : ", given up");
                    },
                    [](const actors::ReportUnreachable&) { return std::string("unreachable"); },
                    [](const actors::ReportReturned& c) { return "returned at " + c.contact; },
                    [](const auto&) { return std::string("another command"); },
                },
                ask.command);
          },
      },
      command);
}

// The commands, then when it is due: "want b instead of a; due 5 s", "; due position 7", "; never".
std::string outcome(DeviceWave& wave, const WaveFact& fact, const Context& context) {
  std::string out;
  for (const auto& command : decide(wave, mac, fact, context)) out += (out.empty() ? "" : ", ") + text(command);
  const auto next = due(wave, context);
  if (next.at)
    out += "; due " + std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(*next.at - start).count()) +
           " ms";
  if (next.position) out += "; due position " + std::to_string(number(*next.position));
  if (!next.at && !next.position) out += "; never";
  return out;
}

struct Scene {
  Policy policy;
  Instant now = start;
  Position known{100};
  DeviceWave wave;

  std::string on(const WaveFact& fact) { return outcome(wave, fact, {now, known, policy}); }
  std::string happens(const Event& event, std::uint64_t position, const Change* lately = nullptr) {
    Envelope envelope;
    envelope.position = Position{position};
    envelope.time = Timestamp(std::chrono::floor<std::chrono::microseconds>(now.time_since_epoch()));
    envelope.stream = StreamId::of(mac);
    envelope.event = event;
    return on(Happened{&envelope, now, lately});
  }
};

// An attempt in a stage since `start`.
DeviceWave open(ConvergenceStage stage, std::string code = {}, std::string detail = {}) {
  DeviceWave wave;
  wave.extension = ExtensionNumber::parse("1001").value();
  auto& attempt = wave.attempt.emplace();
  attempt.state.etag = "b";
  attempt.state.stage = stage;
  attempt.state.code = std::move(code);
  attempt.state.detail = std::move(detail);
  attempt.since = attempt.changed = attempt.told_at = start;
  if (stage != ConvergenceStage::wanted) {
    attempt.state.reboot = wave_reboot;
    attempt.state.attempts = 1;
  }
  return wave;
}

ConfigServed served(std::string etag) {
  ConfigServed fact;
  fact.mac = mac;
  fact.etag = std::move(etag);
  return fact;
}

}  // namespace

TEST_CASE("a stage ends by itself, or by nothing") {
  using enum ConvergenceStage;
  struct Row {
    ConvergenceStage stage;
    std::string code, detail;
    std::chrono::seconds after;
    std::string then;
  };
  const std::vector<Row> rows{
      {wanted, "", "", 0s, "; never"},  // it is in the queue
      {asked, "", "", 1'000s, "; never"},
      {accepted, "", "", 179s, "; due 180000 ms"},
      {accepted, "", "", 180s, "overdue not_fetched, again in 30; never"},
      {refused, "", "481 No", 0s, "overdue refused, again in 30; never"},
      {refused, "", "489 Bad Event", 0s, "overdue refused, given up; never"},
      {unanswered, "", "408", 0s, "overdue unanswered, again in 30; never"},
      {unanswered, "", "no phone is registered", 0s, "overdue no_phone, given up; never"},
      {failed, "no_phone", "", 1'000s, "; never"},
      {failed, "not_fetched", "", 1'000s, "; never"},
  };
  for (const auto& row : rows) {
    INFO(json::word(row.stage) << " " << row.detail << " after " << row.after.count() << " s");
    Scene scene{.wave = open(row.stage, row.code, row.detail)};
    scene.now += row.after;
    CHECK(scene.on(Tick{}) == row.then);
    CHECK(scene.wave.attempt->queued == (row.stage == wanted));
  }
}

TEST_CASE("its turn: who is told, and who is not") {
  using enum ConvergenceStage;
  struct Row {
    std::string what;
    DeviceWave wave;
    Turn turn;
    std::string then;
  };
  const Turn there{.registered = true, .served = "a", .here = start + 1s};
  auto resync = there;
  resync.verb = RebootVerb::resync;
  auto again = open(retrying);
  again.attempt->at = start;
  auto back = open(failed, "unanswered");
  back.attempt->at = start;
  auto heard = back;
  heard.attempt->heard = start;
  auto changed = open(wanted);
  changed.recheck = Recheck{{}, start, Position{101}, Position{101}};
  auto asking = open(wanted);
  asking.talk.asking = true;
  auto before = there, in_call = there, fetched = there, nobody = there, gone = there;
  before.here = start;
  in_call.in_call = true;
  fetched.served = "b";
  nobody.here.reset();
  gone.registered = false;
  const std::vector<Row> rows{
      {"the first time", open(wanted), there, "tell b, attempt 1; never"},
      {"gently", open(wanted), resync, "tell b, attempt 1, resync; never"},
      {"again, and not so gently", again, resync, "tell b, attempt 2; never"},
      {"in a call", open(wanted), in_call, "; due 1000 ms"},
      {"fetched already", open(wanted), fetched, "fetched b; never"},
      {"nobody is there", open(wanted), nobody, "unreachable; never"},
      {"not in the tables", open(wanted), gone, "; due 1000 ms"},
      {"it came back", back, there, "tell b, attempt 1; never"},
      {"it was there all the time", back, before, "; never"},
      {"it was heard of, and is not seen yet", heard, before, "; due 30000 ms"},
      {"its file may be another one", changed, there, "; due position 101"},
      {"a command is under way", asking, there, "; never"},
  };
  for (const auto& row : rows) {
    INFO(row.what);
    Scene scene{.wave = row.wave};
    scene.wave.attempt->queued = true;
    CHECK(scene.on(row.turn) == row.then);
    CHECK_FALSE(scene.wave.attempt->queued);
  }
}

TEST_CASE("a look finds another file, or nothing to do") {
  struct Row {
    std::string what;
    DeviceWave wave;
    std::optional<std::string> etag;
    std::string served;
    std::string then;
  };
  const std::vector<Row> rows{
      {"another file", {}, "b", "a", "want b instead of a; never"},
      {"the same file", {}, "a", "a", "; never"},
      {"never served", {}, "b", "", "; never"},
      {"no file", {}, std::nullopt, "a", "; never"},
      {"wanted already", open(ConvergenceStage::asked), "b", "a", "; never"},
      {"changed back", open(ConvergenceStage::asked), "a", "a", "want a instead of a; never"},
  };
  for (const auto& row : rows) {
    INFO(row.what);
    Scene scene{.wave = row.wave};
    CHECK(scene.on(Looked{{}, row.etag, row.served}) == row.then);
  }
}

TEST_CASE("a change is looked at when it has settled and is in the tables") {
  Scene scene;
  CHECK(scene.on(FileChanged{{.cause = Position{101}}, true}) == "; due 60300 ms; due position 101");
  CHECK(unlooked(scene.wave) == Position{101});
  scene.known = Position{101};
  CHECK(scene.on(Tick{}) == "; due 300 ms");
  scene.now += 200ms;
  // A stream of changes does not put it off.
  CHECK(scene.on(FileChanged{{.cause = Position{102}}}) == "; due 60500 ms; due position 102");
  CHECK(unlooked(scene.wave) == Position{101});
  scene.known = Position{102};
  scene.now = start + 300ms;
  CHECK(scene.on(Tick{}) == "look, twice; due 3300 ms");
  CHECK(unlooked(scene.wave) == Position{101});
  scene.now = start + 3'300ms;
  CHECK(scene.on(Tick{}) == "look; due 60500 ms");
  CHECK(unlooked(scene.wave) == Position{});
  scene.now = start + 60'500ms;
  CHECK(scene.on(Tick{}) == "; never");
  CHECK(is_blank(scene.wave));
}

TEST_CASE("what the entity answers to WantConfig") {
  struct Row {
    Answered answer;
    std::string then;
  };
  const std::vector<Row> rows{
      {{.carried_out = false}, "; due 1000 ms"},
      {{.carried_out = true, .decided = true, .position = Position{105}}, "; due position 105"},
      {{.carried_out = true, .decided = false, .position = Position{105}}, "; never"},
  };
  for (const auto& row : rows) {
    Scene scene;
    CHECK(scene.on(Looked{{{}, start, {}, Position{99}}, "b", "a"}) == "want b instead of a; never");
    CHECK(unlooked(scene.wave) == Position{99});
    CHECK(scene.on(row.answer) == row.then);
    CHECK(unlooked(scene.wave) == (row.then == "; never" ? Position{} : Position{99}));
  }
  // A change that came meanwhile is looked at as well, and not before what was decided is in the tables.
  Scene scene;
  scene.on(Looked{{{}, start, {}, Position{99}}, "b", "a"});
  CHECK(scene.on(FileChanged{{.cause = Position{100}}}) == "; due 60300 ms");
  CHECK(scene.on(Answered{true, true, Position{105}}) == "; due 60300 ms; due position 105");
}

TEST_CASE("a phone that is told is in flight until it is known what came of it") {
  Scene scene{.wave = open(ConvergenceStage::wanted)};
  const Turn there{.registered = true, .served = "a", .here = start};
  CHECK_FALSE(in_flight(scene.wave, scene.known));
  scene.on(there);
  CHECK(in_flight(scene.wave, scene.known));
  SECTION("it could not be asked") {
    CHECK(scene.on(Answered{}) == "; due 1000 ms");
    CHECK_FALSE(in_flight(scene.wave, scene.known));
  }
  SECTION("it was decided, which is followed later") {
    CHECK(scene.on(Answered{true, true, Position{101}}) == "; due position 101");
    CHECK(in_flight(scene.wave, scene.known));
    RebootRequested requested;
    requested.mac = mac;
    requested.reboot = wave_reboot;
    requested.etag = "b";
    requested.attempt = 1;
    scene.now += 1s;
    scene.happens(requested, 101);
    CHECK(in_flight(scene.wave, Position{101}));
    RebootDeferred deferred;
    deferred.mac = mac;
    deferred.reboot = wave_reboot;
    scene.happens(deferred, 102);
    CHECK_FALSE(in_flight(scene.wave, Position{102}));
  }
  SECTION("a campaign's are counted by the campaign") {
    scene.wave.attempt->state.campaign = wave_reboot;
    CHECK_FALSE(in_flight(scene.wave, scene.known));
  }
}

TEST_CASE("fetches: of what is wanted, of something older, and of one that is long done") {
  using enum ConvergenceStage;
  struct Row {
    std::string what;
    DeviceWave wave;
    std::string etag;
    std::string then;
  };
  auto lately = DeviceWave{};
  lately.recent = Recent{{}, start + 60s};
  auto asking = open(asked);
  asking.talk.asking = true;
  const std::vector<Row> rows{
      {"wanted", open(asked), "b", "; due 0 ms"},
      {"while a command is under way", asking, "b", "; never"},
      {"older, before it has answered", open(asked), "a", "; due 300 ms"},
      {"older, after it has answered", open(accepted), "a", "; due 300 ms"},
      {"its file changed lately", lately, "a", "; due 300 ms"},
      {"of no interest", {}, "a", "; never"},
  };
  for (const auto& row : rows) {
    INFO(row.what);
    Scene scene{.wave = row.wave};
    CHECK(scene.happens(served(row.etag), 90) == row.then);
  }
  Scene scene{.wave = open(accepted)};
  scene.happens(served("a"), 90);
  scene.now += 300ms;
  CHECK(scene.on(Tick{}) == "look; due 10000 ms");
  scene.now = start + 10s;
  CHECK(scene.on(Tick{}) == "overdue not_fetched, again in 30; due 60300 ms");
}

TEST_CASE("a phone that was given up is waited for, and is given time to fetch by itself") {
  struct Row {
    std::string code;
    std::string then;
  };
  const std::vector<Row> rows{{"no_phone", "; due 30000 ms"},
                              {"unanswered", "; due 30000 ms"},
                              {"refused", "; never"},
                              {"not_fetched", "; never"}};
  for (const auto& row : rows) {
    INFO(row.code);
    Scene scene{.wave = open(ConvergenceStage::failed, row.code)};
    CHECK(awaits_phone(scene.wave) == (row.then != "; never"));
    CHECK(is_at_rest(scene.wave));
    CHECK(scene.on(PhoneSeen{start}) == row.then);
  }
  Scene scene{.wave = open(ConvergenceStage::wanted)};
  RebootFailed given_up;
  given_up.mac = mac;
  given_up.code = "no_phone";
  scene.now += 1s;
  CHECK(scene.happens(given_up, 90) == "; due 31000 ms");
}

TEST_CASE("after its fetch a phone is looked for, seldomer as time passes, and not for ever") {
  Scene scene{.wave = open(ConvergenceStage::asked)};
  scene.now += 5s;
  scene.happens(served("b"), 90);
  DeviceConverged converged;
  converged.mac = mac;
  converged.etag = "b";
  converged.reboot = wave_reboot;
  scene.now += 1s;
  CHECK(scene.happens(converged, 91) == "took 5; due 6000 ms");
  CHECK(scene.on(Tick{}) == "find phone; due 6000 ms");
  CHECK(scene.on(Bound{.registered = true}) == "; due 7000 ms");
  scene.now = start + 85s;
  CHECK(scene.on(Bound{.registered = true}) == "; due 95000 ms");
  CHECK(scene.on(Bound{.registered = true, .registration = Bound::Registration{"sip:x", "", {}}}) ==
        "returned at sip:x; never");
  scene.on(Answered{true, true, Position{92}});
  scene.now = start + 700s;
  CHECK(scene.on(Bound{.registered = true}) == "; never");
  CHECK(is_blank(scene.wave));
}

TEST_CASE("a start goes on where the tables say that it was") {
  const auto date = parse_iso8601("2026-01-08T19:40:00Z").value();
  const Now now{date, start};
  DeviceRow row;
  row.definition = std::make_shared<const DeviceDefinition>(
      DeviceDefinition{mac, ExtensionNumber::parse("1001").value(), "yealink", "t46s"});
  auto& state = row.activity.convergence.emplace();
  state.etag = "b";
  state.reboot = wave_reboot;
  state.since = state.changed_at = date - 100s;
  const Policy policy;
  const auto next = [&] {
    const auto at = due(restored(row, now, policy), {start, Position{1}, policy}).at;
    return at ? std::optional(std::chrono::duration_cast<std::chrono::seconds>(*at - start)) : std::nullopt;
  };
  SECTION("accepted") {
    state.stage = ConvergenceStage::accepted;
    CHECK(next() == 80s);
  }
  SECTION("retrying") {
    state.stage = ConvergenceStage::retrying;
    state.not_before = date + 20s;
    CHECK(next() == 20s);
  }
  SECTION("given up, as nobody was there") {
    state.stage = ConvergenceStage::failed;
    state.code = "no_phone";
    CHECK(next() == 30s);
  }
  SECTION("given up for good") {
    state.stage = ConvergenceStage::failed;
    state.code = "refused";
    CHECK_FALSE(next());
  }
  SECTION("fetched, and about to register") {
    state.stage = ConvergenceStage::converged;
    CHECK(next() == 0s);
    state.changed_at = date - 1'000s;
    CHECK_FALSE(next());
  }
}
