// librdkafka's producer, made as the settings say, in an object that ends it. One thread uses it; what librdkafka's own
// threads call is only told to signal.
#pragma once

#include "config/settings.hpp"
#include "events/error.hpp"
#include "events/record.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <librdkafka/rdkafka.h>

namespace strowger::kafka {

// librdkafka's own properties, put over those that the settings lead to. For tests and benchmarks.
using Properties = std::vector<std::pair<std::string, std::string>>;

// What the settings mean to librdkafka. Fails with `kafka_settings`, naming the property.
struct ConfDeleter {
  void operator()(rd_kafka_conf_t* conf) const { rd_kafka_conf_destroy(conf); }
};
using Conf = std::unique_ptr<rd_kafka_conf_t, ConfDeleter>;
Result<Conf> make_conf(const config::Kafka& settings, const Properties& more);

class Producer {
 public:
  struct Callbacks {
    // Any thread: poll() has something.
    std::function<void()> wake;
    // In poll(): the message with this number was taken by the brokers, or could not be, and why.
    std::function<void(std::uint64_t number, rd_kafka_resp_err_t fault)> delivered;
    // In poll(): something is wrong that may pass by itself, and whether it cannot.
    std::function<void(const std::string& what, bool fatal)> trouble;
  };

  static Result<std::unique_ptr<Producer>> open(const config::Kafka& settings, const Properties& more,
                                                Callbacks callbacks);
  ~Producer();  // what was not delivered is dropped
  Producer(const Producer&) = delete;
  Producer& operator=(const Producer&) = delete;

  // Queues it; `number` comes back in delivered(). The fault QUEUE_FULL passes when something was delivered.
  rd_kafka_resp_err_t send(std::string_view key, std::string_view value, std::uint64_t number);
  void poll();  // calls back, never waits

  rd_kafka_t* handle() { return handle_; }

 private:
  explicit Producer(Callbacks callbacks) : callbacks_(std::move(callbacks)) {}

  Callbacks callbacks_;
  rd_kafka_t* handle_ = nullptr;
  rd_kafka_topic_t* topic_ = nullptr;
  rd_kafka_queue_t* queue_ = nullptr;
};

}  // namespace strowger::kafka
