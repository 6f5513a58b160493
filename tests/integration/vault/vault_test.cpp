#include "adapters/rocksdb/rocks_log.hpp"
#include "adapters/vault/password.hpp"
#include "adapters/vault/sodium_vault.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temporary_folder.hpp"

#include <atomic>
#include <fstream>
#include <thread>

#include <sys/stat.h>

using namespace strowger;
using namespace strowger::vault;
using strowger::test::TemporaryFolder;

namespace {

struct Fixture {
  TemporaryFolder folder;
  MasterKeySource source{{}, {}, folder.path() / "master.key"};
  std::unique_ptr<rocks::RocksLog> log = rocks::RocksLog::open({.folder = folder.path() / "log"}).value();

  std::unique_ptr<SodiumVault> opened(std::size_t cached = 1'000) {
    return SodiumVault::open(*log, source, cached).value();
  }
  void write_key(const std::string& text, ::mode_t mode) {
    std::ofstream(source.file, std::ios::binary) << text;
    ::chmod(source.file.c_str(), mode);
  }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "what is sealed opens, after a restart too, and nothing else does") {
  SealedSecret sealed, other;
  {
    const auto vault = opened();
    sealed = vault->seal("s3cret \" é").value();
    other = vault->seal("x").value();
    CHECK(sealed.text.starts_with("v1."));
    CHECK_THAT(sealed.text, !ContainsSubstring("s3cret"));
    CHECK(vault->seal_like(sealed, "s3cret \" é").value() != sealed);  // another nonce
  }
  const auto vault = opened();
  CHECK(vault->open(sealed).value() == "s3cret \" é");
  // Under another key than its own it does not open.
  const auto swapped = other.text.substr(0, 20) + sealed.text.substr(20);
  CHECK(vault->open(SealedSecret{swapped}).error().code == "secret_unreadable");
  for (std::size_t i = 0; i < sealed.text.size(); ++i) {
    auto changed = sealed;
    changed.text[i] = changed.text[i] == 'A' ? 'B' : 'A';
    CHECK_FALSE(vault->open(changed));
  }
  CHECK(vault->open(SealedSecret{"s3cret"}).error().code == "secret_unreadable");
}

TEST_CASE_METHOD(Fixture, "a shredded secret and its siblings never open again, others do") {
  const auto vault = opened();
  const auto old = vault->seal("old").value();
  const auto sibling = vault->seal_like(old, "newer").value();
  const auto other = vault->seal("other").value();
  REQUIRE(vault->shred(sibling));
  REQUIRE(vault->shred(sibling));
  for (const auto& gone : {old, sibling}) {
    CHECK(vault->open(gone).error().code == "secret_shredded");
    CHECK(vault->seal_like(gone, "x").error().code == "secret_shredded");
    CHECK(opened()->open(gone).error().code == "secret_shredded");
  }
  CHECK(vault->open(other).value() == "other");
}

TEST_CASE_METHOD(Fixture, "more keys than the cache holds, from several threads") {
  const auto vault = opened(16);
  std::vector<SealedSecret> secrets;
  for (int i = 0; i < 40; ++i) secrets.push_back(vault->seal(std::to_string(i)).value());
  std::atomic<int> wrong{0};
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (std::size_t i = 0; i < 400; ++i) {
        const auto& secret = secrets[i % secrets.size()];
        const auto sibling = vault->seal_like(secret, std::to_string(i));
        const Result<std::string> clear = sibling ? vault->open(*sibling) : sibling.error();
        if (!clear || *clear != std::to_string(i)) ++wrong;
      }
    });
  threads.clear();
  CHECK(wrong == 0);
}

TEST_CASE_METHOD(Fixture, "the master key's file is made for its owner alone, and refused when others may read it") {
  REQUIRE(opened());
  struct stat info{};
  REQUIRE(::stat(source.file.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
  CHECK(info.st_size == 32);
  ::chmod(source.file.c_str(), 0640);
  const auto refused = SodiumVault::open(*log, source);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == "master_key_readable");
  CHECK_THAT(refused.error().message, ContainsSubstring("chmod 600"));
}

TEST_CASE_METHOD(Fixture, "a lost or foreign master key stops the start") {
  REQUIRE(opened());
  std::filesystem::remove(source.file);
  CHECK(SodiumVault::open(*log, source).error().code == "master_key_missing");
  CHECK_FALSE(std::filesystem::exists(source.file));
  write_key(std::string(32, 'x'), 0600);
  CHECK(SodiumVault::open(*log, source).error().code == "wrong_master_key");
  write_key("too short", 0600);
  CHECK(SodiumVault::open(*log, source).error().code == "bad_master_key");
}

TEST_CASE_METHOD(Fixture, "the master key may come from the environment or from a credential, in hex or base64") {
  source.text = std::string(64, 'a');
  const auto derived = opened()->derive_key("tokens");
  CHECK_FALSE(std::filesystem::exists(source.file));
  source.text = "qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqo=\n";
  CHECK(opened()->derive_key("tokens") == derived);
  std::ofstream(folder.path() / "strowger-master-key") << std::string(64, 'a') << '\n';
  source.credentials_directory = folder.path();
  source.text = "not looked at";
  CHECK(opened()->derive_key("tokens") == derived);
  source.credentials_directory.reset();
  CHECK(SodiumVault::open(*log, source).error().code == "bad_master_key");
}

TEST_CASE_METHOD(Fixture, "derived keys differ by purpose and stay the same") {
  const auto vault = opened();
  CHECK(vault->derive_key("tokens") == vault->derive_key("tokens"));
  CHECK(vault->derive_key("tokens") != vault->derive_key("nonces"));
  CHECK(opened()->derive_key("tokens") == vault->derive_key("tokens"));
}

TEST_CASE("a password is recognised by its hash alone") {
  const auto hash = hash_password("correct horse").value();
  CHECK(hash.text.starts_with("$argon2id$"));
  CHECK(verify_password(hash, "correct horse"));
  CHECK_FALSE(verify_password(hash, "wrong horse"));
  CHECK_FALSE(verify_password(PasswordHash{}, ""));
  CHECK_FALSE(verify_password(PasswordHash{"nonsense"}, "nonsense"));
}
