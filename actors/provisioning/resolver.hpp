// What the name of a requested file means. Phones ask for names of their own making, in their own order, and ask for
// many that need not be there: each is one row of a table (file_table.hpp).
#pragma once

#include "events/error.hpp"
#include "events/ids.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace strowger::provisioning {

enum class FileRole : std::uint8_t {
  per_mac,    // a phone's own configuration
  boot,       // by model: where a phone learns the name of its own file
  common,     // what many phones share
  extra,      // language, ring tones…: optional
  phonebook,  // the phone book, in the words of the vendor whose name it is: phonebook.hpp
  firmware,   // images and their lists: optional
  probe,      // asked for as a matter of course; not being there is the normal answer
  upload,     // what the phone writes, and may ask for again: overrides, logs
  unknown,
};
std::string_view to_string(FileRole role);

// Not being there is no fault of the phone and no sign of enumeration.
constexpr bool may_be_absent(FileRole role) {
  return role == FileRole::extra || role == FileRole::firmware || role == FileRole::probe || role == FileRole::upload;
}
// Holds what is not for everybody: a phone's secrets, people's numbers.
constexpr bool is_private(FileRole role) {
  return role == FileRole::per_mac || role == FileRole::phonebook || role == FileRole::upload;
}

struct RequestedFile {
  FileRole role = FileRole::unknown;
  std::string name;    // decoded, without /provision/ and query
  std::string vendor;  // whose habit the name is; empty: several share it. A hint only: the device's own vendor wins
  std::string model;   // where the name tells it
  std::string template_name;  // what makes a common file; empty: `common`
  std::string mac_text;       // what stands where a MAC belongs, as requested
  std::optional<MacAddress> mac;
  bool placeholder = false;                  // mac_text is a literal {mac} or the like
  std::optional<Error> mac_fault;            // mac_text is neither: what was expected
  std::optional<std::uint16_t> hardware_id;  // NN of y0000000000NN.cfg
};

// The name of the file that a request's target means: decoded, without /provision/ and query. None where it is too long
// or holds what no name may (percent.hpp).
std::optional<std::string> requested_name(std::string_view target);

// Takes a request's target: /provision/<file> or /<file>, percent-encoded, with or without a query. Never fails; what
// no row knows is FileRole::unknown. By the table that was built in.
RequestedFile resolve(std::string_view target);

}  // namespace strowger::provisioning
