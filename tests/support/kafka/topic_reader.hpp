// Reads a whole topic, as an audit consumer would.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include <boost/json.hpp>
#include <librdkafka/rdkafka.h>

namespace strowger::test {

struct Delivered {
  std::int32_t partition = 0;
  std::string key;
  std::string content_type;
  std::string value;
  std::uint64_t position = 0;
  std::uint64_t version = 0;
};

class TopicReader {
 public:
  TopicReader(const std::string& brokers, const std::string& topic, std::int32_t partitions) {
    auto* conf = rd_kafka_conf_new();
    const auto set = [&](const char* name, const std::string& value) {
      char why[256];
      if (rd_kafka_conf_set(conf, name, value.c_str(), why, sizeof why) != RD_KAFKA_CONF_OK)
        throw std::runtime_error(why);
    };
    set("bootstrap.servers", brokers);
    set("group.id", "test");
    set("enable.auto.commit", "false");
    set("auto.offset.reset", "earliest");
    set("fetch.wait.max.ms", "50");
    rd_kafka_conf_set_log_cb(conf, [](const rd_kafka_t*, int, const char*, const char*) {});
    char why[256];
    handle_.reset(rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof why));
    if (!handle_) throw std::runtime_error(why);
    rd_kafka_poll_set_consumer(handle_.get());
    auto* list = rd_kafka_topic_partition_list_new(partitions);
    for (std::int32_t i = 0; i < partitions; ++i)
      rd_kafka_topic_partition_list_add(list, topic.c_str(), i)->offset = RD_KAFKA_OFFSET_BEGINNING;
    rd_kafka_assign(handle_.get(), list);
    rd_kafka_topic_partition_list_destroy(list);
  }

  // Reads until the topic has given that many different events, or nothing came for the time. In each partition's
  // order.
  const std::vector<Delivered>& read(std::size_t events,
                                     std::chrono::milliseconds patience = std::chrono::seconds(20)) {
    auto deadline = std::chrono::steady_clock::now() + patience;
    while (positions_.size() < events && std::chrono::steady_clock::now() < deadline) {
      auto* message = rd_kafka_consumer_poll(handle_.get(), 100);
      if (message == nullptr) continue;
      if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        take(*message);
        deadline = std::chrono::steady_clock::now() + patience;
      }
      rd_kafka_message_destroy(message);
    }
    return all_;
  }

  // What is wrong with the topic as a copy of positions 1 to `events`: empty where nothing is. Repeats are allowed, if
  // the consumer that drops what it had sees each stream whole and in order.
  std::string fault(std::size_t events) const {
    if (positions_.size() != events)
      return std::to_string(positions_.size()) + " of " + std::to_string(events) + " events are there";
    if (*positions_.begin() != 1 || *positions_.rbegin() != events) return "positions are not 1 to the end";
    std::map<std::string, std::uint64_t> versions;
    std::map<std::string, std::int32_t> partitions;
    for (const auto& one : all_) {
      auto& version = versions[one.key];
      if (one.version > version + 1)
        return one.key + " jumps from version " + std::to_string(version) + " to " + std::to_string(one.version);
      version = std::max(version, one.version);
      if (partitions.emplace(one.key, one.partition).first->second != one.partition)
        return one.key + " is in two partitions";
      if (one.content_type != "application/cloudevents+json; charset=UTF-8") return "content-type " + one.content_type;
    }
    return {};
  }

  const std::vector<Delivered>& all() const { return all_; }

 private:
  struct Destroy {
    void operator()(rd_kafka_t* handle) const {
      rd_kafka_consumer_close(handle);
      rd_kafka_destroy(handle);
    }
  };

  void take(const rd_kafka_message_t& message) {
    Delivered one;
    one.partition = message.partition;
    one.key.assign(static_cast<const char*>(message.key), message.key_len);
    one.value.assign(static_cast<const char*>(message.payload), message.len);
    rd_kafka_headers_t* headers = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    if (rd_kafka_message_headers(&message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR &&
        rd_kafka_header_get_last(headers, "content-type", &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR)
      one.content_type.assign(static_cast<const char*>(value), size);
    const auto json = boost::json::parse(one.value);
    one.position = std::stoull(std::string(json.at("sequence").as_string()));
    one.version = json.at("streamversion").to_number<std::uint64_t>();
    positions_.insert(one.position);
    all_.push_back(std::move(one));
  }

  std::unique_ptr<rd_kafka_t, Destroy> handle_;
  std::vector<Delivered> all_;
  std::set<std::uint64_t> positions_;
};

}  // namespace strowger::test
