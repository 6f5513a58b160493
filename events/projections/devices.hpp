// The devices as they are now, what each was last served, and how its last reboot goes.
#pragma once

#include "events/projections/device_census.hpp"
#include "events/projections/table.hpp"

#include <atomic>
#include <functional>
#include <map>
#include <set>
#include <unordered_map>

namespace strowger {

// What was registered. A new value whenever it changes, and only then.
struct DeviceDefinition {
  MacAddress mac;
  ExtensionNumber extension;
  std::string vendor;
  std::string model;
  Timestamp created_at;
  Timestamp updated_at;
  StreamVersion version{};          // of the last event that defined it: its ETag
  SealedSecret token{};             // in the path of its URL; empty: none
  std::string site{};               // whose settings it inherits; empty: none
  std::vector<DeviceLine> lines{};  // those after the first, and the first where it has a label
};
BOOST_DESCRIBE_STRUCT(DeviceDefinition, (),
                      (mac, extension, vendor, model, created_at, updated_at, version, token, site, lines))
using DefinitionPtr = std::shared_ptr<const DeviceDefinition>;

enum class RebootStage : std::uint8_t { requested, accepted, refused, unanswered };
BOOST_DESCRIBE_ENUM(RebootStage, requested, accepted, refused, unanswered)

struct RebootProgress {
  Uuid reboot;
  RebootVerb verb = RebootVerb::reboot;
  RebootReason reason = RebootReason::manual;
  RebootStage stage = RebootStage::requested;
  std::uint16_t status = 0;  // of the phone's answer
  std::string detail;        // the refusal's phrase, or why there was no answer
  Timestamp requested_at;
  std::optional<Timestamp> fetched_at;  // the first fetch after it: the phone did come back
  Uuid request;                         // the RebootRequested event
  Uuid correlation;
};
BOOST_DESCRIBE_STRUCT(RebootProgress, (),
                      (reboot, verb, reason, stage, status, detail, requested_at, fetched_at, request, correlation))

// wanted: nobody was told yet · asked: the phone is being told · accepted, refused, unanswered: what it answered; its
// fetch is waited for · retrying: it is told again, not before a time · failed: nobody tries any further · converged.
enum class ConvergenceStage : std::uint8_t {
  wanted,
  asked,
  accepted,
  refused,
  unanswered,
  retrying,
  failed,
  converged
};
BOOST_DESCRIBE_ENUM(ConvergenceStage, wanted, asked, accepted, refused, unanswered, retrying, failed, converged)

// How the phone comes to run what it is to run (events/types/convergence.hpp).
struct Convergence {
  std::string etag;  // that the phone is to fetch
  RebootReason reason = RebootReason::config_changed;
  RebootVerb verb = RebootVerb::reboot;  // of the last that it was told
  ConvergenceStage stage = ConvergenceStage::wanted;
  std::uint16_t attempts = 0;
  Uuid reboot;  // the last that it was told; nil: none
  Uuid campaign;
  Timestamp since;
  Timestamp changed_at;   // the stage
  Timestamp not_before;   // of the next attempt, where it is retrying
  bool deferred = false;  // until its call ends
  std::string code;       // of the last failure, as of RebootFailed
  std::string detail;
  std::optional<Timestamp> returned_at;
  Position cause{};
  Uuid event;  // the last that asked for something: what comes of it is caused by it
  Uuid correlation;
  bool open() const { return stage != ConvergenceStage::converged; }
  // The phone was told, and neither did it fetch nor was it given up.
  bool told() const {
    return stage == ConvergenceStage::asked || stage == ConvergenceStage::accepted ||
           stage == ConvergenceStage::refused || stage == ConvergenceStage::unanswered;
  }
};
BOOST_DESCRIBE_STRUCT(Convergence, (),
                      (etag, reason, verb, stage, attempts, reboot, campaign, since, changed_at, not_before, deferred,
                       code, detail, returned_at, cause, event, correlation))
// What an event of the device's stream makes of it.
void fold(std::optional<Convergence>& convergence, const Envelope& envelope);

// What happened around the device.
struct DeviceActivity {
  std::optional<Timestamp> last_provisioned;
  std::string last_etag;
  std::string last_ip;
  std::string last_user_agent;
  std::uint64_t fetches = 0;
  std::optional<RebootProgress> reboot;
  std::optional<Convergence> convergence;
  // Extensions that its phone may still be registered on, because it has not fetched the file of the present one: those
  // that the device had since, and the one that its last file was for. The newest last; at most four.
  std::vector<ExtensionNumber> former{};
};
BOOST_DESCRIBE_STRUCT(DeviceActivity, (),
                      (last_provisioned, last_etag, last_ip, last_user_agent, fetches, reboot, convergence, former))
// The device gets another extension: its phone is where it was until it fetches.
void extension_changes(DeviceActivity& activity, const ExtensionNumber& from, const ExtensionNumber& to);

// What a phone may prove itself with.
struct DeviceCredentials {
  std::string username;  // empty: no password either
  SealedSecret password;
  std::uint64_t password_version = 0;  // changes with it
  Timestamp password_set_at{};
  std::string token_sha256;  // 64 hex digits; empty: none
  Timestamp token_issued_at{};
  std::string previous_sha256;
  std::optional<Timestamp> previous_until;
};
BOOST_DESCRIBE_STRUCT(DeviceCredentials, (),
                      (username, password, password_version, password_set_at, token_sha256, token_issued_at,
                       previous_sha256, previous_until))
using CredentialsPtr = std::shared_ptr<const DeviceCredentials>;

// What is known of the phone since its enrolment was opened.
struct DeviceEnrolment {
  Timestamp opened_at{};
  std::optional<Timestamp> registered_at;  // its first SIP registration since
  // That it is bound to: of DeviceEnrolled, else of that registration. Empty: none yet. Fetches themselves do not
  // count, for they are folded one day.
  std::string ip;
  bool recorded = false;  // by DeviceEnrolled
};
BOOST_DESCRIBE_STRUCT(DeviceEnrolment, (), (opened_at, registered_at, ip, recorded))

// What was found when the file was last rendered that the device would be sent. No event says so, so it is not stored.
struct DeviceLook {
  enum class Found : std::uint8_t { unknown, file, nothing };
  Found found = Found::unknown;
  std::string etag{};  // of the file
  bool operator==(const DeviceLook&) const = default;
};
// Without a look, a phone that was served a file is taken to have the present one: a change begins with an event, and
// the convergence reactor looks at each device that it may concern.
DeviceStanding standing_of(const DeviceActivity& activity, const DeviceLook& look);

struct DeviceRow {
  DefinitionPtr definition;
  DeviceActivity activity;
  CredentialsPtr credentials{};  // none: it has none
  DeviceEnrolment enrolment{};
};

class DevicesProjection : public Projection {
 public:
  std::optional<DeviceRow> find(const MacAddress& mac) const;
  std::vector<DeviceRow> list(const std::optional<MacAddress>& after, std::size_t max) const;  // by MAC
  // By MAC. `fits` runs under the readers' lock: it must not call this. O(devices), and copies only what fits.
  std::vector<DeviceRow> all_that(const std::function<bool(const DeviceRow&)>& fits) const;
  // On any of its lines.
  std::vector<MacAddress> on_extension(const ExtensionNumber& extension) const;
  // Those that have it no more, and whose phone may still be registered on it (DeviceActivity::former).
  std::vector<MacAddress> formerly_on(const ExtensionNumber& extension) const;
  std::vector<MacAddress> macs() const;
  // At most `max` above `after`, by MAC: of all devices, or of a vendor's model. O(max + log n).
  std::vector<MacAddress> macs(const std::optional<MacAddress>& after, std::size_t max) const;
  std::vector<MacAddress> of_model(std::string_view vendor, std::string_view model,
                                   const std::optional<MacAddress>& after, std::size_t max) const;
  // What a device is and the ETag that its phone was last sent; no definition: there is no such device. O(1).
  struct Runs {
    DefinitionPtr definition;
    std::string etag{};
    std::vector<ExtensionNumber> former{};  // DeviceActivity::former
  };
  Runs runs(const MacAddress& mac) const;
  std::size_t size() const;

