#include "adapters/http/provision/access.hpp"

#include "actors/provisioning/access/certificate.hpp"
#include "actors/reboot/correlation.hpp"
#include "adapters/http/provision/request_log.hpp"
#include "adapters/http/provision/services.hpp"
#include "adapters/http/tls.hpp"

#include <algorithm>
#include <charconv>

#include <spdlog/logger.h>

namespace strowger::http::provision {
namespace {

namespace access = provisioning::access;
using access::Proof;
using access::Rule;

// Blocks outlive a restart: they are stored with the date on which they end.
constexpr std::string_view blocks_table = "provisioning_blocks";

bool in_any(const std::vector<config::Network>& networks, const config::IpBytes& address) {
  return std::any_of(networks.begin(), networks.end(), [&](const auto& network) { return network.contains(address); });
}

config::IpBytes bytes_of(const asio::ip::address& address) {
  if (address.is_v4()) return asio::ip::make_address_v6(asio::ip::v4_mapped, address.to_v4()).to_bytes();
  return address.to_v6().to_bytes();
}

// An address as proxies write it: 192.0.2.1, 192.0.2.1:4711, 2001:db8::7, [2001:db8::7], [2001:db8::7]:4711. The view
// is the address alone.
std::optional<std::pair<config::IpBytes, std::string_view>> forwarded_address(std::string_view entry) {
  if (entry.starts_with('['))
    entry = entry.substr(1, entry.find(']') - 1);
  else if (std::count(entry.begin(), entry.end(), ':') == 1)
    entry = entry.substr(0, entry.find(':'));
  const auto address = config::parse_ip(entry);
  if (!address) return std::nullopt;
  return std::pair(*address, entry);
}

std::string state_of(Timestamp until, std::uint32_t unknown_macs) {
  return std::to_string(until.time_since_epoch().count()) + " " + std::to_string(unknown_macs);
}

// `longest`: no block is longer, whatever the clock said when it was made.
std::optional<access::Block> block_of(std::string_view state, const Now& now, std::chrono::microseconds longest) {
  std::int64_t until = 0;
  access::Block block;
  const auto* const end = state.data() + state.size();
  const auto [rest, fault] = std::from_chars(state.data(), end, until);
  if (fault != std::errc() || rest == end || std::from_chars(rest + 1, end, block.unknown_macs).ec != std::errc())
    return std::nullopt;
  block.until = due_at(now, Timestamp(std::chrono::microseconds(until)), longest);
  return block;
}

Proof for_device(const Brought& brought, const std::optional<MacAddress>& wanted) {
  if (brought.proof != Proof::right || !wanted || brought.device == *wanted) return brought.proof;
  return Proof::other;
}

// A certificate that verifies is that of the phone whose MAC it names, in any way that vendors write one.
struct Shown {
  Proof proof = Proof::none;
  std::string name;    // where it is right
  std::string detail;  // where it is not
};

Shown shown_by(const TlsPeer* certificate, const std::optional<MacAddress>& wanted) {
  if (certificate == nullptr) return {};
  std::string names;
  for (const auto& name : certificate->names) names += (names.empty() ? "" : ", ") + escaped(name);
  if (!certificate->fault.empty())
    return {Proof::wrong, {}, "The certificate of " + names + " is not taken: " + certificate->fault + "."};
  std::optional<MacAddress> named;
  std::string_view by;
  for (const auto& name : certificate->names) {
    const auto mac = access::mac_in_name(name);
    if (!mac) continue;
    if (named && *named != *mac)
      return {Proof::wrong, {}, "The certificate names more than one phone, and is taken for none: " + names + "."};
    if (!named) by = name;
    named = mac;
  }
  if (named && (!wanted || *named == *wanted)) return {Proof::right, escaped(by), {}};
  return {named ? Proof::other : Proof::wrong, {}, "The certificate names " + (names.empty() ? "nobody" : names) + "."};
}

}  // namespace

Client client_of(const Request& request, const Present& present) {
  Client client{bytes_of(request.address), {}};
  const auto& proxies = present.access.trusted_proxies;
  if (proxies.empty() || !in_any(proxies, client.bytes)) return client;
  // Each proxy adds whom it heard from at the end, in the same line or in one of its own: the last of all that is none
  // of ours is the client. What that one says of others before it is only its own word.
  const auto entries = request.header(headers::x_forwarded_for);
  for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
    const auto address = forwarded_address(*entry);
    if (!address) {
      // The proxy does not say whom it heard from: anybody. Its own address may be let in where theirs is not.
      client.bytes = {};
      client.text = "unknown";
      break;
    }
    client.bytes = address->first;
    client.text = address->second;
    if (!in_any(proxies, address->first)) break;
  }
  return client;
}

