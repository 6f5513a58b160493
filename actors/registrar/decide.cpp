#include "actors/registrar/decide.hpp"

#include "actors/registrar/uri.hpp"

#include <algorithm>
#include <stdexcept>
#include <tuple>

namespace strowger::registrar {
namespace {

PhoneRegistered registered(const Binding& b) {
  return {b.extension, b.contact, b.instance, b.ip, b.port, b.transport, b.user_agent, b.mac, b.expires_at};
}

PhoneMoved moved(const Binding& from, const Binding& to) {
  return {to.extension, to.contact,   to.instance,   from.ip, from.port,    to.ip,
          to.port,      to.transport, to.user_agent, to.mac,  to.expires_at};
}

PhoneUnregistered unregistered(const Binding& b, UnregisterReason reason) {
  return {b.extension, b.contact, b.ip, b.port, reason};
}

RegistrationExpired expired(const Binding& b) {
  return {b.extension, b.contact, b.ip, b.port, b.expires_at};
}

// The bindings while a request is worked in, contact by contact. Nothing of it counts until all contacts passed.
class Change {
 public:
  Change(std::span<const BindingPtr> current, const RegisterRequest& request, const Now& now)
      : request_(request), now_(now) {
    for (const auto& binding : current) {
      if (binding->expires <= now.instant) {
        decision_.events.emplace_back(expired(*binding));
        decision_.removed.push_back(binding);
      } else {
        slots_.push_back({binding, false});
      }
    }
  }

  // False: out of order.
  bool remove_all() {
    for (const auto& slot : slots_)
      if (!in_order(*slot.binding)) return false;
    for (const auto& slot : slots_) retire(slot.binding, UnregisterReason::phone_asked);
    slots_.clear();
    return true;
  }

  bool apply(const AskedContact& asked, std::chrono::seconds lifetime) {
    const auto found = find(asked);
    if (found != slots_.end() && !found->touched && !in_order(*found->binding)) return false;
    if (lifetime.count() == 0) {
      if (found != slots_.end() && !is_repeat(*found->binding)) {
        retire(found->binding, UnregisterReason::phone_asked);
        slots_.erase(found);
      }
      return true;
    }
    if (found == slots_.end()) {
      auto added = make(asked, lifetime, now_.date);
      decision_.events.emplace_back(registered(*added));
      slots_.push_back({std::move(added), true});
      return true;
    }
    if (!found->touched && is_repeat(*found->binding)) return true;
    replace(*found, asked, lifetime);
    return true;
  }

  // Until there are no more than `most`, bindings that this request did not touch go.
  void make_room(std::size_t most, const IsGone& is_gone) {
    while (slots_.size() > most) {
      // First those without a connection, each kind by when it last registered.
      const auto rank = [&](const Slot& slot) {
        const bool stays = slot.touched || !is_gone || !is_gone(*slot.binding);
        return std::tuple(slot.touched, stays, slot.binding->registered);
      };
      const auto victim = std::ranges::min_element(slots_, {}, rank);
      if (victim->touched) return;
      retire(victim->binding, UnregisterReason::made_room);
      slots_.erase(victim);
    }
  }

  Decision finish() && {
    for (const auto& slot : slots_) {
      decision_.bindings.push_back(slot.binding);
      if (slot.touched) decision_.stored.push_back(slot.binding);
    }
    return std::move(decision_);
  }

 private:
  struct Slot {
    BindingPtr binding;
    bool touched = false;  // by this very request
  };

  bool same_dialog(const Binding& binding) const { return binding.call_id == request_.call_id; }
  bool is_repeat(const Binding& binding) const {
    return request_.repeated && same_dialog(binding) && binding.cseq == request_.cseq;
  }
  // RFC 3261 section 10.3 step 7, but for a phone that has proved its password since (see the header).
  bool in_order(const Binding& binding) const {
    return !same_dialog(binding) || request_.cseq > binding.cseq || is_repeat(binding) ||
           request_.challenged > binding.registered;
  }

  std::vector<Slot>::iterator find(const AskedContact& asked) {
    // An instance names the phone for good, wherever it now is; its contact does not (RFC 5626 section 6). One that
    // this request has just written is another line of the same phone, not its old place.
    if (!asked.instance.empty()) {
      const auto same = std::ranges::find_if(slots_, [&](const Slot& slot) {
        return !slot.touched && slot.binding->instance == asked.instance && slot.binding->reg_id == asked.reg_id;
      });
      if (same != slots_.end()) return same;
    }
    return std::ranges::find_if(slots_, [&](const Slot& slot) { return same_uri(slot.binding->contact, asked.uri); });
  }

  std::shared_ptr<Binding> make(const AskedContact& asked, std::chrono::seconds lifetime, Timestamp first) const {
    auto binding = std::make_shared<Binding>();
    binding->extension = request_.extension;
    binding->contact = asked.uri;
    binding->instance = asked.instance;
    binding->reg_id = asked.reg_id;
    binding->path = request_.path;
    binding->q = asked.q;
    binding->call_id = request_.call_id;
    binding->cseq = request_.cseq;
    binding->ip = request_.ip;
    binding->port = request_.port;
    binding->transport = request_.transport;
    binding->local_ip = request_.local_ip;
    binding->user_agent = request_.user_agent;
    binding->mac = asked.mac;
    binding->first_registered = first;
    binding->last_registered = now_.date;
    binding->here_since = now_.date;
    binding->expires_at = now_.date + lifetime;
    binding->lifetime = static_cast<std::uint32_t>(lifetime.count());
    binding->registered = now_.instant;
    binding->here = now_.instant;
    binding->expires = now_.instant + lifetime;
    return binding;
  }

