// What the placeholders of one file stand for (vocabulary.hpp has the names).
#pragma once

#include "actors/provisioning/config_url.hpp"
#include "actors/provisioning/renderer.hpp"

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace strowger::provisioning {

// The values of one file, kept alive while it is rendered.
class ValueSet {
 public:
  ValueSet(const ServerValues& server, const std::string& config_url, std::string_view model_name);
  ValueSet(const ValueSet&) = delete;
  ValueSet& operator=(const ValueSet&) = delete;

  // `device` and `kind` outlive this.
  void add_device(const DeviceValues& device, const ModelKind& kind);

  TemplateValues values() const { return {values_, lists_}; }

 private:
  using Item = ValueList::Item;

  std::string_view keep(std::string text) { return texts_.emplace_back(std::move(text)); }
  void add(std::string_view name, std::string_view value, bool secret = false) {
    values_.push_back({name, value, secret});
  }
  void add_flag(std::string_view name, bool is) { add(name, is ? "1" : ""); }
  void add_settings(const MacAddress& mac, const PhoneValues& phone, const VendorValues& vendor);
  void add_dial_plan(const std::string& neutral, const PhoneValues& phone, const VendorValues& vendor);
  std::string phonebook_url(const MacAddress& mac, const VendorValues& vendor) const;
  void add_codecs(const std::string& chosen, bool explicitly, const VendorValues& vendor);
  void add_codec_slots(const std::string& prefix, const std::vector<std::string_view>& codes, std::size_t slots);
  void add_codec_tables(const std::string& chosen, const VendorValues& vendor);
  void add_timezone(const std::string& name, const VendorValues& vendor);
  void add_change(std::string_view prefix, const ClockChange* change);
  // Made once of a list, for all of its items.
  template <class Tables>
  std::vector<std::string_view> names_of(const std::string& prefix, const Tables& tables) {
    std::vector<std::string_view> out;
    for (const auto& [name, table] : tables) out.push_back(keep(prefix + name));
    return out;
  }
  static void add_codes(Item& item, const std::vector<std::string_view>& names, const VendorValues::Codes& tables,
                        std::size_t number);
  void add_lines(const DeviceValues& device, const ModelKind& kind);
  void add_free_lines(const ModelKind& kind);
  void add_keys(const PhoneValues& phone, const ModelKind& kind);

  struct Line {
    std::uint16_t line = 0;
    std::string_view label;
  };

  std::deque<std::string> texts_;
  UrlParts parts_;
  std::vector<Placeholder> values_;
  std::vector<ValueList> lists_;
  std::vector<Line> lines_;
};

}  // namespace strowger::provisioning
