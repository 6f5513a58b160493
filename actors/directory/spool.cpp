#include "actors/directory/spool.hpp"

#include "events/json.hpp"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

namespace strowger::directory {
namespace {

Error fault(const std::string& what) {
  return unavailable("spool_failed", "the users that were read could not be kept in a temporary file: " + what);
}

// Where the file system has no O_TMPFILE: a name that goes at once.
int named_file(const std::filesystem::path& folder) {
  std::string name = (folder / "directory-XXXXXX").string();
  const int file = ::mkostemp(name.data(), O_CLOEXEC);
  if (file >= 0) ::unlink(name.c_str());
  return file;
}

}  // namespace

Result<Spool> Spool::open(const std::filesystem::path& folder) {
  int file = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (file < 0) file = named_file(folder);
  if (file < 0) return fault(folder.string() + ": " + std::strerror(errno));
  std::FILE* stream = ::fdopen(file, "w+");
  if (stream == nullptr) {
    ::close(file);
    return fault(std::strerror(errno));
  }
  return Spool(stream);
}

Result<std::uint64_t> Spool::add(const Person& person) {
  const auto text = json::to_string(person);
  const auto size = static_cast<std::uint32_t>(text.size());
  const auto at = end_;
  if (std::fwrite(&size, sizeof size, 1, file_.get()) != 1 ||
      std::fwrite(text.data(), 1, text.size(), file_.get()) != text.size())
    return fault(std::strerror(errno));
  end_ += sizeof size + text.size();
  return at;
}

Result<void> Spool::seek(std::uint64_t offset) {
  if (std::fflush(file_.get()) != 0 || ::fseeko(file_.get(), static_cast<off_t>(offset), SEEK_SET) != 0)
    return fault(std::strerror(errno));
  return {};
}

Result<Person> Spool::next() {
  std::uint32_t size = 0;
  if (std::fread(&size, sizeof size, 1, file_.get()) != 1) return fault("it cannot be read back");
  std::string text(size, '\0');
  if (std::fread(text.data(), 1, size, file_.get()) != size) return fault("it cannot be read back");
  return json::from_string<Person>(text);
}

Result<Person> Spool::read(std::uint64_t offset) {
  if (auto done = seek(offset); !done) return done.error();
  return next();
}

Result<void> Spool::each(const std::function<Result<void>(std::uint64_t offset, const Person& person)>& visit) {
  if (auto done = seek(0); !done) return done.error();
  for (std::uint64_t at = 0; at < end_;) {
    const auto person = next();
    if (!person) return person.error();
    if (auto done = visit(at, *person); !done) return done.error();
    at = static_cast<std::uint64_t>(::ftello(file_.get()));
  }
  return {};
}

}  // namespace strowger::directory