  void replace(Slot& slot, const AskedContact& asked, std::chrono::seconds lifetime) {
    const BindingPtr before = slot.binding;
    auto after = make(asked, lifetime, before->first_registered);
    if (after->contact != before->contact) {
      decision_.removed.push_back(before);  // it is stored under its contact
      // The phone came to a contact that another binding holds: that one is superseded.
      const auto other = std::ranges::find_if(slots_, [&](const Slot& candidate) {
        return candidate.binding != before && same_uri(candidate.binding->contact, asked.uri);
      });
      if (other != slots_.end()) {
        retire(other->binding, UnregisterReason::replaced);
        other->binding = nullptr;
      }
    }
    const bool same_place = after->ip == before->ip && after->port == before->port &&
                            after->transport == before->transport && same_uri(after->contact, before->contact);
    if (!same_place && !slot.touched) decision_.events.emplace_back(moved(*before, *after));
    if (same_place) {
      after->here_since = before->here_since;
      after->here = before->here;
    }
    slot = {std::move(after), true};
    std::erase_if(slots_, [](const Slot& candidate) { return candidate.binding == nullptr; });
  }

  void retire(const BindingPtr& binding, UnregisterReason reason) {
    decision_.events.emplace_back(unregistered(*binding, reason));
    decision_.removed.push_back(binding);
  }

  const RegisterRequest& request_;
  Now now_;
  std::vector<Slot> slots_;
  Decision decision_;
};

Refusal bad_request(std::string phrase) {
  return {400, std::move(phrase), {}};
}
Refusal out_of_order() {
  return {401, "Unauthorized", {}};
}

std::optional<Refusal> check_outbound(const RegisterRequest& request) {
  std::size_t with_reg_id = 0;
  for (const auto& contact : request.contacts) with_reg_id += contact.reg_id != 0 ? 1 : 0;
  if (with_reg_id == 0) return std::nullopt;
  if (request.contacts.size() > 1) return bad_request("One Contact Only With reg-id");
  if (request.supports_outbound && request.first_hop_lacks_outbound)
    return Refusal{439, "First Hop Lacks Outbound Support", {}};
  return std::nullopt;
}

}  // namespace

void throw_exception_from_error(const Refusal& refusal, const boost::source_location&) {
  throw std::runtime_error("the REGISTER was refused: " + std::to_string(refusal.status) + " " + refusal.phrase);
}

Decided decide_register(std::span<const BindingPtr> current, const RegisterRequest& request, const Limits& limits,
                        const Now& now, const IsGone& is_gone) {
  // Each contact is compared with all: more than may stay are not worked in.
  if (request.contacts.size() > limits.max_bindings) return bad_request("Too Many Contacts In One Request");
  Change change(current, request, now);
  if (request.wildcard) {
    if (!request.contacts.empty()) return bad_request("Contact * Must Be Alone");
    if (request.expires != 0U) return bad_request("Contact * Needs Expires 0");
    if (!change.remove_all()) return out_of_order();
    return std::move(change).finish();
  }
  if (auto refusal = check_outbound(request)) return std::move(*refusal);

  for (const auto& contact : request.contacts) {
    std::chrono::seconds lifetime = limits.default_expires;
    if (contact.expires)
      lifetime = std::chrono::seconds(*contact.expires);
    else if (request.expires)
      lifetime = std::chrono::seconds(*request.expires);
    if (lifetime.count() > 0 && lifetime < limits.min_expires)
      return Refusal{423, "Interval Too Brief", static_cast<std::uint32_t>(limits.min_expires.count())};
    if (!change.apply(contact, std::min(lifetime, limits.max_expires))) return out_of_order();
  }
  change.make_room(limits.max_bindings, is_gone);

  Decision decision = std::move(change).finish();
  decision.outbound = request.supports_outbound && request.contacts.size() == 1 &&
                      request.contacts.front().reg_id != 0 && !request.contacts.front().instance.empty();
  return decision;
}

Decision decide_expire(std::span<const BindingPtr> current, Instant now) {
  Decision decision;
  for (const auto& binding : current) {
    if (binding->expires > now) {
      decision.bindings.push_back(binding);
      continue;
    }
    decision.events.emplace_back(expired(*binding));
    decision.removed.push_back(binding);
  }
  return decision;
}

Decision decide_redate(std::span<const BindingPtr> current, const Now& now) {
  Decision decision;
  for (const auto& binding : current) {
    const auto off = date_of(now, binding->expires) - binding->expires_at;
    if (std::chrono::abs(off) < std::chrono::seconds(1)) {
      decision.bindings.push_back(binding);
      continue;
    }
    auto dated = std::make_shared<Binding>(*binding);
    dated->expires_at = date_of(now, binding->expires);
    decision.bindings.push_back(dated);
    decision.stored.push_back(std::move(dated));
  }
  return decision;
}

Decision decide_drop(std::span<const BindingPtr> current, UnregisterReason reason) {
  Decision decision;
  for (const auto& binding : current) {
    decision.events.emplace_back(unregistered(*binding, reason));
    decision.removed.push_back(binding);
  }
  return decision;
}

}  // namespace strowger::registrar
