// Which vendors and models there are, read from each vendor's vendor.json (templates/): their address prefixes, the
// grammar of their files, and what makes them fetch again or restart. Facts as published by vendors and by other
// provisioning systems; see each template's folder.
#pragma once

#include "actors/provisioning/format.hpp"
#include "actors/provisioning/vendor_values.hpp"
#include "events/error.hpp"
#include "events/ids.hpp"
#include "events/types/device.hpp"
#include "templates/files.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace strowger::provisioning {

struct Model {
  std::string model;                          // canonical: t46s
  std::string name;                           // Yealink SIP-T46S
  std::string family;                         // t4s: models that share a template
  std::string kind;                           // deskphone, conference, dect, wifi, video, doorphone or ata
  std::optional<std::uint16_t> lines;         // SIP accounts; none: not published
  std::optional<std::uint16_t> keys;          // programmable keys on the phone itself
  std::optional<std::uint16_t> sidecars;      // expansion modules that it takes
  std::optional<std::uint16_t> sidecar_keys;  // programmable keys on one of them
  std::vector<std::uint16_t> hardware_ids;    // NN of y0000000000NN.cfg
  std::vector<std::string> aliases;           // as it is also called; squeezed()
  std::string template_file;                  // yealink/t46s.template
};

struct Vendor {
  std::string vendor;  // canonical: yealink
  std::string name;    // Yealink
  std::vector<std::string> aliases;
  Format format = Format::text;
  std::string content_type;
  std::string first_line;    // what a file has to start with; may be empty
  std::string reboot_event;  // the whole value of the NOTIFY's Event header
  std::string resync_event;
  bool challenges_notify = false;   // answers 401 first, for the line's own credentials
  std::string url_macro;            // what the phone expands to its MAC in a URL; empty: none, it appends file names
  std::string menu_path;            // where a person sets that URL
  std::vector<std::uint32_t> ouis;  // a hint only: makers share prefixes
  std::vector<std::string> model_prefixes;                   // what people and phones write before a model: SIP-T46S
  std::vector<std::string> model_suffixes;                   // and behind it: 8841-3PCC
  std::vector<Model> models;                                 // by model
  std::unordered_map<std::string, std::size_t> model_names;  // canonical ones and aliases
  std::shared_ptr<const VendorValues> values = VendorValues::none();  // how its phones write what settings say
};

// Immutable; any thread.
class VendorCatalog {
 public:
  // Fails with the file and what is wrong in it, also in its table of files (file_table.hpp).
  static Result<VendorCatalog> parse(std::span<const templates::File> files);
  // What the program was built with.
  static VendorCatalog built_in();

  const std::vector<Vendor>& vendors() const { return vendors_; }  // by name

  // Take any case, spaces, dashes and underscores, and a vendor's name before the model: SIP-T46S, "vvx 450". What is
  // not known is `unknown_vendor` or `unknown_model` (unacceptable), and names the nearest that are.
  Result<const Vendor*> vendor(std::string_view name) const;
  Result<const Model*> model(const Vendor& vendor, std::string_view name) const;
  // The same without a reason; null where not known.
  const Vendor* find_vendor(std::string_view name) const;
  static const Model* find_model(const Vendor& vendor, std::string_view name);

  // Whose prefix it is; null: nobody's that is known.
  const Vendor* vendor_of(const MacAddress& mac) const;
  // Who names a common file by this hardware id.
  std::optional<std::pair<const Vendor*, const Model*>> by_hardware_id(std::uint16_t id) const;

  // The Event value that makes the vendor's phones restart or fetch again; `unknown_vendor` as above.
  Result<std::string> notify_event(std::string_view vendor, RebootVerb verb) const;

 private:
  std::vector<Vendor> vendors_;
  std::unordered_map<std::uint32_t, std::size_t> by_oui_;
};

// A name as it is compared: lower-case letters and digits only.
std::string squeezed(std::string_view name);

}  // namespace strowger::provisioning
