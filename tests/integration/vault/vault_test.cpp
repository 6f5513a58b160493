#include "adapters/rocksdb/rocks_log.hpp"
#include "adapters/vault/password.hpp"
#include "adapters/vault/sodium_vault.hpp"
#include "events/event.hpp"
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

TEST_CASE_METHOD(Fixture, "of the keys in memory the oldest that was not used goes first") {
  const auto id_of = [](const SealedSecret& secret) { return secret.text.substr(3, 16); };
  for (int round = 0; round < 8; ++round) {
    CAPTURE(round);
    const auto vault = opened(3);
    std::vector<SealedSecret> secrets;
    for (int i = 0; i < 3; ++i) secrets.push_back(vault->seal(std::to_string(i)).value());
    vault->seal("makes all of them old").value();  // the first went, and the marks of use with it
    secrets.erase(secrets.begin());
    REQUIRE(vault->open(secrets[0]));  // used again
    // Behind the vault's back: from now on only what is in memory opens.
    AppendRequest request;
    for (const auto& secret : secrets) request.state.push_back({"vault", id_of(secret), std::nullopt});
    REQUIRE(append_and_wait(*log, std::move(request)));
    vault->seal("takes a place").value();
    CHECK(vault->open(secrets[0]));
    CHECK(vault->open(secrets[1]).error().code == "secret_shredded");
  }
}

