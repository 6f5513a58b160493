// The port through which a reactor tells one phone something: an out-of-dialog NOTIFY (adapters/sip).
#pragma once

#include "actors/registrar/binding.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace strowger::reboot {

struct Notice {
  registrar::BindingPtr binding;  // the one phone, never the AOR
  std::string event;              // the whole value of the Event header, by vendor: check-sync;reboot=true
  std::string content_type;       // empty: no body
  std::string body;
};

// The status of a notice to a phone whose connection has ended (RFC 5626 section 5.3: 430): it was not sent.
inline constexpr std::uint16_t not_connected = 430;

struct NoticeOutcome {
  // The final SIP status after challenges were answered with the extension's credentials; 408 with `timed_out` when
  // none came (timer F), not_connected, and 503 when it could not be sent.
  std::uint16_t status = 0;
  std::string phrase;
  bool timed_out = false;
  std::optional<std::uint32_t> retry_after{};  // seconds, as the phone said
};

// Whether a refusal with this status stays one however often the phone is told (RFC 3261 section 21, RFC 6665):
// 405, 489, 501 and 6xx.
constexpr bool refused_for_good(unsigned status) {
  return status == 405 || status == 489 || status == 501 || (status >= 600 && status < 700);
}

// A refusal's phrase that carries Retry-After along, for people and for retry_after_of().
std::string with_retry_after(std::string phrase, const std::optional<std::uint32_t>& seconds);
// Of a text that ends as with_retry_after() made it.
std::optional<std::chrono::seconds> retry_after_of(std::string_view text);

// Any thread. Sends are paced by the adapter. The outcome comes exactly once, on the adapter's thread.
class PhoneNotifier {
 public:
  virtual ~PhoneNotifier() = default;
  virtual void notify(Notice notice, std::function<void(NoticeOutcome)> done) = 0;
};

}  // namespace strowger::reboot