  // --- Without a look at every device

  // How many stand how. O(1).
  DeviceCounts counts() const;
  // The first by MAC that are neither converged nor waiting. O(max).
  std::vector<DeviceRow> unsettled(std::size_t max) const;
  // The first that was last served at an address. O(log n).
  std::optional<DeviceRow> served_at(const std::string& ip) const;
  // At most `most` MACs: the nearest in order above and below. O(most).
  std::vector<MacAddress> around(const MacAddress& mac, std::size_t most) const;
  // Tells what a device would be sent now: the file of this ETag, or none for the reason given. Where `device` is not
  // the present definition it is not taken. It changes only what is counted, and is forgotten with the process. O(log
  // n), under the writers' lock only where it changes something.
  void looked(const DefinitionPtr& device, const Result<std::string>& etag) const;

  // For the hot path: the definition, and what a fetch now belongs to (nil where nothing waits for one).
  struct Serving {
    DefinitionPtr definition;
    Uuid correlation;
    Uuid causation;
  };
  Serving find_for_serving(const MacAddress& mac) const;
  // When the enrolment was opened that a fetch now would decide; none: it is decided, or there is no such device.
  std::optional<Timestamp> open_enrolment(const MacAddress& mac) const;
  // While it stands, so does what find_for_serving says of every device.
  std::uint64_t changes() const { return changes_.load(std::memory_order_acquire); }

