// strowger reactors: events that a reactor could not handle, through the running server's API.
#include "adapters/cli/api_call.hpp"
#include "adapters/cli/commands.hpp"
#include "events/json.hpp"

#include <iostream>
#include <optional>

namespace strowger::cli {
namespace {

constexpr std::string_view letters_path = "/api/system/dead-letters";

struct ShownLetter {
  std::string handler, event;
  std::optional<std::uint64_t> position;
  std::string stream, type, reason, parked_at;
  std::uint64_t tries = 0;
};
BOOST_DESCRIBE_STRUCT(ShownLetter, (), (handler, event, position, stream, type, reason, parked_at, tries))

struct SaidOfLetter {
  std::string message;
};
BOOST_DESCRIBE_STRUCT(SaidOfLetter, (), (message))

}  // namespace

int reactors_list(const ServerOptions& options) {
  const auto settings = settings_of(options);
  if (!settings) return fail(settings.error());
  const auto answer = get(*settings, std::string(letters_path));
  if (!answer) return fail(answer.error());
  const auto letters = json::from_string<std::vector<ShownLetter>>(*answer);
  if (!letters) return fail(letters.error());
  for (const auto& letter : *letters) {
    std::cout << letter.handler << "  " << letter.event << "  " << letter.type << " of " << letter.stream;
    if (letter.position) std::cout << ", event " << *letter.position;
    std::cout << "\n  parked " << letter.parked_at << " after " << letter.tries << " tries: " << letter.reason << '\n';
  }
  if (letters->empty()) std::cerr << "No event is parked.\n";
  return 0;
}

int reactors_settle(const DeadLetterOptions& options, const std::string& what) {
  const auto settings = settings_of(options.server);
  if (!settings) return fail(settings.error());
  if (const auto event = Uuid::parse(options.event); !event) return fail(event.error());
  if (options.handler.find_first_not_of("abcdefghijklmnopqrstuvwxyz-") != std::string::npos)
    return fail(malformed("bad_reactor",
                          "a reactor's name has small letters and dashes, as in device-settings; "
                          "`strowger reactors list` shows them"));
  const auto answer =
      post(*settings, std::string(letters_path) + "/" + options.handler + "/" + options.event + "/" + what, "{}");
  if (!answer) return fail(answer.error());
  const auto said = json::from_string<SaidOfLetter>(*answer);
  if (!said) return fail(said.error());
  std::cout << said->message << '\n';
  return 0;
}

}  // namespace strowger::cli
