#include "adapters/application/accepted_settings.hpp"

#include "actors/provisioning/recorded.hpp"

#include <fstream>
#include <string>
#include <system_error>

namespace strowger::application {
namespace {

std::filesystem::path acceptance_file(const std::filesystem::path& data_dir) {
  return data_dir / "accepted-settings";
}

}  // namespace

Result<std::filesystem::path> accept_settings(const config::Settings& settings) {
  const std::filesystem::path data_dir = settings.data_dir;
  const auto path = acceptance_file(data_dir);
  std::error_code fault;
  if (!std::filesystem::is_directory(data_dir, fault))
    return unavailable("data_dir_unusable",
                       "data_dir: " + data_dir.string() +
                           " is not there; run this where the server runs, or name its folder with --data-dir");
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << provisioning::sha256_of(settings.text) << '\n';
  file.close();
  if (!file)
    return unavailable("data_dir_unusable",
                       path.string() + ": cannot be written; run this as the user that the server runs as, or as root");
  // No secret, and to be read by the server, whoever says this.
  using std::filesystem::perms;
  std::filesystem::permissions(path, perms::owner_read | perms::owner_write | perms::group_read | perms::others_read,
                               fault);
  return path;
}

bool take_acceptance(const std::filesystem::path& data_dir, const config::Settings& settings) {
  const auto path = acceptance_file(data_dir);
  std::ifstream file(path);
  std::string word;
  if (!(file >> word) || word != provisioning::sha256_of(settings.text)) return false;
  std::error_code ignored;
  std::filesystem::remove(path, ignored);
  return true;
}

}  // namespace strowger::application
