// Keeps what was read of a directory until it is known to be whole, on the disk: memory does not grow with the
// directory. The file has no name, so that nothing of it outlives the process.
#pragma once

#include "actors/directory/entry.hpp"

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>

namespace strowger::directory {

class Spool {
 public:
  static Result<Spool> open(const std::filesystem::path& folder);

  // Where it is, for read().
  Result<std::uint64_t> add(const Person& person);
  Result<Person> read(std::uint64_t offset);
  // In the order in which they were added. `visit` may not use the spool.
  Result<void> each(const std::function<Result<void>(std::uint64_t offset, const Person& person)>& visit);

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  explicit Spool(std::FILE* file) : file_(file) {}
  Result<void> seek(std::uint64_t offset);
  Result<Person> next();

  std::unique_ptr<std::FILE, Close> file_;
  std::uint64_t end_ = 0;
};

}  // namespace strowger::directory
