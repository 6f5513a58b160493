#include "adapters/http/token_mask.hpp"

#include "actors/provisioning/recorded.hpp"
#include "adapters/http/provision/http_auth.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

using namespace strowger;
using namespace strowger::http;

namespace {

const std::string sample_token = "aZ3-kQ_9xW0bT7nR2mYc8VfL5sHd1JgE";
// A device's may be any of its characters.
const std::string unmixed_token = "abcdefghijklmnopqrstuvwxyzabcdef";

std::string every_byte_encoded(std::string_view text) {
  static constexpr std::string_view digits = "0123456789aBcDeF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

TokenMask knowing(std::initializer_list<std::string> tokens) {
  std::vector<std::string> hashes;
  for (const auto& one : tokens) hashes.push_back(provisioning::sha256_of(one));
  return TokenMask(
      [hashes](const std::string& sha256) { return std::find(hashes.begin(), hashes.end(), sha256) != hashes.end(); });
}

}  // namespace

TEST_CASE("a token is masked wherever it stands in a path, and however it is written") {
  REQUIRE(sample_token.size() == token_size);
  const std::string file = "001565123456.cfg";
  const std::vector<std::pair<std::string, std::string>> paths{
      {"/provision/" + sample_token + "/" + file, "/provision/********/" + file},
      {"/provision/" + sample_token + file, "/provision/********" + file},
      {"/provision/" + sample_token + "%2f" + file, "/provision/********%2f" + file},
      {"/provision/" + sample_token + ".cfg", "/provision/********.cfg"},
      {"/provision/token=" + sample_token + "/x.cfg", "/provision/token=********/x.cfg"},
      {"/provision/cfg" + sample_token + "/" + file, "/provision/cfg********/" + file},
      {"/provision/" + every_byte_encoded(sample_token) + "/" + file, "/provision/********/" + file},
      {"/provision/" + every_byte_encoded(every_byte_encoded(sample_token)) + "/" + file,
       "/provision/********/" + file},
      {"/provision/x?token=" + sample_token + "&a=b", "/provision/x?token=********&a=b"},
      {"/" + sample_token + "/" + sample_token, "/********/********"},
      {"http://pbx/provision/" + sample_token + "/" + file, "http://pbx/provision/********/" + file}};
  for (const auto& one : {sample_token, unmixed_token}) {
    const auto mask = knowing({one});
    for (const auto& [written, masked] : paths) {
      auto path = written;
      if (one == unmixed_token) {
        const auto replace = [&](std::string from, const std::string& to) {
          for (auto at = path.find(from); at != std::string::npos; at = path.find(from))
            path.replace(at, from.size(), to);
        };
        replace(every_byte_encoded(every_byte_encoded(sample_token)), every_byte_encoded(every_byte_encoded(one)));
        replace(every_byte_encoded(sample_token), every_byte_encoded(one));
        replace(sample_token, one);
      }
      CAPTURE(path);
      CHECK(mask(path) == masked);
    }
  }
}

TEST_CASE("what looks like a token is masked, also where no device has it") {
  const TokenMask mask;
  CHECK(mask("/provision/" + sample_token + "/x.cfg") == "/provision/********/x.cfg");
  CHECK(mask("/provision/" + sample_token.substr(0, 24) + "/x.cfg") == "/provision/********/x.cfg");
  CHECK(mask("/provision/" + sample_token + "0015").find(sample_token.substr(0, 8)) == std::string::npos);
  CHECK(mask("/provision/" + every_byte_encoded(sample_token)) == "/provision/********");
  CHECK(mask(std::string(3000, 'a') + sample_token + std::string(3000, 'b')) == "********");
  CHECK(mask(std::string(3000, 'a')) == std::string(3000, 'a'));
  CHECK(knowing({sample_token})(std::string(3000, 'a')) == "********");  // too long to be looked through
  // As they are made.
  for (int i = 0; i < 200; ++i) {
    const auto made = provision::new_token();
    CAPTURE(made);
    CHECK(mask("/provision/" + made) == "/provision/********");
  }
}

TEST_CASE("what phones ask for is no token") {
  const TokenMask mask = knowing({sample_token});
  for (const auto* path :
       {"/provision/001565123456.cfg", "/0004f2aabbcc-directory.xml", "/provision/000000000000-directory.xml",
        "/provision/firmware/T46S-66.86.0.15.rom", "/Polycom_UC_Software_5_9_5_release_sig.ld",
        "/provision/SEP001565123456.cnf.xml", "/provision/CTLSEP001565123456.tlv", "/3111-46157-002.sip.ld",
        "/provision/550e8400-e29b-41d4-a716-446655440000.xml", "/provision/%7Bmac%7D.cfg", "/provision/%MAC%.cfg",
        "Yealink SIP-T46S 66.86.0.15 80:5e:c0:d5:7d:72", "", "/"}) {
    CAPTURE(path);
    CHECK_FALSE(mask.hidden(path));
    CHECK(mask(path) == path);
  }
}

TEST_CASE("how many hashes a text costs is bounded, and what is left unhashed is hidden") {
  unsigned hashes = 0;
  const TokenMask mask([&](const std::string&) {
    ++hashes;
    return false;
  });
  std::string path;
  for (int i = 0; i < 400; ++i) path += "/" + std::string(40, 'a');
  const auto masked = mask(path);
  CHECK(hashes <= 128);
  CHECK(masked.ends_with("/********"));
}
