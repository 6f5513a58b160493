// Turns a device and its extension into the bytes that its phone reads. All templates are parsed and proven when the
// renderer is made, so that no value can break a file. A render fails only where a password cannot be written in the
// phone's grammar (`unwritable_password`), and where lists inside lists make a device's
// file larger than a file may be: `output_too_large`, `template_too_costly` (template_program.hpp).
#pragma once

#include "actors/provisioning/coverage.hpp"
#include "actors/provisioning/custom_templates.hpp"
#include "actors/provisioning/phone_settings.hpp"
#include "actors/provisioning/template_text.hpp"
#include "actors/provisioning/vendor_catalog.hpp"
#include "actors/provisioning/vendor_values.hpp"
#include "events/error.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace strowger::provisioning {

// What all files have in common.
struct ServerValues {
  std::string sip_server;
  std::uint16_t sip_port = 5060;
  std::string sip_realm;
  std::string server_name;
};

// What a vendor and a model make of a device's values.
struct ModelKind {
  std::shared_ptr<const VendorValues> values = VendorValues::none();
  std::optional<std::uint16_t> lines{};  // how many it has; none: not known
  std::optional<std::uint16_t> keys{};
};

// How many lines can be rendered for it: those it has, where they are known, and for which the vendor has codes.
std::uint16_t line_limit(const ModelKind& kind);

// All that a template gives to a file: what history keeps of it.
struct TemplateInForce {
  std::string vendor;
  std::string model;
  std::string name;  // yealink/t46s.template, or the custom file's name
  bool custom = false;
  Format format = Format::text;
  std::string content_type;
  std::string model_name;
  std::string text;
  ModelKind kind{};
};

// A further line of a phone.
struct LineValues {
  std::uint16_t line = 0;  // from 2
  ExtensionNumber number;
  std::string name;      // empty: the number stands in for it
  std::string password;  // in clear
  std::string label;     // empty: the name stands in for it
};

struct DeviceValues {
  ServerValues server;
  ExtensionNumber number;
  std::string name;      // empty: the number stands in for it
  std::string password;  // in clear; it goes into the file and nowhere else
  MacAddress mac;
  std::string config_url;                // of this device, with its token
  std::string token{};                   // in clear: what of the URL is a secret; empty: it has none
  std::string label{};                   // of the first line; empty: the name stands in for it
  std::vector<LineValues> more_lines{};  // in order
  PhoneValues phone{};

  void wipe();  // the secrets
};

struct Rendered {
  std::string bytes;
  std::string content_type;
  std::string etag;  // strong, with its quotes; equal bytes have equal ones, on every node and after every start
  std::string template_name;  // yealink/t46s.template, or the custom file's name
  // By the placeholders that its template took, whatever template that is; of a custom one also by the names of what
  // was typed into it. Such a file goes only to whoever may have the secret, by a way on which it can be asked who that
  // is.
  bool holds_secret = true;
};

// `"…"` over a 128-bit BLAKE2b of the bytes.
std::string etag_of(std::string_view bytes);

// Immutable; any thread. A reload makes a new one.
class Renderer {
 public:
  struct Made;
  // Custom templates take the place of the built-in ones. One that is refused is reported and leaves the built-in in
  // force. Fails only where a built-in template itself is bad. The catalog has to outlive the renderer.
  static Result<Made> make(const VendorCatalog& catalog, std::span<const CustomTemplate> custom,
                           std::span<const templates::File> built_in = templates::files());

  // The same with another template for one model: `own`, or, without one, what is built in. `bad_template`,
  // `output_too_large`, `template_too_costly`; `stopped`.
  Result<std::shared_ptr<const Renderer>> with(const Vendor& vendor, const Model& model,
                                               const std::optional<CustomTemplate>& own,
                                               const std::stop_token& stop = {}) const;

  // Vendor and model in any form that the catalog takes. `template_not_found` where there is none.
  Result<Rendered> render(std::string_view vendor, std::string_view model, const DeviceValues& values) const;

  // The file that a vendor's phones share before they know their own (y000000000066.cfg, spa504G.cfg,
  // 000000000000.cfg), made by the vendor's template of this name. It holds nothing secret. `config_url` is computed
  // with the vendor's macro in place of the MAC.
  Result<Rendered> render_common(std::string_view vendor, const ServerValues& server, const std::string& config_url,
                                 std::string_view name = "common") const;

  struct TemplateInfo {
    std::string vendor;
    std::string model;
    std::string name;
    std::string text;
    bool custom = false;
    bool operator==(const TemplateInfo&) const = default;
  };
  // By vendor and model.
  std::vector<TemplateInfo> templates() const;
  Result<TemplateInfo> find(std::string_view vendor, std::string_view model) const;
  // Those of the phones' own files, by vendor and model.
  std::vector<TemplateInForce> in_force() const;

  // What reaches the files of a vendor's model, and by which template; null: there is no such template. The names are
  // canonical. Lives as long as this. Complexity: O(log models).
  struct Covered {
    const Coverage* coverage = nullptr;
    std::string_view template_name{};
  };
  Covered coverage(std::string_view vendor, std::string_view model) const;
  // By vendor and template. Complexity: O(models).
  std::vector<FamilyCoverage> families() const;

 private:
  struct Entry {
    const Vendor* vendor = nullptr;
    const Model* model = nullptr;  // null: the common file
    TemplateText text;
    bool custom = false;
    std::shared_ptr<const Coverage> coverage{};  // of a model's; a family's models share it

    ModelKind kind() const;
  };
  using Key = std::pair<std::string, std::string>;  // vendor and model, or vendor and /common

  explicit Renderer(const VendorCatalog& catalog) : catalog_(&catalog) {}
  Result<const Entry*> entry(std::string_view vendor, std::string_view model) const;

  const VendorCatalog* catalog_;
  std::map<Key, Entry> entries_;
};

struct Renderer::Made {
  std::shared_ptr<const Renderer> renderer;
  std::vector<Error> refused;  // one for each custom template that is not in force, with its file and line
};

// The file as a template that was in force once made it; byte by byte what render() gave then.
Result<Rendered> render_from(const TemplateInForce& source, const DeviceValues& values,
                             const std::stop_token& stop = {});

// Parses a template for a vendor's model and renders it with hostile values to see that its output always obeys the
// grammar. For uploads, before they are stored.
Result<TemplateText> check_template(const Vendor& vendor, const Model& model, std::string name, std::string_view text,
                                    const std::stop_token& stop = {});

}  // namespace strowger::provisioning
