#include "adapters/rocksdb/rocks_log.hpp"
#include "adapters/vault/password.hpp"
#include "adapters/vault/sodium_vault.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temporary_folder.hpp"

#include <atomic>
#include <chrono>
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

TEST_CASE_METHOD(Fixture, "what is sealed for a subject opens for it alone, after a restart too") {
  SealedSecret sealed;
  {
    const auto vault = opened();
    sealed = vault->seal("extension/1001", "s3cret \" é").value();
    CHECK(sealed.text.starts_with("v1."));
    CHECK_THAT(sealed.text, !ContainsSubstring("s3cret"));
    CHECK(vault->seal("extension/1001", "s3cret \" é").value() != sealed);  // another nonce
  }
  const auto vault = opened();
  CHECK(vault->open("extension/1001", sealed).value() == "s3cret \" é");
  REQUIRE(vault->seal("extension/1002", "x"));
  CHECK(vault->open("extension/1002", sealed).error().code == "secret_shredded");
  CHECK(vault->open("extension/1003", sealed).error().code == "secret_shredded");
  for (std::size_t i = 0; i < sealed.text.size(); ++i) {
    auto changed = sealed;
    changed.text[i] = changed.text[i] == 'A' ? 'B' : 'A';
    CHECK_FALSE(vault->open("extension/1001", changed));
  }
  CHECK(vault->open("extension/1001", SealedSecret{"s3cret"}).error().code == "secret_unreadable");
}

TEST_CASE_METHOD(Fixture, "a shredded secret never opens again, and the subject gets a new key") {
  const auto vault = opened();
  const auto old = vault->seal("extension/1001", "old").value();
  REQUIRE(vault->shred("extension/1001"));
  CHECK(vault->open("extension/1001", old).error().code == "secret_shredded");
  const auto fresh = vault->seal("extension/1001", "new").value();
  CHECK(vault->open("extension/1001", fresh).value() == "new");
  CHECK(vault->open("extension/1001", old).error().code == "secret_shredded");
  CHECK(opened()->open("extension/1001", old).error().code == "secret_shredded");
}

TEST_CASE_METHOD(Fixture, "more subjects than the cache holds, from several threads") {
  const auto vault = opened(16);
  std::atomic<int> wrong{0};
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 60; ++i) {
        const auto subject = "extension/" + std::to_string(i % 40);
        const auto sealed = vault->seal(subject, subject);
        const Result<std::string> clear = sealed ? vault->open(subject, *sealed) : sealed.error();
        if (!clear || *clear != subject) ++wrong;
      }
    });
  threads.clear();
  CHECK(wrong == 0);
}

TEST_CASE_METHOD(Fixture, "opening takes microseconds") {
  const auto vault = opened();
  const auto sealed = vault->seal("extension/1001", "a password of usual length").value();
  constexpr int rounds = 20'000;
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < rounds; ++i) REQUIRE(vault->open("extension/1001", sealed).has_value());
  const auto each = (std::chrono::steady_clock::now() - start) / rounds;
  CHECK(each < std::chrono::microseconds(50));  // about 2, on a quiet machine
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
