// The simulator of phones that read files: a reader a vendor, each in its own file, written by the vendor's guide and
// not by our templates. It knows comments, quotes, escapes, defaults and codes as the phone does.
//
// To let a reader read more: fill in the facts in <vendor>.cpp and take their names off its list of gaps. The test
// (tests/unit/provisioning/phone_files_test.cpp) fails where a listed gap is none any more.
#pragma once

#include "actors/provisioning/vendor_catalog.hpp"
#include "tests/phones/phone.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace strowger::phones {

// A file as it came, and whose it is.
struct PhoneFile {
  const provisioning::Vendor* vendor = nullptr;
  const provisioning::Model* model = nullptr;
  std::string_view bytes;

  std::string_view template_name() const { return model->template_file; }  // yealink/t46s.template
};

struct Reader {
  PhoneAsConfigured (*read)(const PhoneFile& file) = nullptr;
  // Names of facts that this model's file, or its reader, cannot tell yet, with why; * stands for anything:
  // "line.*.codecs", "language", "*".
  struct Gap {
    std::string fact;
    std::string why;
  };
  std::vector<Gap> (*gaps)(const PhoneFile& file) = nullptr;
};

Reader avaya_reader();
Reader cisco_reader();
Reader fanvil_reader();
Reader grandstream_reader();
Reader htek_reader();
Reader mitel_reader();
Reader polycom_reader();
Reader sangoma_reader();
Reader snom_reader();
Reader yealink_reader();
Reader zultys_reader();

// By the vendor of the catalog.
Reader reader_of(std::string_view vendor);

// Whether a fact's name fits a gap's.
bool fits(std::string_view pattern, std::string_view fact);

}  // namespace strowger::phones
