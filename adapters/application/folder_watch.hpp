// Calls back when the files of a folder were changed, so that what a person edits is taken without being told to.
//
// It hears of files that were written and closed, renamed, or removed (inotify), and waits until nothing came for a
// moment: an editor's save is one change. A folder that is not there, or goes away, is looked for again. File systems
// of other machines (NFS) tell nothing: there SIGHUP or the API's reload does it.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include <boost/asio/io_context.hpp>

namespace strowger::application {

class FolderWatch {
 public:
  // Looks from now on. Of files whose names end otherwise than in `suffix` nothing is said. `warn` is told where the
  // system cannot watch.
  FolderWatch(std::filesystem::path folder, std::string suffix, const std::function<void(const std::string&)>& warn);
  ~FolderWatch();  // waits for `changed`
  FolderWatch(const FolderWatch&) = delete;
  FolderWatch& operator=(const FolderWatch&) = delete;

  // Once. `changed` is called on a thread of the watch's own, also of what was changed before, and may take its time.
  void start(std::function<void()> changed);
  // Any thread, after the start: from now on this folder.
  void look_at(std::filesystem::path folder);

 private:
  class Watch;

  boost::asio::io_context loop_;
  std::unique_ptr<Watch> watch_;
  std::thread thread_;
};

}  // namespace strowger::application
