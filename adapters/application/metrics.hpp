// What the parts of the house count, in Prometheus' text format. HTTP adds its own (adapters/http).
#pragma once

#include "actors/convergence/counters.hpp"
#include "actors/device/device.hpp"
#include "actors/extension/extension.hpp"
#include "actors/history/retention.hpp"
#include "actors/router.hpp"
#include "actors/user/user.hpp"
#include "adapters/application/store_sizes.hpp"
#include "adapters/rocksdb/rocks_log.hpp"
#include "adapters/sip/metrics.hpp"
#include "events/projection_runner.hpp"

#include <filesystem>
#include <string>

namespace strowger::application {

std::string metrics_text(const rocks::RocksLog& log, const ProjectionRunner& runner, const sip::Metrics& sip,
                         const actors::Entities<actors::Extension>& extensions,
                         const actors::Entities<actors::Device>& devices, const actors::Entities<actors::User>& users,
                         const actors::EntityCounters& entities, const history::Retention* retention,
                         const convergence::Counters& convergence, const std::filesystem::path& data_dir,
                         StoreSizes& sizes);

}  // namespace strowger::application
