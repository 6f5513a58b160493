// Whether a phone is in a call: then it is told to reboot only when the call has ended.
#pragma once

#include "events/ids.hpp"

namespace strowger::reboot {

class BusyPhones {
 public:
  virtual ~BusyPhones() = default;
  // Any thread. What is not known by device is answered for its extension.
  virtual bool in_call(const MacAddress& mac, const ExtensionNumber& extension) const = 0;
};

// This server connects no calls yet, and so it knows of none.
class NoCalls : public BusyPhones {
 public:
  bool in_call(const MacAddress&, const ExtensionNumber&) const override { return false; }
};

}  // namespace strowger::reboot
