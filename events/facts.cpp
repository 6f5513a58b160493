#include "events/facts.hpp"

#include <unordered_set>

namespace strowger {

bool is_fact(std::string_view type) {
  static const std::unordered_set<std::string_view> facts{
      ConfigServed::type,    ConfigServedRepeated::type, DeviceEnrolled::type,    FileUploaded::type,
      UploadRemoved::type,   PnpAnswered::type,          SecretsShown::type,      Folded::type,
      PhoneRegistered::type, PhoneMoved::type,           PhoneUnregistered::type, RegistrationExpired::type};
  return facts.contains(type);
}

}  // namespace strowger