TEST_CASE_METHOD(Fixture, "a key that a crash left without a use is destroyed at the next start, and no other") {
  const auto record = [&](const SealedSecret& password) {
    static IdSource ids;
    const auto number = *ExtensionNumber::parse("1001");
    AppendRequest request;
    request.stream = StreamId::of(number);
    request.events.push_back(
        encode(ExtensionPasswordChanged{number, password}, {"admin:ann", {}, {}}, system_now(), ids));
    REQUIRE(append_and_wait(*log, std::move(request)));
  };
  const auto noted = [&] {
    std::size_t count = 0;
    REQUIRE(log->scan_state("vault_unused", "", [&](std::string_view, std::string_view) { ++count; }));
    return count;
  };
  auto vault = opened();
  const auto used = vault->seal("used").value();
  const auto orphan = vault->seal("orphan").value();
  record(vault->seal_like(used, "sibling").value());
  vault = opened();
  const auto young = vault->seal("its event is on its way").value();

  auto swept = vault->sweep({}).value();
  CHECK(swept.used == 1);
  CHECK(swept.destroyed == 1);
  CHECK(vault->open(used).value() == "used");
  CHECK(vault->open(young).value() == "its event is on its way");
  CHECK(vault->open(orphan).error().code == "secret_shredded");
  CHECK(opened()->open(orphan).error().code == "secret_shredded");
  CHECK(noted() == 1);

  record(young);
  swept = vault->sweep({}).value();
  CHECK(swept.used == 1);
  CHECK(swept.destroyed == 0);
  CHECK(noted() == 0);
  vault = opened();
  CHECK(vault->sweep({}).value().destroyed == 0);
  CHECK(vault->open(young).value() == "its event is on its way");

  // What is shredded leaves no note; and a stop does nothing by half.
  REQUIRE(vault->shred(vault->seal("refused").value()));
  CHECK(noted() == 0);
  const auto another = vault->seal("another").value();
  record(another);
  std::stop_source stop;
  stop.request_stop();
  CHECK(vault->sweep(stop.get_token()).value().used == 0);
  CHECK(noted() == 1);
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

namespace {

// What a rotation records; the vault does not care.
NewRecord rotated(std::size_t data_keys) {
  static IdSource ids;
  return encode(MasterKeyRotated{static_cast<std::uint32_t>(data_keys)}, {"admin:ann", {}, {}}, system_now(), ids);
}

std::string content(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE_METHOD(Fixture, "a rotated master key opens what the old one sealed, at once and after a start") {
  const auto vault = opened(4);  // most data keys are read from the log again
  std::vector<SealedSecret> sealed;
  for (int i = 0; i < 20; ++i) sealed.push_back(vault->seal(std::to_string(i)).value());
  REQUIRE(vault->shred(sealed.back()));
  const auto old_key = content(source.file);
  const auto old_tokens = vault->derive_key("tokens");

  const auto done = vault->rotate(rotated).value();
  CHECK(done.data_keys == 19);
  CHECK(done.key_file == source.file);
  CHECK(content(source.file) != old_key);
  CHECK(content(done.previous_file) == old_key);
  CHECK_FALSE(std::filesystem::exists(source.next_file()));
  CHECK(vault->derive_key("tokens") != old_tokens);
  const auto newest = log->read_back(next(log->last_position()), 1).value();
  CHECK(std::get<MasterKeyRotated>(decode(newest.front()).value().event).data_keys == 19);

  sealed.pop_back();
  const auto later = vault->seal("later").value();
  const auto check = [&](const SodiumVault& with) {
    for (std::size_t i = 0; i < sealed.size(); ++i) CHECK(with.open(sealed[i]).value() == std::to_string(i));
    CHECK(with.open(later).value() == "later");
  };
  check(*vault);
  check(*opened());

  // The old key alone opens nothing any more.
  write_key(old_key, 0600);
  CHECK(SodiumVault::open(*log, source).error().code == "wrong_master_key");
}

TEST_CASE_METHOD(Fixture, "a rotation that was cut short anywhere leaves one key that opens everything") {
  auto vault = opened();
  const auto sealed = vault->seal("s3cret").value();
  const auto old_key = content(source.file);
  const auto restart = [&] { vault = opened(); };

  SECTION("after the new key was written") {
    REQUIRE(MasterKey::make_next(source));
    restart();
    CHECK(content(source.file) == old_key);
    CHECK_FALSE(std::filesystem::exists(source.next_file()));
  }
  SECTION("after the data keys were wrapped anew") {
    REQUIRE(vault->rotate(rotated));
    const auto new_key = content(source.file);
    // As it was before the files were moved.
    std::filesystem::rename(source.file, source.next_file());
    std::filesystem::rename(source.previous_file(), source.file);
    restart();
    CHECK(content(source.file) == new_key);
    CHECK(content(source.previous_file()) == old_key);
    CHECK_FALSE(std::filesystem::exists(source.next_file()));
  }
  SECTION("after the old key was kept, before the new one took its place") {
    REQUIRE(vault->rotate(rotated));
    const auto new_key = content(source.file);
    std::filesystem::rename(source.file, source.next_file());
    std::filesystem::copy_file(source.previous_file(), source.file);
    restart();
    CHECK(content(source.file) == new_key);
    CHECK(content(source.previous_file()) == old_key);
  }
  CHECK(vault->open(sealed).value() == "s3cret");
  REQUIRE(vault->rotate(rotated));
  restart();
  CHECK(vault->open(sealed).value() == "s3cret");
}

TEST_CASE_METHOD(Fixture, "a supplied master key stays until its operator supplies the new one") {
  source.text = std::string(64, 'a');
  SealedSecret sealed;
  std::string new_key;
  {
    const auto vault = opened();
    sealed = vault->seal("s3cret").value();
    const auto done = vault->rotate(rotated).value();
    CHECK(done.key_file == source.next_file());
    CHECK(done.previous_file.empty());
    new_key = content(source.next_file());
  }
  CHECK(opened()->open(sealed).value() == "s3cret");  // found beside the supplied one
  CHECK(std::filesystem::exists(source.next_file()));
  source.text.reset();
  source.credentials_directory = folder.path();
  std::ofstream(folder.path() / "strowger-master-key", std::ios::binary) << new_key;
  CHECK(opened()->open(sealed).value() == "s3cret");
  CHECK_FALSE(std::filesystem::exists(source.next_file()));
}

TEST_CASE_METHOD(Fixture, "while the master key is rotated, secrets are sealed, opened and shredded") {
  const auto vault = opened(8);
  std::vector<SealedSecret> secrets;
  for (int i = 0; i < 200; ++i) secrets.push_back(vault->seal(std::to_string(i)).value());
  std::atomic<int> wrong{0};
  std::atomic<bool> stop{false};
  std::vector<std::jthread> threads;
  for (std::size_t t = 0; t < 2; ++t)
    threads.emplace_back([&, t] {
      for (std::size_t i = t; !stop; ++i) {
        const auto clear = vault->open(secrets[i % secrets.size()]);
        if (!clear || *clear != std::to_string(i % secrets.size())) ++wrong;
      }
    });
  std::vector<SealedSecret> made, shredded;
  threads.emplace_back([&] {
    while (!stop) {
      made.push_back(vault->seal("made").value());
      shredded.push_back(vault->seal("shredded").value());
      if (!vault->shred(shredded.back())) ++wrong;
    }
  });
  for (int i = 0; i < 5; ++i) CHECK(vault->rotate(rotated));
  stop = true;
  threads.clear();
  CHECK(wrong == 0);
  const auto again = opened();
  for (const auto& secret : made) CHECK(again->open(secret).value() == "made");
  for (const auto& secret : shredded) CHECK(again->open(secret).error().code == "secret_shredded");
}

TEST_CASE_METHOD(Fixture, "a deleted extension leaves events that can be read, and no key for their secrets") {
  const auto vault = opened();
  const auto number = *ExtensionNumber::parse("1001");
  const auto password = vault->seal("s3cret").value();
  const auto kept = vault->seal("kept").value();
  IdSource ids;
  const auto append = [&](const Event& event) {
    REQUIRE(append_and_wait(*log, {StreamId::of(number),
                                   ExpectedVersion::any(),
                                   {encode(event, {"admin:ann", {}, {}}, system_now(), ids)},
                                   {},
                                   {}}));
  };
  append(ExtensionCreated{number, "Ann", "", true, password});
  append(ExtensionDeleted{number, password});
  REQUIRE(vault->shred(password));
  std::vector<std::string> keys;
  REQUIRE(log->scan_state("vault", "", [&](std::string_view id, std::string_view) { keys.emplace_back(id); }));
  REQUIRE(keys.size() == 1);
  CHECK(kept.text.starts_with("v1." + keys.front()));
  // A rotation does not bring it back.
  REQUIRE(vault->rotate(rotated));
  const auto records = log->read_stream(StreamId::of(number), StreamVersion{0}, 10).value();
  REQUIRE(records.size() == 2);
  const auto created = std::get<ExtensionCreated>(decode(records.front()).value().event);
  CHECK(created.name == "Ann");
  CHECK(vault->open(created.password).error().code == "secret_shredded");
}
