#include "actors/provisioning/custom_templates.hpp"
#include "actors/provisioning/renderer.hpp"
#include "adapters/cli/commands.hpp"

#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace strowger::cli {
namespace {

// Of the options, or of the file's name: yealink_t46s.template.
Result<std::pair<std::string, std::string>> names_of(const TemplateLintOptions& options,
                                                     const std::filesystem::path& file) {
  if (!options.vendor.empty() && !options.model.empty()) return std::pair{options.vendor, options.model};
  auto names = provisioning::split_template_name(file.filename().string());
  if (!names)
    return unacceptable("bad_template_name", file.string() +
                                                 ": its name does not say whose it is; call it "
                                                 "vendor_model.template, or give --vendor and --model");
  return names;
}

Result<std::string> lint(const provisioning::VendorCatalog& catalog, const TemplateLintOptions& options,
                         const std::filesystem::path& file) {
  const auto names = names_of(options, file);
  if (!names) return names.error();
  const auto vendor = catalog.vendor(names->first);
  if (!vendor) return vendor.error();
  const auto model = catalog.model(**vendor, names->second);
  if (!model) return model.error();
  std::ifstream stream(file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  if (!stream.is_open() || stream.bad()) return unavailable("template_unreadable", file.string() + ": cannot be read");
  const auto checked = provisioning::check_template(**vendor, **model, file.string(), text);
  if (!checked) return checked.error();
  return (*model)->name;
}

boost::json::object json_of(const provisioning::FamilyCoverage& family) {
  boost::json::array written;
  boost::json::array left_out;
  for (const auto& item : provisioning::coverage_items())
    (family.coverage->reaches(item) ? written : left_out).emplace_back(item);
  return {{"vendor", family.vendor},       {"template", family.template_name},
          {"custom", family.custom},       {"models", boost::json::array(family.models.begin(), family.models.end())},
          {"written", std::move(written)}, {"not_written", std::move(left_out)}};
}

}  // namespace

int template_coverage(const TemplateCoverageOptions& options) {
  std::vector<provisioning::CustomTemplate> custom;
  for (const auto& file : options.files) {
    std::ifstream stream(file, std::ios::binary);
    std::string content{std::istreambuf_iterator<char>(stream), {}};
    if (!stream.is_open() || stream.bad())
      return fail(unavailable("template_unreadable", file.string() + ": cannot be read"));
    custom.push_back({file.filename().string(), std::move(content)});
  }
  const auto catalog = provisioning::VendorCatalog::built_in();
  const auto made = provisioning::Renderer::make(catalog, custom);
  if (!made) return fail(made.error());
  int exit_code = 0;
  for (const auto& refused : made->refused) exit_code = std::max(exit_code, fail(refused));
  if (exit_code != 0) return exit_code;
  const auto families = made->renderer->families();
  if (!options.json) {
    std::cout << provisioning::coverage_table(families);
    return 0;
  }
  boost::json::array items;
  for (const auto& item : provisioning::coverage_items()) items.emplace_back(item);
  boost::json::array list;
  for (const auto& family : families) list.push_back(json_of(family));
  std::cout << boost::json::serialize(boost::json::object{{"items", std::move(items)}, {"families", std::move(list)}})
            << '\n';
  return 0;
}

int lint_templates(const TemplateLintOptions& options) {
  const auto catalog = provisioning::VendorCatalog::built_in();
  int exit_code = 0;
  for (const auto& file : options.files) {
    const auto fine = lint(catalog, options, file);
    if (fine)
      std::cout << file.string() << ": in order for the " << *fine << '\n';
    else
      exit_code = std::max(exit_code, fail(fine.error()));
  }
  return exit_code;
}

}  // namespace strowger::cli
