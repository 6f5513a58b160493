// Carries a REGISTER from the decision to the log and back: decides, appends the events and the bindings' state in one
// request, and only when the log has them shows them in the table and answers.
//
// Threads: everything runs on one thread, the one that `post` hands over to (the SIP thread); the log's completions
// arrive on the writer thread and are handed over the same way. Requests of one extension are worked off one after the
// other; those of different extensions are in the log together.
// Overload: more than `max_pending` requests in all, or `max_pending_per_extension`, are refused with 503.
#pragma once

#include "actors/registrar/binding_table.hpp"
#include "actors/registrar/decide.hpp"
#include "events/log.hpp"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <variant>

namespace strowger::registrar {

struct RegisterAnswer {
  std::uint16_t status = 200;
  std::string phrase = "OK";
  std::vector<BindingPtr> bindings;          // with 200: all of them
  std::optional<std::uint32_t> min_expires;  // with 423
  std::optional<std::uint32_t> retry_after;  // with 503
  bool outbound = false;
  Now now;  // against which the remaining lifetimes are counted
};

class Registrar {
 public:
  struct Options {
    Limits limits;
    // How long a binding may wait for others to be made durable with. Far below the half second after which a phone
    // repeats a REGISTER (RFC 3261's T1).
    std::chrono::milliseconds patience{20};
    std::size_t max_pending = 4096;
    std::size_t max_pending_per_extension = 8;
    std::uint32_t retry_after = 5;           // seconds
    std::chrono::seconds expiry_retry{5};    // after the log refused an expiry
    std::size_t max_expiries_at_once = 512;  // in one expire_due()
  };
  // Runs a task on the registrar's thread, in order; callable from any thread, also after the registrar is gone.
  using Post = std::function<void(std::function<void()>)>;
  using Answer = std::function<void(const RegisterAnswer&)>;
  // Told of every binding that is no more (expired, removed, superseded) and of every one stored, after the commit.
  using Changed = std::function<void(const std::vector<BindingPtr>& removed, const std::vector<BindingPtr>& stored)>;

  struct Restored {
    std::size_t bindings = 0;
    std::vector<std::string> unreadable;  // keys of rows left alone
  };

  Registrar(EventLog& log, BindingTable& table, IdSource& ids, Clock clock, Post post, Options options);
  ~Registrar();
  Registrar(const Registrar&) = delete;
  Registrar& operator=(const Registrar&) = delete;

  void on_change(Changed changed) { changed_ = std::move(changed); }
  // Asked on the registrar's thread, where an extension has too many bindings.
  void know_gone(IsGone is_gone) { is_gone_ = std::move(is_gone); }

  // Before anything else: brings the bindings back as they were stored, with the expiry they had, but none for longer
  // than its lifetime: a clock may have been ahead when it was stored. Those that lapsed meanwhile are expired by the
  // next expire_due().
  Result<Restored> restore();
  // Answers exactly once: at once where nothing had to be stored, else after the commit.
  void submit(RegisterRequest request, Answer answer);
  // Expires what has lapsed, and dates bindings anew after a step of the clock; call it about once a second. Returns
  // how many extensions have lapsed bindings.
  std::size_t expire_due();
  // The extension was deleted or disabled: its bindings go. Tried again by expire_due() while the log refuses.
  void drop_extension(const ExtensionNumber& extension, UnregisterReason reason = UnregisterReason::extension_deleted);

  std::size_t pending() const { return pending_; }
  std::uint64_t expired() const { return expired_; }
  std::size_t to_redate() const { return to_redate_.size(); }  // extensions

 private:
  struct Register {
    RegisterRequest request;
    Answer answer;
  };
  struct Expire {};
  struct Redate {};
  struct Drop {
    UnregisterReason reason = UnregisterReason::extension_deleted;
  };
  using Work = std::variant<Register, Expire, Redate, Drop>;
  struct Lane {  // of one extension that has something to do
    std::deque<Work> queue;
    bool busy = false;  // committing, or being worked off further up the stack
    Decision decision;  // what is being committed, for the front of the queue
    Now decided_at;
  };
  using Lanes = std::map<ExtensionNumber, Lane>;

  void enqueue(const ExtensionNumber& extension, Work work);
  void run(Lanes::iterator lane);
  void look_at_clock();
  Decided decide(const ExtensionNumber& extension, const Work& work, const Now& now) const;
  void commit(Lanes::iterator lane);
  void committed(const ExtensionNumber& extension, const Result<Receipt>& receipt);
  void answer(const Work& work, RegisterAnswer answer) const;
  RegisterAnswer unavailable_answer() const;

  EventLog& log_;
  BindingTable& table_;
  IdSource& ids_;
  Clock clock_;
  std::shared_ptr<const Post> post_;
  Options options_;
  Changed changed_;
  IsGone is_gone_;
  Lanes lanes_;
  std::vector<std::pair<ExtensionNumber, UnregisterReason>> refused_drops_;
  Instant drops_again_at_{};
  std::uint64_t steps_ = 0;  // of the clock, that bindings were dated anew after
  std::deque<ExtensionNumber> to_redate_;
  std::size_t pending_ = 0;
  std::uint64_t expired_ = 0;
  // Completions that come after the end find it false. Only the registrar's thread looks at it.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// How a binding lies in the log's state.
inline constexpr std::string_view kBindingsTable = "bindings";
std::string state_key(const Binding& binding);

}  // namespace strowger::registrar
