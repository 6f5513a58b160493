// Events, and a small projection over them, for tests and benchmarks of the log.
#pragma once

#include "events/event.hpp"
#include "events/json.hpp"
#include "events/log.hpp"
#include "events/projection.hpp"

#include <charconv>
#include <map>
#include <mutex>
#include <set>
#include <string>

namespace strowger::test {

inline MacAddress sample_mac(std::uint64_t n) {
  return MacAddress::from_bits(0x0015'6500'0000 + n);
}

inline NewRecord sample_event(std::uint64_t device, IdSource& ids, std::string path = "/provision/001565123456.cfg") {
  ConfigServed served{sample_mac(device),
                      *ExtensionNumber::parse("1001"),
                      "yealink",
                      "t46s",
                      std::move(path),
                      "\"5d41402abc4b2a76\"",
                      4'096,
                      200,
                      "192.0.2.17",
                      "Yealink SIP-T46S 66.86.0.15 00:15:65:12:34:56"};
  return encode(served, Cause{"phone:" + sample_mac(device).text(), {}, {}}, system_now(), ids);
}

inline AppendRequest sample_append(std::uint64_t device, IdSource& ids,
                                   ExpectedVersion expected = ExpectedVersion::any()) {
  AppendRequest request;
  request.stream = StreamId::of(sample_mac(device));
  request.expected = expected;
  request.events.push_back(sample_event(device, ids));
  return request;
}

// How often each device was served, and what last.
class ServedCounts : public Projection {
 public:
  struct Row {
    std::uint64_t count = 0;
    std::uint64_t last = 0;  // position
    std::string path;
    bool operator==(const Row&) const = default;
  };

  explicit ServedCounts(std::uint32_t schema = 1, std::string name = "served")
      : schema_(schema), name_(std::move(name)) {}

  std::string_view name() const override { return name_; }
  std::uint32_t schema() const override { return schema_; }
  void fold(const Envelope& envelope) override {
    const auto* served = std::get_if<ConfigServed>(&envelope.event);
    if (served == nullptr) return;
    ++applied_;
    Row& row = rows_[served->mac];
    ++row.count;
    row.last = number(envelope.position);
    row.path = served->path;
    changed_.insert(served->mac);
  }
  void flush(RowBatch& batch) override {
    const std::lock_guard lock(mutex_);
    for (const auto& mac : changed_) batch.put(mac.text(), text(rows_.at(mac)));
    changed_.clear();
  }
  Result<void> load(std::string_view key, std::string_view stored) override {
    const auto mac = MacAddress::parse(key);
    if (!mac) return mac.error();
    Row row;
    const auto first = stored.find(' ');
    const auto second = stored.find(' ', first + 1);
    if (second == std::string_view::npos) return malformed("bad_row", "a row of served has three parts");
    std::from_chars(stored.data(), stored.data() + first, row.count);
    std::from_chars(stored.data() + first + 1, stored.data() + second, row.last);
    row.path = stored.substr(second + 1);
    const std::lock_guard lock(mutex_);
    rows_[*mac] = std::move(row);
    return {};
  }
  std::unique_ptr<Projection> blank() const override { return std::make_unique<ServedCounts>(schema_, name_); }
  void adopt(Projection& rebuilt) override {
    auto& other = dynamic_cast<ServedCounts&>(rebuilt);
    const std::scoped_lock lock(mutex_, other.mutex_);
    rows_.swap(other.rows_);
    changed_.clear();
  }
  void dump(RowBatch& all) const override {
    const std::lock_guard lock(mutex_);
    for (const auto& [mac, row] : rows_) all.put(mac.text(), text(row));
  }

  std::map<MacAddress, Row> rows() const {
    const std::lock_guard lock(mutex_);
    return rows_;
  }
  // Events applied by this object since it was made.
  std::uint64_t applied() const {
    const std::lock_guard lock(mutex_);
    return applied_;
  }

 private:
  static std::string text(const Row& row) {
    return std::to_string(row.count) + ' ' + std::to_string(row.last) + ' ' + row.path;
  }

  const std::uint32_t schema_;
  const std::string name_;
  std::map<MacAddress, Row> rows_;
  std::set<MacAddress> changed_;
  std::uint64_t applied_ = 0;
};

}  // namespace strowger::test
