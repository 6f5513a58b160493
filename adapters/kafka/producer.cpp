#include "adapters/kafka/producer.hpp"

#include <array>

#include <unistd.h>

namespace strowger::kafka {
namespace {

constexpr std::string_view content_type = "application/cloudevents+json; charset=UTF-8";

Properties properties_of(const config::Kafka& settings) {
  Properties all{
      {"bootstrap.servers", settings.brokers},
      {"client.id", settings.client_id},
      {"compression.type", settings.compression},
      // Each event once in its partition and in order, as far as one producer lives; nothing is given up.
      {"enable.idempotence", "true"},
      // What follows an event that could not be delivered must not overtake it: the producer fails instead.
      {"enable.gapless.guarantee", "true"},
      {"acks", "all"},
      {"message.timeout.ms", "0"},
      // As Kafka's own clients place a key, so that others who produce or look up by stream agree.
      {"partitioner", "murmur2_random"},
      {"linger.ms", "5"},
      // The size that is too large is the broker's to say.
      {"message.max.bytes", "16777216"},
      {"queue.buffering.max.messages", "100000"},
      {"queue.buffering.max.kbytes", "131072"},
      {"reconnect.backoff.max.ms", "5000"},
      {"socket.keepalive.enable", "true"},
  };
  const bool tls = settings.tls.enabled;
  const bool sasl = !settings.sasl.mechanism.empty();
  all.emplace_back("security.protocol", sasl ? (tls ? "sasl_ssl" : "sasl_plaintext") : (tls ? "ssl" : "plaintext"));
  const auto set = [&](const char* name, const std::string& value) {
    if (!value.empty()) all.emplace_back(name, value);
  };
  if (tls) {
    set("ssl.ca.location", settings.tls.ca_file);
    set("ssl.certificate.location", settings.tls.cert_file);
    set("ssl.key.location", settings.tls.key_file);
    set("ssl.key.password", settings.tls.key_password);
    all.emplace_back("ssl.endpoint.identification.algorithm", settings.tls.verify_hostname ? "https" : "none");
  }
  if (sasl) {
    set("sasl.mechanism", settings.sasl.mechanism);
    set("sasl.username", settings.sasl.username);
    set("sasl.password", settings.sasl.password);
  }
  return all;
}

Producer::Callbacks& callbacks_of(void* opaque) {
  return *static_cast<Producer::Callbacks*>(opaque);
}

Error settings_error(const std::string& what) {
  return unacceptable("kafka_settings", "integrations.kafka: " + what);
}

// librdkafka's own words do not name the file.
Result<void> check_files(const config::KafkaTls& tls) {
  if (!tls.enabled) return {};
  for (const auto& [name, file] : {std::pair<const char*, const std::string&>{"ca_file", tls.ca_file},
                                   {"cert_file", tls.cert_file},
                                   {"key_file", tls.key_file}})
    if (!file.empty() && ::access(file.c_str(), R_OK) != 0)
      return settings_error("tls." + std::string(name) + ": " + file +
                            " cannot be read; check the path and its permissions");
  return {};
}

}  // namespace

Result<Conf> make_conf(const config::Kafka& settings, const Properties& more) {
  Conf conf(rd_kafka_conf_new());
  std::array<char, 512> why{};
  const auto set = [&](const Properties& all) -> Result<void> {
    for (const auto& [name, value] : all)
      if (rd_kafka_conf_set(conf.get(), name.c_str(), value.c_str(), why.data(), why.size()) != RD_KAFKA_CONF_OK)
        return settings_error(why.data());
    return {};
  };
  if (auto done = set(properties_of(settings)); !done) return done.error();
  if (auto done = set(more); !done) return done.error();
  return conf;
}

Result<std::unique_ptr<Producer>> Producer::open(const config::Kafka& settings, const Properties& more,
                                                 Callbacks callbacks) {
  if (auto readable = check_files(settings.tls); !readable) return readable.error();
  auto conf = make_conf(settings, more);
  if (!conf) return conf.error();
  auto producer = std::unique_ptr<Producer>(new Producer(std::move(callbacks)));
  auto* const raw = conf->get();
  rd_kafka_conf_set_opaque(raw, &producer->callbacks_);
  rd_kafka_conf_set_dr_msg_cb(raw, [](rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
    callbacks_of(opaque).delivered(reinterpret_cast<std::uintptr_t>(message->_private), message->err);
  });
  rd_kafka_conf_set_error_cb(raw, [](rd_kafka_t* handle, int code, const char* reason, void* opaque) {
    if (code != RD_KAFKA_RESP_ERR__FATAL) return callbacks_of(opaque).trouble(reason, false);
    std::array<char, 512> why{};
    rd_kafka_fatal_error(handle, why.data(), why.size());
    callbacks_of(opaque).trouble(why.data(), true);
  });
  // What it would log comes by the callbacks above; its lines on stderr would be nobody's.
  rd_kafka_conf_set_log_cb(raw, [](const rd_kafka_t*, int, const char*, const char*) {});

  std::array<char, 512> why{};
  producer->handle_ = rd_kafka_new(RD_KAFKA_PRODUCER, raw, why.data(), why.size());
  if (producer->handle_ == nullptr) return settings_error(why.data());
  static_cast<void>(conf->release());  // the producer's from here on
  producer->topic_ = rd_kafka_topic_new(producer->handle_, settings.topic.c_str(), nullptr);
  if (producer->topic_ == nullptr)
    return settings_error("topic " + settings.topic + ": " + rd_kafka_err2str(rd_kafka_last_error()));
  producer->queue_ = rd_kafka_queue_get_main(producer->handle_);
  rd_kafka_queue_cb_event_enable(
      producer->queue_, [](rd_kafka_t*, void* opaque) { callbacks_of(opaque).wake(); }, &producer->callbacks_);
  return producer;
}

Producer::~Producer() {
  if (handle_ == nullptr) return;
  if (queue_ != nullptr) {
    rd_kafka_queue_cb_event_enable(queue_, nullptr, nullptr);
    rd_kafka_queue_destroy(queue_);
  }
  callbacks_.delivered = [](std::uint64_t, rd_kafka_resp_err_t) {};
  callbacks_.trouble = [](const std::string&, bool) {};
  rd_kafka_purge(handle_, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  poll();
  if (topic_ != nullptr) rd_kafka_topic_destroy(topic_);
  rd_kafka_destroy(handle_);
}

rd_kafka_resp_err_t Producer::send(std::string_view key, std::string_view value, std::uint64_t number) {
  rd_kafka_headers_t* headers = rd_kafka_headers_new(1);
  constexpr std::string_view name = "content-type";
  rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), content_type.data(),
                      static_cast<ssize_t>(content_type.size()));
  std::array<rd_kafka_vu_t, 6> parts{};
  parts[0].vtype = RD_KAFKA_VTYPE_RKT;
  parts[0].u.rkt = topic_;
  parts[1].vtype = RD_KAFKA_VTYPE_KEY;
  parts[1].u.mem = {const_cast<char*>(key.data()), key.size()};
  parts[2].vtype = RD_KAFKA_VTYPE_VALUE;
  parts[2].u.mem = {const_cast<char*>(value.data()), value.size()};
  parts[3].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
  parts[3].u.i = RD_KAFKA_MSG_F_COPY;
  parts[4].vtype = RD_KAFKA_VTYPE_OPAQUE;
  parts[4].u.ptr = reinterpret_cast<void*>(static_cast<std::uintptr_t>(number));
  parts[5].vtype = RD_KAFKA_VTYPE_HEADERS;
  parts[5].u.headers = headers;
  rd_kafka_error_t* fault = rd_kafka_produceva(handle_, parts.data(), parts.size());
  if (fault == nullptr) return RD_KAFKA_RESP_ERR_NO_ERROR;
  const auto code = rd_kafka_error_code(fault);
  rd_kafka_error_destroy(fault);
  rd_kafka_headers_destroy(headers);  // they stay the caller's where it failed
  return code;
}

void Producer::poll() {
  while (rd_kafka_poll(handle_, 0) > 0) {
  }
}

}  // namespace strowger::kafka
