// Htek and Sangoma S phones, which Htek makes: one family of P-codes (FusionPBX sangoma/s500, htek/uc926; fspbx
// htek/uc926; wazo htek for accounts 7 to 16).
#pragma once

#include "tests/phones/readers.hpp"

namespace strowger::phones {

PhoneAsConfigured read_hanlong(const PhoneFile& file);
std::vector<Reader::Gap> hanlong_gaps(const PhoneFile& file);

}  // namespace strowger::phones
