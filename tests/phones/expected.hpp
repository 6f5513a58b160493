// What a phone has to make of its file, told from the configuration alone: no template is asked.
#pragma once

#include "actors/provisioning/renderer.hpp"
#include "tests/phones/phone.hpp"

namespace strowger::phones {

// Every setting, as many lines as the model has (six, and the last), and a key of each type that the vendor's phones
// know.
provisioning::DeviceValues rich_configuration(const provisioning::Vendor& vendor, const provisioning::Model& model);

PhoneAsConfigured expected(const provisioning::DeviceValues& values, const provisioning::Vendor& vendor,
                           const provisioning::Model& model);

}  // namespace strowger::phones
