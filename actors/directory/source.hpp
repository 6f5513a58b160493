// The port through which a sync reads a directory (adapters/ldap). Blocks: on a thread of its own only.
#pragma once

#include "actors/directory/entry.hpp"
#include "events/types/directory.hpp"

#include <cstddef>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

namespace strowger::directory {

class Source {
 public:
  virtual ~Source() = default;

  struct Order {
    // Where the last sync ended: then only what changed since is read. Empty, or one that the server (another one, or
    // one that was restored from a backup) or the settings do not fit any more: everything.
    std::string cursor;
    // Breaks a read off, which then fails, wherever it waits for the directory.
    std::stop_token stop{};
  };
  struct Visitor {
    // A user that is new or changed; all of them where everything is read.
    std::function<Result<void>(const Entry&)> entry;
    // Where only changes are read: every user that there is.
    std::function<void(const Uuid& identity)> present;
  };
  struct Done {
    SyncMode mode = SyncMode::full;  // what was read
    std::string server;
    std::string cursor;  // for the next; empty: this server cannot
  };
  // One entry at a time, in no order. A failure leaves nothing to be relied on, however much was visited.
  virtual Result<Done> read(const Order& order, const Visitor& visitor) = 0;

  // Users whose name, account, number or mail holds `text`.
  virtual Result<std::vector<Entry>> search(const std::string& text, std::size_t most) = 0;

  // The user with this account and this password. Unauthenticated `bad_credentials` where there is none, or disabled.
  virtual Result<Uuid> authenticate(const std::string& account, const std::string& password) = 0;

  struct Step {
    std::string name;  // resolve, connect, tls, bind, search, attributes
    bool ok = false;
    std::string said;  // what was found, or what is wrong and what to do
    BOOST_DESCRIBE_CLASS(Step, (), (name, ok, said), (), ())
  };
  // What a sync needs, one after the other until something fails.
  virtual std::vector<Step> check() = 0;

  // The server that was asked last.
  virtual std::string server() const = 0;
};

}  // namespace strowger::directory
