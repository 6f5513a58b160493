// Sends out-of-dialog NOTIFYs to single phones, each in a client transaction of its own, paced.
//
// Where it goes: over UDP to the address the REGISTER came from (through the NAT), over TCP down the connection that it
// came in on (RFC 5626 section 5.3). A connection that has ended is never replaced by one to where the Contact or the
// Path says, for anybody with a phone's password could have the server connect anywhere: the outcome is 430 "Not
// Connected", and the phone is reached again when it registers. The Request-URI is the contact without headers and
// method, Route is the binding's Path.
// Threads: notify() from any; everything else, the outcomes too, on the SIP thread.
#pragma once

#include "actors/reboot/phone_notifier.hpp"
#include "adapters/sip/credentials.hpp"
#include "adapters/sip/digest.hpp"
#include "adapters/sip/flows.hpp"
#include "adapters/sip/mailbox.hpp"
#include "adapters/sip/metrics.hpp"

#include <atomic>
#include <chrono>
#include <deque>
#include <list>
#include <memory>

#include <spdlog/logger.h>

namespace strowger::sip {

struct NotifierOptions {
  std::size_t max_in_flight = 256;
  std::uint32_t per_second = 500;
  std::size_t max_queued = 20000;            // those in flight included; more get 503 at once
  std::chrono::milliseconds timeout{32000};  // timer F
};

class Notifier : public reboot::PhoneNotifier {
 public:
  Notifier(std::shared_ptr<Mailbox> mailbox, NotifierOptions options, Credentials credentials, const Flows& flows,
           Metrics& metrics, spdlog::logger& log, std::string server_name);
  ~Notifier() override;

  void notify(reboot::Notice notice, std::function<void(reboot::NoticeOutcome)> done) override;

  // SIP thread. `host` is what phones know us by; `port` the one we listen on.
  void start(su_root_t* root, nta_agent_t* agent, std::string host, std::uint16_t port);
  // SIP thread. All that is queued or in flight ends with 503.
  void stop();

 private:
  struct Job {
    Notifier* notifier = nullptr;
    reboot::Notice notice;
    std::function<void(reboot::NoticeOutcome)> done;
    Outgoing transaction;
    std::string call_id;
    std::string from_tag;
    std::uint32_t cseq = 1;
    bool challenged = false;
    std::list<std::unique_ptr<Job>>::iterator self;
  };
  using Jobs = std::list<std::unique_ptr<Job>>;

  void enqueue(std::unique_ptr<Job> job);
  void pump();
  // False: it could not be sent, and is over.
  bool send(Job& job, const std::string& authorization, bool proxy);
  Message compose(const Job& job, const std::string& authorization, bool proxy) const;
  static int on_response(nta_outgoing_magic_t* job, nta_outgoing_t* transaction, const sip_t* sip);
  void respond(Job& job, const sip_t* sip, int status);
  bool answer_challenge(Job& job, const sip_t* sip, int status);
  void end(Job& job, reboot::NoticeOutcome outcome);
  static void on_timer(su_root_magic_t*, su_timer_t*, su_timer_arg_t* self);

  std::shared_ptr<Mailbox> mailbox_;
  NotifierOptions options_;
  Credentials credentials_;
  const Flows& flows_;
  Metrics& metrics_;
  spdlog::logger& log_;
  std::string server_name_;
  std::atomic<std::size_t> outstanding_{0};

  // SIP thread only.
  Hasher hasher_;
  nta_agent_t* agent_ = nullptr;
  std::string host_;
  std::uint16_t port_ = 0;
  Timer timer_;
  bool timer_set_ = false;
  std::deque<std::unique_ptr<Job>> queue_;
  Jobs in_flight_;
  double tokens_ = 0;  // what may be sent now
  std::chrono::steady_clock::time_point filled_;
  bool stopped_ = false;
};

}  // namespace strowger::sip
