// What the Kafka sink counts, for /metrics.
#pragma once

#include "adapters/kafka/sink.hpp"

namespace strowger::application {

std::string metrics_text(const kafka::SinkStatus& status);

}  // namespace strowger::application
