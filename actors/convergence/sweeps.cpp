#include "actors/convergence/sweeps.hpp"

#include <algorithm>

namespace strowger::convergence {

void Sweeps::begin(const std::optional<ModelKey>& model, const Change& change, const Context& context) {
  const auto at = context.now + context.policy.settle;
  recent_[model] = {change, at + unseen_for};
  const auto [found, fresh] = sweeps_.try_emplace(model);
  auto& sweep = found->second;
  auto& why = sweep.why;
  if (fresh) {
    why.at = at;
    why.first = change.cause;
  } else {
    sweep.until = sweep.cursor;
    sweep.round = false;
    why.at = std::min(why.at, at);
  }
  why.change = change;
  why.known = change.cause;
  why.twice = true;
}

std::optional<Sweeps::Page> Sweeps::next(const Context& context, std::size_t max) {
  for (auto at = sweeps_.begin(); at != sweeps_.end(); ++at) {
    auto& sweep = at->second;
    if (sweep.why.at > context.now || sweep.why.known > context.known) continue;
    Page page{devices_(at->first, sweep.cursor, max), sweep.why};
    const bool end = page.macs.size() < max;
    if (sweep.round && sweep.until) {
      const auto beyond = std::upper_bound(page.macs.begin(), page.macs.end(), *sweep.until);
      if (beyond != page.macs.end() || end || (!page.macs.empty() && page.macs.back() == *sweep.until)) {
        page.macs.erase(beyond, page.macs.end());
        this->end(at, context);
        return page;
      }
    } else if (end && sweep.until) {
      sweep.round = true;
      sweep.cursor.reset();
      return page;
    } else if (end) {
      this->end(at, context);
      return page;
    }
    sweep.cursor = page.macs.back();
    return page;
  }
  return std::nullopt;
}

void Sweeps::end(std::map<Scope, Sweep>::iterator sweep, const Context& context) {
  auto& why = sweep->second.why;
  if (!why.twice) {
    sweeps_.erase(sweep);
    return;
  }
  why.twice = false;
  why.at = context.now + second_look;
  sweep->second.cursor.reset();
  sweep->second.until.reset();
  sweep->second.round = false;
}

Due Sweeps::due(const Context& context) const {
  Due out;
  for (const auto& [scope, sweep] : sweeps_) {
    if (sweep.why.known > context.known)
      out.position = std::min(out.position.value_or(sweep.why.known), sweep.why.known);
    else
      out.at = std::min(out.at.value_or(sweep.why.at), sweep.why.at);
  }
  return out;
}

bool Sweeps::is_ahead(const Sweep& sweep, const MacAddress& mac) const {
  const bool above = !sweep.cursor || mac > *sweep.cursor;
  if (!sweep.until) return above;
  return sweep.round ? above && mac <= *sweep.until : above || mac <= *sweep.until;
}

std::optional<Recheck> Sweeps::ahead(const ModelKey& model, const MacAddress& mac, const Context& context) const {
  for (const auto& scope : {Scope(), Scope(model)}) {
    const auto found = sweeps_.find(scope);
    if (found != sweeps_.end() && found->second.why.at <= context.now && is_ahead(found->second, mac))
      return found->second.why;
  }
  return std::nullopt;
}

const Change* Sweeps::lately(const ModelKey& model) const {
  const Change* latest = nullptr;
  for (const auto& scope : {Scope(), Scope(model)})
    if (const auto found = recent_.find(scope);
        found != recent_.end() && (latest == nullptr || found->second.change.cause > latest->cause))
      latest = &found->second.change;
  return latest;
}

void Sweeps::forget(Instant now) {
  std::erase_if(recent_, [&](const auto& item) { return item.second.until <= now; });
}

std::optional<Position> Sweeps::first_unlooked() const {
  std::optional<Position> first;
  for (const auto& [scope, sweep] : sweeps_) first = std::min(first.value_or(sweep.why.first), sweep.why.first);
  return first;
}

}  // namespace strowger::convergence
