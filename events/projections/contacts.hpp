// The contacts as they are now.
#pragma once

#include "events/projections/table.hpp"

#include <atomic>

namespace strowger {

struct ContactRow {
  Uuid contact;
  std::string name;
  std::string company;
  std::vector<ContactNumber> numbers;
  Timestamp created_at{};
  Timestamp updated_at{};
  StreamVersion version{};  // of the last event: its ETag
};
BOOST_DESCRIBE_STRUCT(ContactRow, (), (contact, name, company, numbers, created_at, updated_at, version))

class ContactsProjection : public Projection {
 public:
  using RowPtr = std::shared_ptr<const ContactRow>;

  RowPtr find(const Uuid& contact) const;
  // By id, which is the order in which they were added; at most `max` that follow `after`.
  std::vector<RowPtr> list(const std::optional<Uuid>& after, std::size_t max) const;
  std::size_t size() const;
  // Rises with every change of any contact: while it stands, so do all rows.
  std::uint64_t changes() const { return changes_.load(std::memory_order_acquire); }

  std::string_view name() const override { return "contacts"; }
  std::uint32_t schema() const override { return 1; }
  void flush(RowBatch& batch) override;
  Result<void> load(std::string_view key, std::string_view row) override;
  std::unique_ptr<Projection> blank() const override { return std::make_unique<ContactsProjection>(); }
  void adopt(Projection& rebuilt) override;
  void dump(RowBatch& all) const override;

 private:
  void fold(const Envelope& envelope) override;

  Table<Uuid, ContactRow> rows_{""};
  std::atomic<std::uint64_t> changes_{0};
};

}  // namespace strowger
