#include "adapters/http/routes/device_checks.hpp"

#include "actors/bulk/spreadsheet.hpp"
#include "adapters/http/routes/phone_settings.hpp"
#include "events/controls.hpp"

#include <algorithm>
#include <set>

namespace strowger::http::routes {

Result<Kind> kind_of(const Services& services, std::string_view vendor, std::string_view model) {
  const auto known = services.vendors.vendor(vendor);
  if (!known) return known.error();
  const auto found = services.vendors.model(**known, model);
  if (!found) return found.error();
  return Kind{*known, *found};
}

namespace {

// The extension that a spreadsheet has made this one of: 0123 is 123 to it, and +49301 is 49301.
std::string eaten(const Services& services, const ExtensionNumber& number) {
  for (const auto* front : {"0", "00", "000", "+"}) {
    const auto whole = ExtensionNumber::parse(front + number.text());
    if (whole && services.extension_rows.find(*whole)) return whole->text();
  }
  return {};
}

}  // namespace

Result<ExtensionNumber> existing_extension(const Services& services, std::string_view number, const std::string& field,
                                           const ComingExtensions* coming) {
  auto extension = ExtensionNumber::parse(number);
  if (!extension) return extension.error();
  if (services.extension_rows.find(*extension)) return extension;
  if (coming != nullptr && coming->contains(*extension)) return extension;
  auto said = "Extension " + extension->text() + " not found. Create it first with POST /api/extensions";
  if (coming != nullptr) said += ", or name it in the column extension_name";
  said += ".";
  if (const auto whole = eaten(services, *extension); !whole.empty())
    said += " There is an extension " + whole + ": a spreadsheet that takes it for a number drops what is in front. " +
            std::string(bulk::spreadsheet_remedy()) + ".";
  return unacceptable("extension_not_found", std::move(said)).with("field", boost::json::value(field));
}

Result<std::optional<std::vector<bulk::LineEntry>>> lines_given(Fields& fields) {
  const auto items = fields.list("lines");
  std::optional<std::vector<bulk::LineEntry>> lines;
  if (items || fields.is_null("lines")) lines.emplace();
  if (!items) return lines;
  for (std::size_t i = 0; i < items->size(); ++i) {
    const auto place = "lines[" + std::to_string(i) + "]";
    Fields item((*items)[i], place + ".");
    const auto number = item.integer("line", 1, bulk::most_lines);
    auto extension = item.text_or_number("extension");
    auto label = item.text("label");
    if (auto fault = item.fault()) return std::move(*fault);
    if (!number)
      return malformed("missing_field", "Field '" + place + ".line' is required.").with("field", text(place + ".line"));
    lines->push_back(
        {static_cast<std::uint16_t>(*number), std::move(extension).value_or(""), std::move(label).value_or("")});
  }
  return lines;
}

Result<LinesGiven> lines_of(const Services& services, const std::optional<std::vector<bulk::LineEntry>>& given,
                            const ComingExtensions* coming) {
  constexpr std::size_t longest_label = 64;
  if (!given) return LinesGiven{};
  std::vector<DeviceLine> lines;
  for (std::size_t i = 0; i < given->size(); ++i) {
    const auto& entry = (*given)[i];
    const auto place = "lines[" + std::to_string(i) + "]";
    DeviceLine line{entry.line, {}, entry.label};
    if (line.label.size() > longest_label)
      return unacceptable("bad_label", "Field '" + place + ".label' is longer than 64 bytes.")
          .with("field", text(place + ".label"));
    if (const auto fault = control_fault(line.label); !fault.empty())
      return unacceptable("bad_label", "Field '" + place + ".label': " + fault + ".")
          .with("field", text(place + ".label"));
    if (!entry.extension.empty()) {
      const auto existing = existing_extension(services, entry.extension, place + ".extension", coming);
      if (!existing) return existing.error();
      line.extension = *existing;
    } else if (line.line != 1) {
      return malformed("missing_field", "Field '" + place + ".extension' is required.")
          .with("field", text(place + ".extension"));
    }
    lines.push_back(std::move(line));
  }
  std::stable_sort(lines.begin(), lines.end(), [](const auto& a, const auto& b) { return a.line < b.line; });
  return LinesGiven(std::move(lines));
}

namespace {

Error line_fault(std::string code, std::uint16_t line, const std::string& what) {
  return unacceptable(std::move(code), "Line " + std::to_string(line) + ": " + what).with("line", line);
}

// Checks them against the device's own extension and what the model has, and makes them what events keep.
Result<void> settle_lines(std::vector<DeviceLine>& lines, const ExtensionNumber& own, const Kind& kind) {
  const provisioning::ModelKind model{kind.vendor->values, kind.model->lines, kind.model->keys};
  const auto most = provisioning::line_limit(model);
  std::set<std::uint16_t> numbers;
  std::set<ExtensionNumber> extensions{own};
  for (auto& line : lines) {
    if (!numbers.insert(line.line).second) return line_fault("bad_lines", line.line, "it is given twice.");
    if (line.line > most)
      return line_fault("too_many_lines", line.line,
                        "the " + kind.model->name + " has " + std::to_string(most) + " lines.")
          .with("limit", most);
    if (line.line == 1) {
      if (!line.extension.text().empty() && line.extension != own)
        return line_fault("bad_lines", 1, "it is that of extension_number, which is " + own.text() + ".");
      line.extension = {};
    } else if (!extensions.insert(line.extension).second) {
      return line_fault("bad_lines", line.line, "extension " + line.extension.text() + " is on another line already.");
    }
  }
  std::erase_if(lines, [](const auto& line) { return line.line == 1 && line.label.empty(); });
  return {};
}

}  // namespace

Result<std::string> site_or_none(std::string_view name) {
  return name.empty() ? Result<std::string>(std::string()) : site_name(name);
}

Result<void> fitting_lines(LinesGiven& lines, const std::optional<DeviceRow>& present, const ExtensionNumber& own,
                           const Kind& kind) {
  if (lines) return settle_lines(*lines, own, kind);
  if (!present) return {};
  auto kept = present->definition->lines;
  return settle_lines(kept, own, kind);
}

boost::json::array warnings_of(const Services& services, const MacAddress& mac, const provisioning::Vendor& vendor) {
  boost::json::array warnings;
  const auto* maker = services.vendors.vendor_of(mac);
  if (maker != nullptr && maker != &vendor)
    warnings.push_back(text("The prefix of " + mac.colons() + " belongs to " + maker->name + ", not to " + vendor.name +
                            ". If that is not meant, correct the address or the vendor."));
  return warnings;
}

}  // namespace strowger::http::routes
