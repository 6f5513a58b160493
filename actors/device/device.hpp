// The device's decider: which extension a physical phone serves, and how its phone comes to run the configuration that
// it is to run (ARCHITECTURE section 5).
//
//   wanted ──▶ told ──▶ (the phone fetches what is wanted) converged
//      ▲        │
//      └─retrying, failed
//
// Times and limits are the reactors' (actors/convergence): they say what has happened, and the device decides what it
// means. Everything is said by the ETag or the reboot that it is about, so that what comes late or twice is no news.
#pragma once

#include "actors/decider.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace strowger::actors {

// Vendor and model are canonical (actors/provisioning/vendors), the extension exists: checked at the edge.
struct RegisterDevice {
  MacAddress mac;
  ExtensionNumber extension;
  std::string vendor;
  std::string model;
  // A phone is registered on the extension, so that there is somebody to tell.
  bool phone_present = false;
  std::string etag{};  // of the file that the phone will be sent; empty where it would get none
  // Not given: as they were.
  std::optional<std::string> site{};
  std::optional<std::vector<DeviceLine>> lines{};
  // A device that has this extension and model is not registered anew.
  bool if_different = false;
};

struct ChangeDevice {
  std::optional<ExtensionNumber> extension;
  std::optional<std::string> vendor;
  std::optional<std::string> model;
  std::optional<std::string> site{};
  std::optional<std::vector<DeviceLine>> lines{};  // those after the first, and the first where it has a label
  // With another extension: its phone is registered, on whatever one, and is told at once.
  bool phone_present = false;
  std::string etag{};  // of the file that the phone will be sent; empty where it would get none
};

struct UnregisterDevice {};

struct RequestReboot {
  RebootVerb verb = RebootVerb::reboot;
  RebootReason reason = RebootReason::manual;
  std::string etag{};  // of the file that the phone will be sent; empty where it would get none
  Uuid campaign{};
};

// The device's file is this one now, and its phone was last sent `served` (empty: never any, and so there is no phone
// that would have to fetch it).
struct WantConfig {
  std::string etag;
  std::string served;
  RebootReason reason = RebootReason::config_changed;
  Position cause{};
};

// Its turn has come: the phone is told to fetch what is wanted.
struct TellPhone {
  std::string etag;
  RebootVerb verb = RebootVerb::reboot;
  std::uint16_t attempt = 1;  // the next one, else it is no news
};

// The phone was sent this.
struct ReportFetched {
  std::string etag;
};

// The phone was told, and what is wanted did not come of it.
struct ReportOverdue {
  Uuid reboot;
  std::string code;
  std::string reason;
  std::optional<std::chrono::seconds> retry_in;  // none: no more tries
};

// There is nobody to be told.
struct ReportUnreachable {
  std::string etag;
  std::string reason;
};

// The phone is in a call, and is told later.
struct ReportDeferred {
  Uuid reboot;
  std::string reason;
};

// The phone registered after it had fetched.
struct ReportReturned {
  Uuid reboot;
  std::string contact;
  std::string ip;
  Timestamp registered_at;
};

// What became of telling the phone; from the reboot reactor.
struct ReportReboot {
  enum class Answer : std::uint8_t { accepted, refused, none };
  Uuid reboot;
  Answer answer = Answer::none;
  std::string contact;
  std::uint16_t status = 0;
  std::string phrase;  // of the refusal, or why there was no answer
};

// What the phone proves itself with by HTTP Basic or Digest; the password is sealed by who asks.
struct SetDeviceCredentials {
  std::string username;
  SealedSecret password;
  SealedSecret sealed_like{};  // the password whose data key it was sealed with; empty: its own
};
struct RemoveDeviceCredentials {};

// A token for the path of its URL. The one before is taken for `grace` longer.
struct IssueDeviceToken {
  SealedSecret token;
  std::string sha256;
  std::chrono::minutes grace{0};
  SealedSecret sealed_like{};  // as of a password
};
struct RevokeDeviceToken {};

struct OpenDeviceEnrolment {};

struct Device {
  static constexpr std::string_view category = "device";
  static constexpr std::uint32_t snapshot_schema = 2;

  enum class Stage : std::uint8_t { wanted, told, retrying, failed };
  BOOST_DESCRIBE_NESTED_ENUM(Stage, wanted, told, retrying, failed)
  // What the phone is to fetch and was not seen to.
  struct Pending {
    std::string etag;
    RebootReason reason = RebootReason::config_changed;
    Stage stage = Stage::wanted;
    std::uint16_t attempts = 0;
    std::optional<Uuid> reboot;  // the last that it was told
    Uuid campaign;
    BOOST_DESCRIBE_CLASS(Pending, (), (etag, reason, stage, attempts, reboot, campaign), (), ())
  };

  struct State {
    bool registered = false;
    MacAddress mac;
    ExtensionNumber extension;
    std::string vendor;
    std::string model;
    std::optional<Uuid> telling;   // the reboot that has no answer yet
    std::optional<Uuid> deferred;  // the reboot that was said to wait for a call's end
    std::optional<Pending> pending;
    std::optional<Uuid> returning;  // the reboot after which the phone fetched; it has not been seen to register since
    SealedSecret password;          // for HTTP; empty: none
    SealedSecret token;             // in its URL; empty: none
    std::string site;
    std::vector<DeviceLine> lines;
    BOOST_DESCRIBE_CLASS(State, (),
                         (registered, mac, extension, vendor, model, telling, deferred, pending, returning, password,
                          token, site, lines),
                         (), ())
  };
  using Command = std::variant<RegisterDevice, ChangeDevice, UnregisterDevice, RequestReboot, ReportReboot, WantConfig,
                               TellPhone, ReportFetched, ReportOverdue, ReportUnreachable, ReportDeferred,
                               ReportReturned, SetDeviceCredentials, RemoveDeviceCredentials, IssueDeviceToken,
                               RevokeDeviceToken, OpenDeviceEnrolment>;

  static constexpr std::size_t most_lines = 64;
  static constexpr std::array<Bound, 1> bounds{{{"lines", most_lines}}};

  static State initial() { return {}; }
  static Result<std::vector<Event>> decide(const State& state, const Command& command, const Context& context);
  static State evolve(State state, const Event& event);
  static bool defines(const Event& event);
};

}  // namespace strowger::actors
