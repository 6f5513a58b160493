// sofia-sip, and the one place where its objects are owned. Everything of it lives on the su_root thread: a handle is
// made, used and dropped there, with two exceptions that sofia-sip allows on any thread: su_init() and a message's
// reference count (it is created thread-safe).
//
// Header and URL fields of a parsed message may be NULL: read them through fields.hpp only.
#pragma once

// Contexts are passed as they are; a callback casts back to its own class.
#define NTA_AGENT_MAGIC_T void
#define NTA_INCOMING_MAGIC_T void
#define NTA_OUTGOING_MAGIC_T void
#define NTA_LEG_MAGIC_T void
#define SU_ROOT_MAGIC_T void
#define SU_TIMER_ARG_T void
#define SU_WAKEUP_ARG_T void

#include "adapters/sip/sofia_time.hpp"

#include <memory>
#include <utility>

#include <sofia-sip/msg_addr.h>
#include <sofia-sip/nta.h>
#include <sofia-sip/nta_stateless.h>
#include <sofia-sip/nta_tag.h>
#include <sofia-sip/nta_tport.h>
#include <sofia-sip/sip.h>
#include <sofia-sip/sip_extra.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/sip_protos.h>
#include <sofia-sip/sip_status.h>
#include <sofia-sip/sip_tag.h>
#include <sofia-sip/su_log.h>
#include <sofia-sip/su_wait.h>
#include <sofia-sip/tport.h>
#include <sofia-sip/tport_tag.h>

namespace strowger::sip {

template <auto Drop>
struct Dropper {
  template <class T>
  void operator()(T* object) const {
    Drop(object);
  }
};

// su_init() is counted by sofia-sip. What its layers would print to stderr (every malformed packet) is dropped: the
// house has its own counters and log lines. Its timers run on the steady clock (sofia_time.hpp).
class SofiaLibrary {
 public:
  SofiaLibrary() {
    keep_sofia_time_steady();
    su_init();
    su_log_redirect(su_log_default, [](void*, const char*, va_list) {}, nullptr);
  }
  ~SofiaLibrary() { su_deinit(); }
  SofiaLibrary(const SofiaLibrary&) = delete;
  SofiaLibrary& operator=(const SofiaLibrary&) = delete;
};

using Root = std::unique_ptr<su_root_t, Dropper<su_root_destroy>>;
using Agent = std::unique_ptr<nta_agent_t, Dropper<nta_agent_destroy>>;
using Incoming = std::unique_ptr<nta_incoming_t, Dropper<nta_incoming_destroy>>;
using Outgoing = std::unique_ptr<nta_outgoing_t, Dropper<nta_outgoing_destroy>>;
using Timer = std::unique_ptr<su_timer_t, Dropper<su_timer_destroy>>;
using Leg = std::unique_ptr<nta_leg_t, Dropper<nta_leg_destroy>>;

// One reference to a message. release() hands it to a call that consumes it.
class Message {
 public:
  Message() = default;
  explicit Message(msg_t* owned) : message_(owned) {}
  Message(Message&& other) noexcept : message_(std::exchange(other.message_, nullptr)) {}
  Message& operator=(Message&& other) noexcept {
    std::swap(message_, other.message_);
    return *this;
  }
  ~Message() {
    if (message_) msg_destroy(message_);
  }
  msg_t* get() const { return message_; }
  msg_t* release() { return std::exchange(message_, nullptr); }
  sip_t* sip() const { return sip_object(message_); }
  su_home_t* home() const { return msg_home(message_); }
  explicit operator bool() const { return message_ != nullptr; }

 private:
  msg_t* message_ = nullptr;
};

// One reference to a transport (a TCP connection); a connection that is referenced is not closed for idleness.
class Transport {
 public:
  Transport() = default;
  explicit Transport(tport_t* shared) : transport_(tport_ref(shared)) {}
  Transport(Transport&& other) noexcept : transport_(std::exchange(other.transport_, nullptr)) {}
  Transport& operator=(Transport&& other) noexcept {
    std::swap(transport_, other.transport_);
    return *this;
  }
  ~Transport() {
    if (transport_) tport_unref(transport_);
  }
  tport_t* get() const { return transport_; }
  bool alive() const {
    return transport_ && !tport_is_closed(transport_) && !tport_is_shutdown(transport_) &&
           tport_is_clear_to_send(transport_);
  }

 private:
  tport_t* transport_ = nullptr;
};

}  // namespace strowger::sip
