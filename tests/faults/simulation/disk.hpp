// What survives a crash of the simulated server: the log, the projections' rows, and the vault's data keys.
#pragma once

#include "events/projection.hpp"
#include "events/secret.hpp"
#include "tests/support/memory_log.hpp"

#include <charconv>
#include <map>
#include <set>
#include <string>

namespace strowger::test::simulation {

class MemoryStore : public ProjectionStore {
 public:
  Result<std::optional<Checkpoint>> checkpoint(std::string_view projection) override {
    const auto found = tables_.find(projection);
    if (found == tables_.end()) return std::optional<Checkpoint>{};
    return std::optional<Checkpoint>{found->second.checkpoint};
  }
  Result<void> load(std::string_view projection,
                    const std::function<Result<void>(std::string_view, std::string_view)>& visit) override {
    for (const auto& [key, row] : tables_[std::string(projection)].rows)
      if (auto done = visit(key, row); !done) return done;
    return {};
  }
  Result<void> commit(std::string_view projection, Checkpoint checkpoint, const RowBatch& rows, bool replace) override {
    if (failing) return unavailable("store_unavailable", "the simulation made the projection store fail");
    auto& table = tables_[std::string(projection)];
    if (replace) table.rows.clear();
    for (const auto& row : rows.rows()) {
      if (row.value)
        table.rows[row.key] = *row.value;
      else
        table.rows.erase(row.key);
    }
    table.checkpoint = checkpoint;
    return {};
  }

  bool failing = false;

 private:
  struct Table {
    Checkpoint checkpoint;
    std::map<std::string, std::string> rows;
  };
  std::map<std::string, Table, std::less<>> tables_;
};

// Seals nothing: a secret is the name of its data key, paper.1, and the clear text. What counts here is which keys
// there are.
class PaperVault : public Vault {
 public:
  Result<SealedSecret> seal(std::string_view clear) override {
    keys_.insert(++made_);
    return SealedSecret{std::string(form) + std::to_string(made_) + "." + std::string(clear)};
  }
  Result<SealedSecret> seal_like(const SealedSecret& sibling, std::string_view clear) override {
    if (!keys_.contains(key_of(sibling))) return unacceptable("secret_shredded", "its data key was destroyed");
    return SealedSecret{std::string(sibling.key()) + "." + std::string(clear)};
  }
  Result<std::string> open(const SealedSecret& sealed) const override {
    if (!keys_.contains(key_of(sealed))) return unacceptable("secret_shredded", "its data key was destroyed");
    return sealed.text.substr(sealed.key().size() + 1);
  }
  Result<void> shred(const SealedSecret& sealed) override {
    keys_.erase(key_of(sealed));
    return {};
  }

 private:
  static constexpr std::string_view form = "paper.";
  static std::uint64_t key_of(const SealedSecret& sealed) {
    std::uint64_t key = 0;
    const auto name = sealed.key();
    if (name.starts_with(form)) std::from_chars(name.data() + form.size(), name.data() + name.size(), key);
    return key;
  }
  std::set<std::uint64_t> keys_;
  std::uint64_t made_ = 0;
};

struct Disk {
  MemoryLog log;
  MemoryStore store;
  PaperVault vault;
};

}  // namespace strowger::test::simulation