  // Whose HTTP user name, and whose token (by its SHA-256; the one before too), that is.
  std::optional<MacAddress> with_username(const std::string& username) const;
  std::optional<MacAddress> with_token(const std::string& sha256) const;
  // Of some device; none where no device has a password.
  CredentialsPtr any_with_password() const;

  std::string_view name() const override { return "devices"; }
  std::uint32_t schema() const override { return 4; }
  void flush(RowBatch& batch) override;
  Result<void> load(std::string_view key, std::string_view row) override;
  std::unique_ptr<Projection> blank() const override { return std::make_unique<DevicesProjection>(); }
  void adopt(Projection& rebuilt) override;
  void dump(RowBatch& all) const override;

 private:
  void fold(const Envelope& envelope) override;
  void fold_device(const Envelope& envelope, const MacAddress& stream_mac);
  struct Stored {
    DeviceDefinition definition;
    DeviceActivity activity;
    std::optional<DeviceCredentials> credentials;
    DeviceEnrolment enrolment;
    BOOST_DESCRIBE_CLASS(Stored, (), (definition, activity, credentials, enrolment), (), ())
  };
  static std::string stored(const DeviceRow& row);
  void enroll(const MacAddress& mac, Timestamp now);
  void enrolled(const DeviceEnrolled& event);
  void phone_registered(const PhoneRegistered& event, Timestamp time);
  void phone_is_at(const MacAddress& mac, const ExtensionNumber& extension);
  template <class Change>
  void change_former(const MacAddress& mac, Change change);
  void change_credentials(const MacAddress& mac, const std::function<void(DeviceCredentials&)>& change);
  void set_token(const MacAddress& mac, const SealedSecret& token, Timestamp time);
  void index(const MacAddress& mac, const DeviceCredentials& credentials);
  void unindex(const DeviceCredentials& credentials);
  void define(DeviceDefinition definition);
  template <class Change>
  void redefine(const MacAddress& mac, const Envelope& envelope, Change change);
  void index(const DeviceDefinition& definition);
  void forget(const DeviceDefinition& definition);
  void answered(const MacAddress& mac, const Uuid& reboot, RebootStage stage, std::uint16_t status,
                const std::string& detail);

  struct Counted {
    std::optional<DeviceStanding> standing{};
    std::string ip{};
  };
  const DeviceLook& look_at(const MacAddress& mac, const DeviceRow& row) const;
  Counted counted(const MacAddress& mac) const;
  void recount(const MacAddress& mac, const Counted& before) const;

  Rows<MacAddress, DeviceRow> rows_;
  std::set<std::pair<ExtensionNumber, MacAddress>> by_extension_;
  std::map<std::pair<std::string, std::string>, std::set<MacAddress>> by_model_;  // vendor and model
  std::set<std::pair<ExtensionNumber, MacAddress>> by_former_;
  std::unordered_map<std::string, MacAddress> by_username_;
  std::unordered_map<std::string, MacAddress> by_token_;
  mutable std::set<std::pair<std::string, MacAddress>> by_ip_;  // of the last fetch
  std::atomic<std::uint64_t> changes_{0};
  // looked() changes these, with the lock held; they say nothing that a row does not.
  mutable DeviceCounts counts_;
  mutable std::set<MacAddress> unsettled_;
  // Of those for whom a look says something else than no look would; each with the definition that it is of.
  mutable std::unordered_map<MacAddress, std::pair<DefinitionPtr, DeviceLook>> looks_;
};

}  // namespace strowger
