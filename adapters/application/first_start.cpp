#include "adapters/application/first_start.hpp"

#include "actors/ask_and_wait.hpp"
#include "actors/provisioning/vendor_catalog.hpp"
#include "adapters/vault/password.hpp"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

namespace strowger::application {
namespace {

using actors::ask_and_wait;

constexpr std::size_t admin_password_size = 20;
constexpr std::size_t sip_password_size = 20;

actors::AskMeta by_settings() {
  return {Cause{"system", {}, {}}, {}, {}};
}

Result<void> write_private_file(const std::filesystem::path& path, const std::string& text) {
  const auto fault = [&] {
    return unavailable("file_unwritable", "cannot write " + path.string() + ": " + std::strerror(errno));
  };
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return fault();
  const bool written = ::fchmod(file, 0600) == 0 &&
                       ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                       ::fsync(file) == 0;
  if (::close(file) != 0 || !written) return fault();
  return {};
}

bool exists_already(const Result<actors::Outcome>& outcome, std::string_view code) {
  return !outcome && outcome.error().code == code;
}

Result<void> seed_extension(const Seeding& with, const config::SeedExtension& extension) {
  const auto number = ExtensionNumber::parse(extension.number);
  if (!number) return number.error();
  const auto sealed =
      with.vault.seal(extension.password.empty() ? random_password(sip_password_size) : extension.password);
  if (!sealed) return sealed.error();
  const auto name = extension.name.empty() ? extension.number : extension.name;
  const auto created = ask_and_wait(
      with.extensions, number->text(),
      actors::CreateExtension{*number, name, extension.email, extension.allow_external, *sealed}, by_settings());
  if (created) return {};
  if (auto shredded = with.vault.shred(*sealed); !shredded) return shredded.error();
  if (exists_already(created, "extension_exists")) return {};
  Error fault = created.error();
  fault.message = "extension " + extension.number + " of the settings: " + fault.message;
  return fault;
}

Result<void> seed_device(const Seeding& with, const config::SeedDevice& device) {
  const auto mac = MacAddress::parse(device.mac);
  if (!mac) return mac.error();
  const auto extension = ExtensionNumber::parse(device.extension);
  if (!extension) return extension.error();
  const auto known = with.log.read_stream(StreamId::of(*mac), StreamVersion{0}, 1);
  if (!known) return known.error();
  if (!known->empty()) return {};
  const auto vendor = with.vendors.vendor(device.vendor);
  if (!vendor) return vendor.error();
  const auto model = with.vendors.model(**vendor, device.model);
  if (!model) return model.error();
  const auto registered =
      ask_and_wait(with.devices, mac->text(),
                   actors::RegisterDevice{*mac, *extension, (*vendor)->vendor, (*model)->model, false}, by_settings());
  if (!registered) return registered.error();
  return {};
}

}  // namespace

std::string random_password(std::size_t size) {
  static constexpr std::string_view letters = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";
  std::string password;
  while (password.size() < size) password.push_back(letters[randombytes_uniform(letters.size())]);
  return password;
}

Result<std::optional<FirstAdmin>> create_first_admin(actors::Entities<actors::User>& users, const UsersProjection& rows,
                                                     const std::filesystem::path& data_dir) {
  if (!rows.list().empty()) return std::optional<FirstAdmin>{};
  FirstAdmin admin{"admin", random_password(admin_password_size), data_dir / "admin-password"};
  if (auto written = write_private_file(admin.file, admin.password + "\n"); !written) return written.error();
  auto hash = vault::hash_password(admin.password);
  if (!hash) return hash.error();
  const auto created =
      ask_and_wait(users, admin.name, actors::CreateUser{admin.name, Role::admin, std::move(*hash)}, by_settings());
  if (!created) return created.error();
  return std::optional(std::move(admin));
}

Result<std::optional<LogSeeded>> seed(const Seeding& with, const config::Settings& settings) {
  const StreamId stream("system", "server");
  const auto history = with.log.read_stream(stream, StreamVersion{0}, static_cast<std::size_t>(-1));
  if (!history) return history.error();
  for (const auto& record : *history)
    if (record.type == LogSeeded::type) return std::optional<LogSeeded>{};
  for (const auto& extension : settings.extensions)
    if (auto done = seed_extension(with, extension); !done) return done.error();
  for (const auto& device : settings.provisioning.devices)
    if (auto done = seed_device(with, device); !done) return done.error();
  const LogSeeded seeded{static_cast<std::uint32_t>(settings.extensions.size()),
                         static_cast<std::uint32_t>(settings.provisioning.devices.size())};
  const auto receipt = append_and_wait(
      with.log,
      {stream, ExpectedVersion::any(), {encode(seeded, Cause{"system", {}, {}}, system_now(), with.ids)}, {}, {}});
  if (!receipt) return receipt.error();
  return std::optional(seeded);
}

}  // namespace strowger::application
