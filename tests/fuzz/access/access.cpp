// What a stranger proves himself with: an Authorization header, a token in a path, a name in a certificate, a range, a
// source. Nobody who does not know the password gets in, and no token gets into a log.
#include "actors/provisioning/access/certificate.hpp"
#include "actors/provisioning/access/enumeration.hpp"
#include "adapters/http/provision/firmware.hpp"
#include "adapters/http/provision/http_auth.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace strowger;
using namespace strowger::http;
using namespace strowger::http::provision;
using provisioning::access::Proof;

namespace {

class OneSecret : public Vault {
 public:
  Result<SealedSecret> seal(std::string_view) override { return SealedSecret{"sealed"}; }
  Result<SealedSecret> seal_like(const SealedSecret&, std::string_view) override { return SealedSecret{"sealed"}; }
  Result<std::string> open(const SealedSecret&) const override { return std::string("no fuzzer finds this: \x01\x02"); }
  Result<void> shred(const SealedSecret&) override { return {}; }
};

const Timestamp now = parse_iso8601("2026-01-08T19:40:00Z").value();

DevicesProjection& devices() {
  static DevicesProjection rows;
  static const bool filled = [] {
    const auto mac = MacAddress::parse("001565123456").value();
    std::uint64_t position = 0;
    for (const Event& event : {Event(DeviceRegistered{mac, ExtensionNumber::parse("1001").value(), "yealink", "t46s"}),
                               Event(DeviceCredentialsSet{mac, "001565123456", SealedSecret{"sealed"}})}) {
      Envelope envelope;
      envelope.stream = StreamId::of(mac);
      envelope.position = Position{++position};
      envelope.version = StreamVersion{position};
      envelope.time = now;
      envelope.event = event;
      rows.apply(envelope);
    }
    return true;
  }();
  static_cast<void>(filled);
  return rows;
}

void authorization(std::string_view header) {
  static const OneSecret vault;
  static HttpAuth auth(devices(), vault, Clock([] { return now; }));
  Request request;
  request.method = Method::get;
  request.target = request.path = "/provision/001565123456.cfg";
  request.headers.push_back({Field::authorization, {}, header});
  const auto brought = auth.password(request, {});
  FUZZ_CHECK(brought.proof == Proof::none || brought.proof == Proof::wrong);
  FUZZ_CHECK(!brought.stale);
}

void path(std::string_view text) {
  const auto found = token_path(text);
  const auto masked = TokenMask()(text);
  if (found.token.empty()) return;
  FUZZ_CHECK(found.token.size() == token_size && found.rest.size() + token_size + 1 == text.size());
  FUZZ_CHECK(token_path(masked).token.empty());
}

}  // namespace

void fuzz(std::string_view input) {
  authorization(input);
  path(input);
  if (const auto mac = provisioning::access::mac_in_name(input)) FUZZ_CHECK(mac->bits() != 0);
  for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{10}, ~std::uint64_t{0}})
    if (const auto wanted = range_of(input, size); wanted.range)
      FUZZ_CHECK(wanted.range->first <= wanted.range->last && wanted.range->last < size && !wanted.unsatisfiable);
  if (const auto source = provisioning::access::parse_source(input))
    FUZZ_CHECK(provisioning::access::parse_source(provisioning::access::to_string(*source)) == source);
}