Access::Access(Services& services)
    : services_(services),
      auth_(services.device_rows, services.vault, services.clock),
      enumeration_(access::Enumeration::Limits{}) {
  const auto now = services.clock.now();
  const std::chrono::minutes longest(services.settings()->provisioning.access.enumeration_block_minutes);
  std::vector<StateWrite> over;
  static_cast<void>(services.log.scan_state(blocks_table, "", [&](std::string_view key, std::string_view value) {
    const auto source = access::parse_source(key);
    const auto block = block_of(value, now, longest);
    if (source && block && block->until > now.instant)
      enumeration_.block(*source, *block);
    else
      over.push_back({std::string(blocks_table), std::string(key), std::nullopt});
  }));
  has_blocks_ = enumeration_.has_blocks();
  if (over.empty()) return;
  AppendRequest request;
  request.state = std::move(over);
  services.log.append(std::move(request), [](const Result<Receipt>&) {});
}

bool Access::open_to(const Request& request, const Present& present, const Client& client) const {
  return request.certificate == nullptr && !request.needs_certificate && !present.access.strict() &&
         !has_blocks_.load(std::memory_order_relaxed) && in_any(present.access.allowed, client.bytes);
}

Access::Answer Access::check(const Question& question) {
  if (open_to(question.request, question.present, question.client)) return {};
  const auto& rules = question.present.access;
  auto network = access::Network::closed;
  if (in_any(rules.allowed, question.client.bytes))
    network = access::Network::open;
  else if (in_any(rules.with_credentials, question.client.bytes))
    network = access::Network::with_proof;
  return check_closely(question, network);
}

Access::Answer Access::check_closely(const Question& question, access::Network network) {
  const auto now = services_.clock.instant();
  const auto& rules = question.present.access;
  const auto& file = question.file;
  access::Facts facts;
  facts.network = network;
  // Where nothing is left here, phones ask for what they left as for anything that may be absent.
  const bool absent =
      file.role == provisioning::FileRole::upload && !question.present.settings->provisioning.uploads.enabled;
  facts.device_file = provisioning::is_private(file.role) && !absent;
  const auto wanted = facts.device_file ? file.mac : std::nullopt;

  // All is looked at, whatever is found first: how long it takes tells nothing.
  auto password = auth_.password(question.request, rules.schemes);
  facts.guessing = is_guessing(question.client, password, now);
  if (facts.guessing) password.stale = false;
  const auto token = auth_.token(question.token);
  const auto row = wanted ? services_.device_rows.find(*wanted) : std::nullopt;
  // A phone book of no phone in particular is anybody's who may have one.
  facts.known = row.has_value() || (file.role == provisioning::FileRole::phonebook && !wanted);
  facts.password = for_device(password, wanted);
  facts.token = for_device(token, wanted);
  auto certificate = shown_by(question.request.certificate, wanted);
  facts.certificate = certificate.proof;
  if (rules.enrolment.count() > 0 && row) {
    const auto& enrolment = row->enrolment;
    const auto from = config::parse_ip(enrolment.ip);
    facts.enrolment = access::Enrolment::elsewhere;
    if (!enrolment.registered_at && services_.clock.within(enrolment.opened_at, rules.enrolment))
      facts.enrolment = access::Enrolment::open;
    else if (from && access::same_site(*from, question.client.bytes))
      facts.enrolment = access::Enrolment::here;
  } else if (rules.enrolment.count() > 0) {
    facts.enrolment = access::Enrolment::elsewhere;
  }
  std::optional<access::Block> block;
  if (has_blocks_.load(std::memory_order_relaxed)) {
    const std::lock_guard lock(mutex_);
    block = enumeration_.blocked(access::source_of(question.client.bytes), now);
    if (now >= swept_ + std::chrono::seconds(1)) {
      swept_ = now;
      enumeration_.drop_expired(now);
      has_blocks_ = enumeration_.has_blocks();
    }
  }
  facts.blocked = block.has_value() && !(network == access::Network::open && is_registered_at(question, row));

  const auto decision = access::decide(facts, {rules.require_credentials, question.request.needs_certificate});
  Answer answer;
  answer.allowed = decision.allowed;
  answer.rule = decision.rule;
  answer.unknown = facts.device_file && wanted && !facts.known;
  answer.tls_identity = std::move(certificate.name);
  answer.detail = std::move(certificate.detail);
  if (decision.allowed) return answer;
  refused_[static_cast<std::size_t>(decision.rule)].fetch_add(1, std::memory_order_relaxed);
  if (decision.rule == Rule::source_blocked) {
    answer.status = 429;
    answer.retry_after = static_cast<std::uint32_t>(
        std::max<std::int64_t>(1, std::chrono::ceil<std::chrono::seconds>(block->until - now).count()));
  } else if (network != access::Network::closed && rules.schemes.any() && services_.device_rows.any_with_password()) {
    answer.status = 401;
    answer.challenges = auth_.challenges(rules.schemes, password.stale);
  }
  return answer;
}

