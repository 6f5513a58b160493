// The extensions as they are now.
#pragma once

#include "events/projections/table.hpp"

#include <atomic>

namespace strowger {

struct ExtensionRow {
  ExtensionNumber number;
  std::string name;
  std::string email;
  bool allow_external = true;
  SealedSecret password;
  Timestamp created_at;
  Timestamp updated_at;
  StreamVersion version{};  // of the last event that defined it: its ETag
  bool enabled = true;
  DisabledReason disabled_reason{};  // where it is not
  // The directory user that it is; empty and nil: none.
  std::string directory;
  Uuid identity;
  std::string account;
  bool listed = true;  // in phone books
};
BOOST_DESCRIBE_STRUCT(ExtensionRow, (),
                      (number, name, email, allow_external, password, created_at, updated_at, version, enabled,
                       disabled_reason, directory, identity, account, listed))

class ExtensionsProjection : public Projection {
 public:
  using RowPtr = std::shared_ptr<const ExtensionRow>;

  RowPtr find(const ExtensionNumber& extension) const;
  // By number; at most `max` that follow `after`.
  std::vector<RowPtr> list(const std::optional<ExtensionNumber>& after, std::size_t max) const;
  std::size_t size() const;
  // While it stands, so do all rows. (Bindings, of the same streams, leave it.)
  std::uint64_t changes() const { return changes_.load(std::memory_order_acquire); }

  std::string_view name() const override { return "extensions"; }
  std::uint32_t schema() const override { return 1; }
  void flush(RowBatch& batch) override;
  Result<void> load(std::string_view key, std::string_view row) override;
  std::unique_ptr<Projection> blank() const override { return std::make_unique<ExtensionsProjection>(); }
  void adopt(Projection& rebuilt) override;
  void dump(RowBatch& all) const override;

 private:
  void fold(const Envelope& envelope) override;
  template <class Change>
  void change(const ExtensionNumber& extension, const Envelope& envelope, Change change);

  Table<ExtensionNumber, ExtensionRow> rows_{""};
  std::atomic<std::uint64_t> changes_{0};
};

}  // namespace strowger
