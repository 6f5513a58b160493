// Rows are serialised without the lock that queries take.
#include "events/projections/campaigns.hpp"
#include "events/projections/contacts.hpp"
#include "events/projections/devices.hpp"
#include "events/projections/directories.hpp"
#include "events/projections/discovered.hpp"
#include "events/projections/extensions.hpp"
#include "events/projections/phone_settings.hpp"
#include "events/projections/quarantine.hpp"
#include "events/projections/requests.hpp"
#include "events/projections/users.hpp"
#include "tests/support/catch.hpp"

#include <future>

using namespace strowger;

namespace {

template <class P>
struct Lockable : P {
  std::unique_lock<std::shared_mutex> hold() { return std::unique_lock(this->mutex_); }
};

}  // namespace

TEMPLATE_TEST_CASE("what is stored of a projection is read beside its queries", "", CampaignsProjection,
                   ContactsProjection, DevicesProjection, DirectoriesProjection, DiscoveredProjection,
                   ExtensionsProjection, PhoneSettingsProjection, QuarantineProjection, RequestsProjection,
                   UsersProjection) {
  Lockable<TestType> projection;
  auto held = projection.hold();
  auto stored = std::async(std::launch::async, [&] {
    RowBatch batch;
    projection.flush(batch);
    projection.dump(batch);
  });
  const bool done = stored.wait_for(std::chrono::seconds(20)) == std::future_status::ready;
  held.unlock();
  stored.get();
  CHECK(done);
}
