// What is wrong with one settings file, gathered.
#pragma once

#include "events/error.hpp"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace strowger::config {

class Faults {
 public:
  explicit Faults(std::string file) : file_(std::move(file)) {}
  // Lines count from 1; 0 where there is none to name. The key may be empty.
  void add(std::size_t line, std::string key, std::string message);
  bool empty() const { return all_.empty(); }
  Error error() const;

 private:
  struct Fault {
    std::size_t line;
    std::string key;
    std::string message;
  };
  std::string file_;
  std::vector<Fault> all_;  // by line
};

}  // namespace strowger::config
