// Every event there is, and the envelope that carries one.
#pragma once

#include "events/record.hpp"
#include "events/types/access.hpp"
#include "events/types/campaign.hpp"
#include "events/types/convergence.hpp"
#include "events/types/device.hpp"
#include "events/types/device_lines.hpp"
#include "events/types/directory.hpp"
#include "events/types/disclosure.hpp"
#include "events/types/extension.hpp"
#include "events/types/history.hpp"
#include "events/types/phone_settings.hpp"
#include "events/types/phonebook.hpp"
#include "events/types/pnp.hpp"
#include "events/types/provisioning.hpp"
#include "events/types/quarantine.hpp"
#include "events/types/registration.hpp"
#include "events/types/sighting.hpp"
#include "events/types/system.hpp"
#include "events/types/template.hpp"
#include "events/types/upload.hpp"
#include "events/types/user.hpp"

#include <string>
#include <variant>

namespace strowger {

using Event = std::variant<ExtensionCreated, ExtensionChanged, ExtensionPasswordChanged, ExtensionDeleted,          //
                           DeviceRegistered, DeviceChanged, DeviceUnregistered,                                     //
                           DeviceLinesChanged, DeviceSiteChanged, PhoneSettingsChanged,                             //
                           ExtensionListingChanged, ContactAdded, ContactChanged, ContactRemoved,                   //
                           FileUploaded, UploadRemoved, PnpAnswered,                                                //
                           RebootRequested, RebootAccepted, RebootRefused, RebootUnanswered, ConfigServed,          //
                           ConfigServedRepeated, ConfigWanted, RebootRetryScheduled, RebootFailed, RebootDeferred,  //
                           DeviceConverged, DeviceReturned,                                                         //
                           CampaignStarted, CampaignDevicesAdded, CampaignDeviceSkipped, CampaignDevicesSkipped,
                           CampaignPaused,                                                             //
                           CampaignResumed, CampaignCancelled, CampaignAborted, CampaignCompleted,     //
                           DeviceCredentialsSet, DeviceCredentialsRemoved, DeviceTokenIssued,          //
                           DeviceTokenRevoked, DeviceEnrolmentOpened, SourceBlocked, SourceUnblocked,  //
                           PhoneRegistered, PhoneMoved, PhoneUnregistered, RegistrationExpired,        //
                           ConfigRefused, DeviceEnrolled,                                              //
                           ConfigRefusedRepeated, OthersRefused,                                       //
                           LoginFailed, LoginFailedRepeated, OtherLoginsFailed,                        //
                           Folded, DaySummarized,                                                      //
                           DirectorySyncStarted, DirectorySyncCompleted, DirectorySyncFailed,          //
                           NameSynced, ExtensionLinked, ExtensionUnlinked,                             //
                           ExtensionDisabled, ExtensionEnabled, UserRoleSynced, UserRoleWithdrawn,     //
                           TemplateTextStored, TemplatePublished, SettingsApplied, SecretsShown,       //
                           UserCreated, UserPasswordChanged, TokenRevoked,                             //
                           ServerStarted, LogSeeded, MasterKeyRotated,                                 //
                           Undecodable, LogRepaired>;

// A recorded event, decoded.
struct Envelope {
  Uuid id;
  StreamId stream;
  StreamVersion version{};
  Position position{};
  Timestamp time;
  std::string by;
  Uuid correlation;
  Uuid causation;
  Event event;
};

// Who did it and what it belongs to; what every event of one command shares.
struct Cause {
  std::string by;    // admin:ann, phone:001565123456, directory:ad, system
  Uuid correlation;  // nil: the event starts a correlation of its own, named by its id
  Uuid causation;    // the event that led to it; nil where a person or a phone did
};

std::string_view type_of(const Event& event);

// Ready to append. Safe from any thread. Whatever bytes the event's texts and `by` are made of, decode() reads the
// record: what is not UTF-8 becomes U+FFFD (events/json.hpp).
NewRecord encode(const Event& event, const Cause& cause, Timestamp time, IdSource& ids);
// Fails with `unknown_event_type` on a type or schema version of a newer release, `bad_event` on data that does not
// fit its type. Older schema versions are upcast here.
Result<Envelope> decode(const Record& record);
// For whoever follows the log or reads a stream and must not stop at one bad event: an event that cannot be decoded
// comes as Undecodable, in its place, with its envelope. Never fails.
Envelope decode_or_quarantine(const Record& record);

// CloudEvents 1.0, JSON format (API.md section 1), secrets masked. `subject` is what the event is about; where that is
// not the stream that `streamversion` counts in (facts of a device), the extension attribute `stream` names it. An
// event that cannot be decoded has `data` null and an extension attribute `undecodable`, which says why.
std::string to_cloud_event(const Record& record, std::string_view source);

}  // namespace strowger