// By SIP, from the address that asks: its own file is served to it, and the files of all, whatever somebody else at
// that address (behind the same NAT) tries.
bool Access::is_registered_at(const Question& question, const std::optional<DeviceRow>& device) const {
  const auto& client = question.client;
  if (!device) {
    const auto text = client.text.empty() ? question.request.address.to_string() : std::string(client.text);
    return !provisioning::is_private(question.file.role) && !services_.bindings.at_ip(text, 1).empty();
  }
  const auto phones = reboot::Phones(services_.bindings, services_.device_rows).of(*device);
  return std::ranges::any_of(phones, [&](const auto& phone) { return config::parse_ip(phone->ip) == client.bytes; });
}

bool Access::is_guessing(const Client& client, const Brought& password, Instant now) {
  if (password.account == 0) return false;
  const auto source = access::source_of(client.bytes);
  const std::lock_guard lock(mutex_);
  if (guesses_.paused(source, password.account, now)) return true;
  if (password.proof == Proof::right) guesses_.right(source, password.account);
  if (password.proof != Proof::wrong || !guesses_.note(source, password.account, now)) return false;
  services_.logger.warn(
      "Too many wrong passwords for phones' files came from {}: for a while none from there is taken. Whose they were "
      "is in GET /api/provisioning/requests",
      access::to_string(source));
  return true;
}

void Access::unknown_mac(const Client& client, const MacAddress& mac, std::string_view user_agent,
                         const Present& present) {
  const auto read = services_.clock.now();
  const auto now = read.instant;
  const auto source = access::source_of(client.bytes);
  std::optional<access::Block> block;
  std::vector<access::Source> over;
  {
    const std::lock_guard lock(mutex_);
    enumeration_.set(present.access.enumeration);
    if (enumeration_.blocked(source, now)) return;  // as much as it likes: it gets nothing
    block = enumeration_.note(source, mac, now);
    if (!block) return;
    over = enumeration_.drop_expired(now);
    has_blocks_ = true;
  }
  blocks_.fetch_add(1, std::memory_order_relaxed);
  const auto name = access::to_string(source);
  const auto until = date_of(read, block->until);
  services_.logger.warn(
      "Source {} is blocked until {}: it asked for {} different MAC addresses that nobody registered. If they are your "
      "phones, register them and lift the block with DELETE /api/provisioning/access/blocked/{}",
      name, to_iso8601(until), block->unknown_macs, name);
  AppendRequest request;
  request.facts.push_back(
      {StreamId("provisioning", "access"), encode(SourceBlocked{name, block->unknown_macs, escaped(user_agent), until},
                                                  Cause{"system", {}, {}}, read.date, services_.ids)});
  request.state.push_back({std::string(blocks_table), name, state_of(until, block->unknown_macs)});
  for (const auto& gone : over)
    if (gone != source) request.state.push_back({std::string(blocks_table), access::to_string(gone), std::nullopt});
  services_.log.append(std::move(request), [&logger = services_.logger, name](const Result<Receipt>& receipt) {
    if (!receipt) logger.error("That source {} is blocked was not recorded: {}", name, receipt.error().message);
  });
}

std::vector<Access::BlockedSource> Access::blocked() const {
  const auto now = services_.clock.now();
  const std::lock_guard lock(mutex_);
  std::vector<BlockedSource> out;
  for (const auto& [source, block] : enumeration_.blocks(now.instant))
    out.push_back({access::to_string(source), date_of(now, block.until), block.unknown_macs});
  return out;
}

bool Access::unblock(const std::string& text, const std::string& by, AppendDone done) {
  const auto now = services_.clock.now();
  const auto source = access::parse_source(text);
  if (!source) return false;
  {
    const std::lock_guard lock(mutex_);
    const bool was = enumeration_.blocked(*source, now.instant).has_value();
    enumeration_.unblock(*source);
    has_blocks_ = enumeration_.has_blocks();
    if (!was) return false;
  }
  const auto name = access::to_string(*source);
  AppendRequest request;
  request.facts.push_back(
      {StreamId("provisioning", "access"), encode(SourceUnblocked{name}, Cause{by, {}, {}}, now.date, services_.ids)});
  request.state.push_back({std::string(blocks_table), name, std::nullopt});
  services_.log.append(std::move(request), std::move(done));
  return true;
}

}  // namespace strowger::http::provision
