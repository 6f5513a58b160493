// The port through which a reactor tells one phone something: an out-of-dialog NOTIFY (adapters/sip).
#pragma once

#include "actors/registrar/binding.hpp"

#include <functional>
#include <string>

namespace strowger::reboot {

struct Notice {
  registrar::BindingPtr binding;  // the one phone, never the AOR
  std::string event;              // the whole value of the Event header, by vendor: check-sync;reboot=true
  std::string content_type;       // empty: no body
  std::string body;
};

struct NoticeOutcome {
  // The final SIP status after challenges were answered with the extension's credentials; 408 with `timed_out` when
  // none came (timer F) and 503 when it could not be sent.
  std::uint16_t status = 0;
  std::string phrase;
  bool timed_out = false;
};

// Any thread. Sends are paced by the adapter. The outcome comes exactly once, on the adapter's thread.
class PhoneNotifier {
 public:
  virtual ~PhoneNotifier() = default;
  virtual void notify(Notice notice, std::function<void(NoticeOutcome)> done) = 0;
};

}  // namespace strowger::reboot
