// The program: what the command line says, handed to one of the commands.

#include "adapters/cli/commands.hpp"

#include <CLI/CLI.hpp>

using namespace strowger;

int main(int argc, char** argv) {
  CLI::App app{"Strowger provisions IP phones with no hands, keeps them right, and connects their calls."};
  app.require_subcommand(1);
  app.failure_message(CLI::FailureMessage::help);
  int exit_code = 0;

  cli::ServeOptions serving;
  auto* serve = app.add_subcommand("serve", "Serve phones and administrators until told to stop");
  serve->add_option("--config", serving.config, "Settings (YAML); without it, defaults that serve at once");
  serve->add_option("--data-dir", serving.data_dir, "Where everything is kept (default: data)");
  serve->add_option("--api-port", serving.api_port, "HTTP port (default: 8080)");
  serve->add_option("--sip-port", serving.sip_port, "SIP port, UDP and TCP (default: 5060)");
  serve->callback([&] { exit_code = cli::serve(serving); });

  cli::TokenOptions token_options;
  auto* token = app.add_subcommand("token", "Print an administrator's bearer token, for whoever can read the data");
  token->add_option("--config", token_options.config, "Settings (YAML) of the server");
  token->add_option("--data-dir", token_options.data_dir, "Its data directory, where not as the settings say");
  token->add_option("--user", token_options.user, "Whose name events carry")->capture_default_str();
  token->add_option("--hours", token_options.hours, "How long it is good for")
      ->check(CLI::Range(1, 24 * 366))
      ->capture_default_str();
  token->callback([&] { exit_code = cli::token(token_options); });

  auto* config = app.add_subcommand("config", "What concerns the settings");
  config->require_subcommand(1);
  std::filesystem::path checked;
  auto* check = config->add_subcommand("check", "Say all that is wrong with a settings file");
  check->add_option("file", checked, "The file")->required();
  check->callback([&] { exit_code = cli::config_check(checked); });

  auto* key = app.add_subcommand("key", "What concerns the master key, which every secret hangs on");
  key->require_subcommand(1);
  cli::KeyOptions key_options;
  auto* rotate = key->add_subcommand("rotate", "Put a new master key in force, whether the server runs or not");
  rotate->add_option("--config", key_options.config, "Settings (YAML) of the server");
  rotate->add_option("--data-dir", key_options.data_dir, "Its data directory, where not as the settings say");
  rotate->add_option("--api-port", key_options.api_port, "Its HTTP port, where not as the settings say");
  rotate->callback([&] { exit_code = cli::rotate_key(key_options); });

  app.add_subcommand("version", "Print the version")->callback([&] { exit_code = cli::version(); });

  CLI11_PARSE(app, argc, argv);
  return exit_code;
}
