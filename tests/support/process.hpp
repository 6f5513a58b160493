// A program that a test runs: its output goes to a file that the test can read while it runs.
#pragma once

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <boost/process.hpp>

namespace strowger::test {

class Process {
 public:
  // `output` takes what the program writes to stdout and stderr.
  Process(const std::string& program, const std::vector<std::string>& arguments, std::filesystem::path output)
      : output_(emptied(std::move(output))),
        child_(program.find('/') == std::string::npos ? boost::process::search_path(program)
                                                      : boost::filesystem::path(program),
               boost::process::args(arguments), (boost::process::std_out & boost::process::std_err) > output_.string(),
               boost::process::std_in < boost::process::null) {}
  Process(Process&&) = delete;
  ~Process() {
    if (running()) send(SIGKILL);
    wait();
  }

  std::string output() const {
    std::ifstream file(output_, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }
  bool running() {
    std::error_code ignored;
    return child_.running(ignored);
  }
  void send(int signal) { ::kill(child_.id(), signal); }
  int wait() {
    std::error_code ignored;
    child_.wait(ignored);
    return child_.exit_code();
  }
  int kill_hard() {
    send(SIGKILL);
    return wait();
  }
  int id() const { return child_.id(); }

 private:
  // Boost writes over what an earlier program left there.
  static std::filesystem::path emptied(std::filesystem::path file) {
    std::filesystem::remove(file);
    return file;
  }

  std::filesystem::path output_;
  boost::process::child child_;
};

}  // namespace strowger::test
