// Every combination of facts, against what must always hold; and the answers that people will ask about, one by one.
#include "actors/provisioning/access/policy.hpp"
#include "tests/support/catch.hpp"

#include <array>
#include <set>
#include <string>

using namespace strowger::provisioning::access;

namespace {

constexpr std::array networks{Network::open, Network::with_proof, Network::closed};
constexpr std::array proofs{Proof::none, Proof::wrong, Proof::other, Proof::right};
constexpr std::array enrolments{Enrolment::off, Enrolment::open, Enrolment::here, Enrolment::elsewhere};

template <class Visit>
void for_all(Visit visit) {
  for (const bool blocked : {false, true})
    for (const bool guessing : {false, true})
      for (const auto network : networks)
        for (const bool device_file : {false, true})
          for (const bool known : {false, true})
            for (const auto password : proofs)
              for (const auto token : proofs)
                for (const auto certificate : proofs)
                  for (const auto enrolment : enrolments)
                    for (const bool credentials : {false, true})
                      for (const bool cert : {false, true})
                        visit(Facts{blocked, guessing, network, device_file, known, password, token, certificate,
                                    enrolment},
                              Rules{credentials, cert});
}

bool proven(const Facts& facts) {
  return (facts.password == Proof::right && !facts.guessing) || facts.token == Proof::right ||
         facts.certificate == Proof::right;
}

}  // namespace

TEST_CASE("access: what always holds") {
  std::size_t combinations = 0;
  bool fine = true;
  const auto must = [&](bool holds) { fine = fine && holds; };
  for_all([&](const Facts& facts, const Rules& rules) {
    ++combinations;
    const auto decision = decide(facts, rules);
    const bool allows = decision.rule < Rule::access_denied;
    must(decision.allowed == allows);
    // No network that is in no list, and no other phone's certificate, is ever served.
    if (facts.network == Network::closed) must(!decision.allowed);
    if (facts.certificate == Proof::wrong || facts.certificate == Proof::other) must(!decision.allowed);
    if (rules.require_certificate && facts.certificate != Proof::right) must(!decision.allowed);
    // Without proof: only from an allowed network, not while blocked, and not against the settings.
    if (decision.allowed && !proven(facts)) {
      must(facts.network == Network::open && !facts.blocked);
      if (facts.device_file && rules.require_credentials) must(facts.known && facts.enrolment == Enrolment::open);
      if (facts.device_file) must(facts.enrolment != Enrolment::elsewhere);
    }
    // The right proof of a device is enough wherever proof may come from.
    const bool other_phone = facts.certificate == Proof::wrong || facts.certificate == Proof::other;
    if (proven(facts) && !other_phone && facts.network != Network::closed &&
        (!rules.require_certificate || facts.certificate == Proof::right))
      must(decision.allowed);
    // Once blocked, refusals say only that.
    if (facts.blocked && !decision.allowed) must(decision.rule == Rule::source_blocked);
  });
  CHECK(combinations == 2 * 2 * 3 * 2 * 2 * 4 * 4 * 4 * 4 * 2 * 2);
  CHECK(fine);
}

TEST_CASE("access: a newcomer's LAN works at once, a stranger gets nothing") {
  const Facts lan{.network = Network::open, .device_file = true, .known = true};
  CHECK(decide(lan, {}).rule == Rule::network);
  auto unknown = lan;
  unknown.known = false;
  CHECK(decide(unknown, {}).allowed);  // there is no such file: the answer is an honest 404
  const Facts stranger{.network = Network::with_proof, .device_file = true, .known = true};
  CHECK(decide(stranger, {}).rule == Rule::access_denied);
  auto guess = stranger;
  guess.known = false;
  CHECK(decide(guess, {}).rule == Rule::unknown_mac);
  const Facts common{.network = Network::with_proof};
  CHECK(decide(common, {}).rule == Rule::access_denied);
}

TEST_CASE("access: each proof by itself, and the refusal that says most") {
  Facts facts{.network = Network::with_proof, .device_file = true, .known = true};
  facts.password = Proof::right;
  CHECK(decide(facts, {}).rule == Rule::password);
  facts.password = Proof::other;
  CHECK(decide(facts, {}).rule == Rule::wrong_credentials);
  facts.password = Proof::none;
  facts.token = Proof::right;
  CHECK(decide(facts, {}).rule == Rule::token);
  facts.token = Proof::wrong;
  CHECK(decide(facts, {}).rule == Rule::wrong_token);
  facts.certificate = Proof::right;
  CHECK(decide(facts, {}).rule == Rule::certificate);
  facts.certificate = Proof::other;
  facts.network = Network::open;
  CHECK(decide(facts, {}).rule == Rule::wrong_certificate);
}

TEST_CASE("access: who guesses is not believed, unless it proves itself otherwise or needs no proof") {
  Facts facts{.guessing = true, .network = Network::with_proof, .device_file = true, .known = true};
  for (const auto proof : {Proof::right, Proof::wrong, Proof::other}) {
    facts.password = proof;
    CHECK(decide(facts, {}).rule == Rule::too_many_guesses);
  }
  facts.token = Proof::right;
  CHECK(decide(facts, {}).rule == Rule::token);
  facts.token = Proof::none;
  facts.network = Network::open;
  CHECK(decide(facts, {}).rule == Rule::network);
  CHECK(decide(facts, {.require_credentials = true}).rule == Rule::too_many_guesses);
  facts.device_file = false;
  facts.network = Network::with_proof;
  CHECK(decide(facts, {}).rule == Rule::too_many_guesses);  // a shared file is no way to try passwords either
}

TEST_CASE("access: enrolment opens, then locks to the network") {
  Facts facts{.network = Network::open, .device_file = true, .known = true, .enrolment = Enrolment::open};
  CHECK(decide(facts, {}).rule == Rule::enrolment);
  CHECK(decide(facts, {.require_credentials = true}).rule == Rule::enrolment);
  facts.enrolment = Enrolment::here;
  CHECK(decide(facts, {}).rule == Rule::enrolment);
  CHECK(decide(facts, {.require_credentials = true}).rule == Rule::credentials_required);
  facts.enrolment = Enrolment::elsewhere;
  CHECK(decide(facts, {}).rule == Rule::not_enrolled);
  facts.known = false;
  CHECK(decide(facts, {}).rule == Rule::unknown_mac);
}

TEST_CASE("access: every refusal has a name of its own and says what to do") {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < rule_count; ++i) {
    const auto rule = static_cast<Rule>(i);
    CHECK(names.insert(to_string(rule)).second);
    CHECK(advice(rule).empty() == (rule < Rule::access_denied));
  }
}
