#include "adapters/cli/commands.hpp"
#include "config/guide/files.hpp"
#include "events/nearest.hpp"

#include <algorithm>
#include <iomanip>
#include <iostream>

namespace strowger::cli {
namespace {

std::string_view topic_of(const guide::File& file) {
  auto topic = file.path;
  topic.remove_suffix(std::string_view(".md").size());
  return topic;
}

// The first line of a guide is its title, a heading.
std::string_view title_of(const guide::File& file) {
  auto title = file.content.substr(0, file.content.find('\n'));
  if (title.starts_with("# ")) title.remove_prefix(2);
  return title;
}

}  // namespace

int help(const HelpOptions& options) {
  const auto guides = guide::files();
  if (options.topic.empty()) {
    std::cout << "Guides, to be read with `strowger help TOPIC`:\n\n";
    for (const auto& file : guides)
      std::cout << "  " << std::left << std::setw(16) << topic_of(file) << title_of(file) << "\n";
    std::cout << "\n`strowger COMMAND --help` explains a command.\n";
    return 0;
  }
  const auto found = std::ranges::find(guides, options.topic, topic_of);
  if (found == guides.end()) {
    std::vector<std::string> topics;
    for (const auto& file : guides) topics.emplace_back(topic_of(file));
    const auto near = nearest(options.topic, topics);
    return fail(unacceptable("unknown_topic", "There is no guide '" + options.topic + "'" + "; the nearest are " +
                                                  listed(near) + "." + " `strowger help` lists all."));
  }
  std::cout << found->content;
  return 0;
}

}  // namespace strowger::cli
