#include "actors/registrar/registrar.hpp"

#include "events/json.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace strowger::registrar {
namespace {

constexpr std::chrono::days any_registration_age{3'650};

Cause cause_of(const RegisterRequest& request) {
  std::string by = "phone:" + request.extension.text();
  for (const auto& contact : request.contacts)
    if (contact.mac) by = "phone:" + contact.mac->text();
  return {std::move(by), {}, {}};
}

}  // namespace

std::string state_key(const Binding& binding) {
  std::string key;
  key.reserve(binding.extension.text().size() + 1 + binding.contact.size());
  key += binding.extension.text();
  key += '|';  // no extension has one
  key += binding.contact;
  return key;
}

Registrar::Registrar(EventLog& log, BindingTable& table, IdSource& ids, Clock clock, Post post, Options options)
    : log_(log),
      table_(table),
      ids_(ids),
      clock_(std::move(clock)),
      post_(std::make_shared<const Post>(std::move(post))),
      options_(std::move(options)) {}

Registrar::~Registrar() {
  *alive_ = false;
}

Result<Registrar::Restored> Registrar::restore() {
  Restored restored;
  std::map<ExtensionNumber, std::vector<BindingPtr>> found;
  const auto now = clock_.now();
  const auto visit = [&](std::string_view key, std::string_view value) {
    auto binding = json::from_string<Binding>(value);
    if (!binding) {
      restored.unreadable.emplace_back(key);
      return;
    }
    ++restored.bindings;
    const auto granted = binding->lifetime > 0 ? std::chrono::seconds(binding->lifetime) : options_.limits.max_expires;
    binding->expires = due_at(now, binding->expires_at, granted);
    // A date that has not come yet was written while the clock was ahead: when that was is not known. A phone that
    // seemed to have come just now would be told again what it did not answer.
    const auto since = [&](Timestamp date) {
      return date > now.date ? now.instant - any_registration_age : begun_at(now, date, any_registration_age);
    };
    binding->registered = since(binding->last_registered);
    binding->here = since(binding->here_since);
    auto extension = binding->extension;
    found[std::move(extension)].push_back(std::make_shared<Binding>(std::move(*binding)));
  };
  if (auto done = log_.scan_state(kBindingsTable, "", visit); !done) return done.error();
  for (auto& [extension, bindings] : found) {
    std::ranges::sort(bindings, {}, [](const BindingPtr& binding) { return binding->first_registered; });
    if (decide_redate(bindings, now).changes()) to_redate_.push_back(extension);
    table_.put(extension, std::move(bindings));
  }
  steps_ = clock_.steps();
  return restored;
}

void Registrar::submit(RegisterRequest request, Answer answer) {
  const auto lane = lanes_.find(request.extension);
  const bool full = pending_ >= options_.max_pending ||
                    (lane != lanes_.end() && lane->second.queue.size() >= options_.max_pending_per_extension);
  if (full) {
    answer(unavailable_answer());
    return;
  }
  auto extension = request.extension;
  enqueue(extension, Register{std::move(request), std::move(answer)});
}

std::size_t Registrar::expire_due() {
  look_at_clock();
  const auto now = clock_.instant();
  if (!refused_drops_.empty() && now >= drops_again_at_) {
    for (const auto& [extension, reason] : std::exchange(refused_drops_, {})) enqueue(extension, Drop{reason});
  }
  const auto due = table_.take_due(now, options_.max_expiries_at_once);
  for (const auto& extension : due) enqueue(extension, Expire{});
  return due.size();
}

// What is stored must say when a binding ends by the clock as it is now.
void Registrar::look_at_clock() {
  if (const auto steps = clock_.steps(); steps != steps_) {
    steps_ = steps;
    to_redate_.clear();
    for (const auto& binding : table_.all())
      if (to_redate_.empty() || to_redate_.back() != binding->extension) to_redate_.push_back(binding->extension);
  }
  for (auto room = options_.max_expiries_at_once; room > 0 && !to_redate_.empty(); --room) {
    const auto extension = std::move(to_redate_.front());
    to_redate_.pop_front();
    enqueue(extension, Redate{});
  }
}

void Registrar::drop_extension(const ExtensionNumber& extension, UnregisterReason reason) {
  enqueue(extension, Drop{reason});
}

void Registrar::enqueue(const ExtensionNumber& extension, Work work) {
  const auto lane = lanes_.try_emplace(extension).first;
  lane->second.queue.push_back(std::move(work));
  ++pending_;
  if (!lane->second.busy) run(lane);
}

// Works the lane off until something has to be committed, or nothing is left and the lane goes.
void Registrar::run(Lanes::iterator lane) {
  lane->second.busy = true;
  while (!lane->second.queue.empty()) {
    const auto now = clock_.now();
    auto decided = decide(lane->first, lane->second.queue.front(), now);
    if (decided && decided->changes()) {
      lane->second.decision = std::move(*decided);
      lane->second.decided_at = now;
      commit(lane);
      return;
    }
    const Work work = std::move(lane->second.queue.front());
    lane->second.queue.pop_front();
    --pending_;
    if (decided) {
      answer(work, {200, "OK", std::move(decided->bindings), {}, {}, decided->outbound, now});
    } else {
      const Refusal refusal = decided.error();
      answer(work, {refusal.status, refusal.phrase, {}, refusal.min_expires, {}, false, now});
    }
  }
  lanes_.erase(lane);
}

Decided Registrar::decide(const ExtensionNumber& extension, const Work& work, const Now& now) const {
  const auto current = table_.current(extension);
  if (const auto* asked = std::get_if<Register>(&work))
    return decide_register(current, asked->request, options_.limits, now, is_gone_);
  if (std::holds_alternative<Expire>(work)) return decide_expire(current, now.instant);
  if (std::holds_alternative<Redate>(work)) return decide_redate(current, now);
  return decide_drop(current, std::get<Drop>(work).reason);
}

void Registrar::commit(Lanes::iterator lane) {
  const auto& decision = lane->second.decision;
  const auto* asked = std::get_if<Register>(&lane->second.queue.front());
  AppendRequest append;
  append.stream = StreamId::of(lane->first);
  append.patience = options_.patience;
  if (!decision.events.empty()) {
    const Cause cause = asked ? cause_of(asked->request) : Cause{"system", {}, {}};
    append.events.reserve(decision.events.size());
    for (const auto& event : decision.events)
      append.events.push_back(encode(event, cause, lane->second.decided_at.date, ids_));
  }
  // Erased first: a binding may be stored again under the key of one that goes.
  const std::string table(kBindingsTable);
  append.state.reserve(decision.removed.size() + decision.stored.size());
  for (const auto& binding : decision.removed) append.state.push_back({table, state_key(*binding), std::nullopt});
  for (const auto& binding : decision.stored)
    append.state.push_back({table, state_key(*binding), json::to_string(*binding)});

  // The lane stays while it commits; it is found again by its key.
  log_.append(std::move(append),
              [this, alive = alive_, post = post_, extension = lane->first](Result<Receipt> receipt) {
                (*post)([this, alive, extension, receipt = std::move(receipt)] {
                  if (*alive) committed(extension, receipt);
                });
              });
}

void Registrar::committed(const ExtensionNumber& extension, const Result<Receipt>& receipt) {
  const auto lane = lanes_.find(extension);
  Lane& self = lane->second;
  const Work work = std::move(self.queue.front());
  self.queue.pop_front();
  --pending_;
  Decision decision = std::move(self.decision);
  self.decision = {};
  if (receipt) {
    table_.put(extension, decision.bindings);
    if (changed_) changed_(decision.removed, decision.stored);
    for (const auto& event : decision.events) expired_ += std::holds_alternative<RegistrationExpired>(event) ? 1 : 0;
    answer(work, {200, "OK", std::move(decision.bindings), {}, {}, decision.outbound, self.decided_at});
  } else {
    if (std::holds_alternative<Expire>(work)) table_.retry_at(extension, clock_.instant() + options_.expiry_retry);
    if (std::holds_alternative<Redate>(work)) to_redate_.push_back(extension);
    if (const auto* drop = std::get_if<Drop>(&work)) {
      refused_drops_.emplace_back(extension, drop->reason);
      drops_again_at_ = clock_.instant() + options_.expiry_retry;
    }
    answer(work, unavailable_answer());
  }
  run(lane);
}

void Registrar::answer(const Work& work, RegisterAnswer answer) const {
  if (const auto* asked = std::get_if<Register>(&work)) asked->answer(answer);
}

RegisterAnswer Registrar::unavailable_answer() const {
  return {503, "Service Unavailable", {}, {}, options_.retry_after, false, clock_.now()};
}

}  // namespace strowger::registrar
