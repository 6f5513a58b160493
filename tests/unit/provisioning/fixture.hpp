// A device of each of the first models and of every family of another shape, and values that make trouble.
#pragma once

#include "actors/provisioning/renderer.hpp"

#include <string>
#include <utility>
#include <vector>

namespace strowger::provisioning::test {

struct Sample {
  std::string vendor;
  std::string model;
  std::string mac;
};

inline std::vector<Sample> samples() {
  return {{"zultys", "zip33g", "000bea85abcd"}, {"zultys", "zip37g", "000bea85abce"},
          {"yealink", "t46s", "001565123456"},  {"polycom", "vvx450", "0004f2aabbcc"},
          {"cisco", "spa504g", "8843e157ddcc"}, {"grandstream", "gxp2170", "000b82aabbcc"},
          {"yealink", "t28p", "001565123457"},  {"fanvil", "x5u", "0c383e07e16c"},
          {"fanvil", "x4", "0c383e07e16d"},     {"snom", "d785", "000413922d24"},
          {"sangoma", "s500", "005058123456"},  {"avaya", "j179", "c81fea83e85a"},
          {"mitel", "6920", "1400e91f03ea"},    {"htek", "uc926", "001fc11c22a9"}};
}

inline DeviceValues device(const Sample& sample) {
  DeviceValues values;
  values.server = {"192.168.1.14", 5060, "strowger", "Strowger"};
  values.number = ExtensionNumber::parse("1001").value();
  values.name = "John Smith";
  values.password = "s3cret-Pass";
  values.mac = MacAddress::parse(sample.mac).value();
  values.config_url = "http://192.168.1.14:8080/provision/" + sample.mac + ".cfg";
  return values;
}

inline const VendorCatalog& catalog() {
  static const VendorCatalog instance = VendorCatalog::built_in();
  return instance;
}

inline std::shared_ptr<const Renderer> renderer(const std::vector<CustomTemplate>& custom = {}) {
  static const auto built_in = Renderer::make(catalog(), {}).value().renderer;  // proves each template: once is enough
  return custom.empty() ? built_in : Renderer::make(catalog(), custom).value().renderer;
}

}  // namespace strowger::provisioning::test
