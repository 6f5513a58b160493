// An administrator's word that a settings file is meant as it is, for the one reload that lets in more than before.
//
//   strowger config accept FILE ──▶ data_dir/accepted-settings (SHA-256 of the file) ──▶ the next reload takes it once
#pragma once

#include "config/settings.hpp"
#include "events/error.hpp"

#include <filesystem>

namespace strowger::application {

// Keeps the word, in place of an earlier one. Returns the file that it is kept in.
// Errors: `data_dir_unusable`, where the folder is not there or cannot be written.
Result<std::filesystem::path> accept_settings(const config::Settings& settings);

// Whether these settings, as they were read, were accepted; the word is used up by that. Any other word stays.
bool take_acceptance(const std::filesystem::path& data_dir, const config::Settings& settings);

}  // namespace strowger::application
