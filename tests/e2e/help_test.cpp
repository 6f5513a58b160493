// `strowger help` without a server: every guide of the tree, and a clear word where there is none.
#include "tests/support/catch.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temporary_folder.hpp"

#include <filesystem>

using namespace strowger::test;

namespace {

std::pair<int, std::string> run_help(const std::filesystem::path& folder, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "help");
  Process program(STROWGER_PROGRAM, arguments, folder / "output");
  const int code = program.wait();
  return {code, program.output()};
}

}  // namespace

SCENARIO("help lists every guide and prints each") {
  TemporaryFolder folder;
  const auto [listed, topics] = run_help(folder.path(), {});
  CHECK(listed == 0);
  std::size_t guides = 0;
  for (const auto& entry : std::filesystem::directory_iterator(STROWGER_GUIDES)) {
    if (entry.path().extension() != ".md") continue;
    const auto topic = entry.path().stem().string();
    CAPTURE(topic);
    CHECK(topics.find("  " + topic + " ") != std::string::npos);
    const auto [printed, text] = run_help(folder.path(), {topic});
    CHECK(printed == 0);
    CHECK(text.starts_with("# "));
    ++guides;
  }
  CHECK(guides > 10);

  const auto [failed, reason] = run_help(folder.path(), {"acces"});
  CHECK(failed != 0);
  CHECK(reason.find("There is no guide 'acces'") != std::string::npos);
  CHECK(reason.find("access") != std::string::npos);
}
