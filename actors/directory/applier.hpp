// Makes a plan true: each change is a command to the entity that it concerns, which decides for itself and finds
// nothing to do where it was done before. So a sync that was cut off anywhere is finished by the next.
//
// Used by one thread, which waits: many commands are under way at once, those that others depend on alone.
#pragma once

#include "actors/device/device.hpp"
#include "actors/directory/planner.hpp"
#include "actors/extension/extension.hpp"
#include "actors/router.hpp"
#include "actors/user/user.hpp"
#include "events/projections/devices.hpp"
#include "events/secret.hpp"

#include <memory>
#include <string>
#include <vector>

namespace strowger::directory {

class Applier {
 public:
  struct World {
    actors::Entities<actors::Extension>& extensions;
    actors::Entities<actors::Device>& devices;
    actors::Entities<actors::User>& users;
    const DevicesProjection& device_rows;
    Vault& vault;
    std::function<std::string()> new_password;  // of an extension that is made
  };

  // What is decided is caused by `cause`.
  Applier(World world, std::string directory, Cause cause);
  ~Applier();
  Applier(const Applier&) = delete;
  Applier& operator=(const Applier&) = delete;

  // Whether it was made, or (where it need not be waited for) is on its way. Fails once the log takes no more.
  Result<bool> make(const Change& change, bool wait);
  // All is made. Then:
  Result<void> finish();
  SyncCounts counts() const;                 // by what was decided
  std::vector<SkippedUser> refused() const;  // by an entity, with its reason
  Position position() const;                 // what a query must have applied to see all of it

 private:
  struct Shared;
  Result<bool> adopt(const Adopt& change, bool wait);
  Result<bool> move(const MovePhones& change);
  Result<void> create_pending();
  Result<void> settled(std::size_t most_under_way);
  template <class D>
  Result<bool> ask(actors::Entities<D>& entities, std::string key, typename D::Command command, std::string user,
                   bool wait, SealedSecret fresh = {});
  Result<bool> sync_extension(const Person& person, SealedSecret password, bool wait);

  World world_;
  std::string directory_;
  Cause cause_;
  std::vector<Person> to_create_;
  std::shared_ptr<Shared> shared_;
};

}  // namespace strowger::directory
