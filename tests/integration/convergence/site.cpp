#include "tests/integration/convergence/site.hpp"

#include "actors/ask_and_wait.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/eventually.hpp"

#include <poll.h>

namespace strowger::test {
namespace {

using namespace std::chrono_literals;

std::string answer_to(const SipText& request, const std::string& status, const std::string& more = {}) {
  std::string text = "SIP/2.0 " + status + "\r\n";
  for (const auto& via : request.headers("Via")) text += "Via: " + via + "\r\n";
  return text + "From: " + request.header("From") + "\r\nTo: " + request.header("To") +
         ";tag=phone\r\nCall-ID: " + request.header("Call-ID") + "\r\nCSeq: " + request.header("CSeq") + "\r\n" + more +
         "Content-Length: 0\r\n\r\n";
}

}  // namespace

LoopSite::Config::Config() {
  set("scheduler.policy", caf::atom("sharing"));
  set("scheduler.max-threads", 2);
  set("scheduler.max-throughput", 300);
  set("logger.console", caf::atom("none"));
}

LoopSite::LoopSite(sip::ServerOptions options)
    : server(std::make_shared<MemoryLog>(), std::move(options)),
      world_{*server.log, server.ids, server.clock()},
      devices_(system_, world_),
      campaigns_(system_, world_) {
  policy.pace = {0, 0, 0, {}};
  policy.fetch_deadline = 100s;
  policy.retries = 2;
  policy.registration_grace = 30s;
  actors::LogFollower::Handlers handlers;
  handlers.event = [this](const Envelope& envelope) -> Result<void> {
    apply(envelope);
    return {};
  };
  handlers.trouble = [](const Error&) {};
  projector_ = std::make_unique<actors::LogFollower>(*server.log, Position{0}, std::move(handlers), 100ms);
}

LoopSite::~LoopSite() {
  stop_answering();
  evictions_.reset();
  convergence_.reset();
  reboots_.reset();
  server.server->stop();
  projector_.reset();
}

void LoopSite::start() {
  const auto from = server.log->last_position();
  REQUIRE(eventually([&] {
    const std::lock_guard lock(mutex_);
    return applied_ >= from;
  }));
  const auto trouble = [](const Error&) {};
  const auto line = [](const std::string&) {};
  reboots_ = std::make_unique<reboot::RebootReactor>(
      reboot::RebootReactor::World{
          *server.log, devices_, device_rows_, server.server->bindings(), server.server->notifier(), calls_,
          [](const std::string&, RebootVerb) { return "check-sync;reboot=true"; }, line, trouble},
      from);
  convergence_ = std::make_unique<convergence::ConvergenceReactor>(
      convergence::ConvergenceReactor::World{
          *server.log, devices_, device_rows_, server.server->bindings(), calls_,
          [this](const DefinitionPtr& device) -> Result<std::string> { return etag(device->mac); },
          [this](Position position, std::function<void()> done) { when_applied(position, std::move(done)); },
          [](const std::string&, RebootReason) { return RebootVerb::reboot; }, [this] { return policy; },
          server.clock(), trouble},
      from);
  start_evictions();
  answer_notifies();
}

void LoopSite::pass(std::chrono::seconds time) {
  if (convergence_) {
    const auto looked = convergence_->looked();
    REQUIRE(eventually([&] { return looked(server.log->last_position()); }));
  }
  server.ahead += static_cast<int>(time.count());
}

void LoopSite::start_evictions() {
  const auto from = server.log->last_position();
  REQUIRE(eventually([&] {
    const std::lock_guard lock(mutex_);
    return applied_ >= from;
  }));
  evictions_ = std::make_unique<convergence::Evictions>(
      convergence::Evictions::World{
          *server.log, devices_, device_rows_, extension_rows_, server.server->bindings(), calls_,
          [this](const DefinitionPtr& device) -> Result<std::string> { return etag(device->mac); },
          [this](Position position, std::function<void()> done) { when_applied(position, std::move(done)); },
          [this] { return policy.pace; },
          [this](const ExtensionNumber& number, UnregisterReason reason) {
            server.server->drop_extension(number, reason);
          },
          server.clock(), [](const std::string&) {}, [](const Error&) {}},
      from);
}

bool LoopSite::give(const Desk& desk, const std::string& extension, bool phone_present) {
  server.set_password(extension, "secret");
  const auto number = ExtensionNumber::parse(extension).value();
  append(StreamId::of(number), ExtensionCreated{number, "Ann", "", true, {}});
  {
    const std::lock_guard lock(mutex_);
    names_[desk.mac] = "at " + extension;
    given_[desk.mac] = extension;
  }
  actors::ChangeDevice change;
  change.extension = number;
  change.phone_present = phone_present;
  change.etag = etag(desk.mac);
  const auto outcome = ask_and_wait(devices_, desk.mac.text(), actors::Device::Command(change), {});
  REQUIRE(outcome);
  return outcome->events.size() > 1;
}

void LoopSite::disable(const ExtensionNumber& extension) {
  server.enable(extension.text(), false);
  append(StreamId::of(extension), ExtensionDisabled{extension, DisabledReason::administrator});
}

void LoopSite::remove(const ExtensionNumber& extension) {
  server.forget(extension.text());
  append(StreamId::of(extension), ExtensionDeleted{extension, {}});
}

void LoopSite::apply(const Envelope& envelope) {
  device_rows_.apply(envelope);
  extension_rows_.apply(envelope);
  campaign_rows_.apply(envelope);
  if (std::holds_alternative<DeviceConverged>(envelope.event)) ++converged;
  std::vector<std::function<void()>> due;
  {
    const std::lock_guard lock(mutex_);
    applied_ = envelope.position;
    std::erase_if(waiting_, [&](auto& item) {
      if (item.first > applied_) return false;
      due.push_back(std::move(item.second));
      return true;
    });
  }
  for (const auto& done : due) done();
}

void LoopSite::when_applied(Position position, std::function<void()> done) {
  {
    const std::lock_guard lock(mutex_);
    if (applied_ < position) {
      waiting_.emplace_back(position, std::move(done));
      return;
    }
  }
  done();
}

LoopSite::Desk& LoopSite::add(std::size_t number, Habit habit, bool registers_again) {
  again_ = registers_again;
  auto desk = std::make_unique<Desk>();
  desk->mac = MacAddress::from_bits(0x001565000000 + number);
  desk->extension = ExtensionNumber::parse(std::to_string(10'000 + number)).value();
  desk->habit = habit;
  server.set_password(desk->extension.text(), "secret");
  append(StreamId::of(desk->extension), ExtensionCreated{desk->extension, "Ann", "", true, {}});
  DeviceRegistered registered{desk->mac, desk->extension, "yealink", "t46s", false};
  append(StreamId::of(desk->mac), registered);
  desk->phone = std::make_unique<Phone>(Wire::Kind::udp, server.port(), desk->extension.text());
  fetch(*desk);
  registers(*desk);
  desks.push_back(std::move(desk));
  return *desks.back();
}

void LoopSite::moves(Desk& desk, const std::string& ip) {
  stop_answering();
  desk.phone = std::make_unique<Phone>(Wire::Kind::udp, server.port(), desk.extension.text(), "secret", ip);
  registers(desk);
  answer_notifies();
}

void LoopSite::registers(Desk& desk, const std::string& expires) {
  Phone::Register what;
  what.contact = desk.phone->contact(desk.contact_parameters);
  what.expires = expires;
  what.extra = desk.headers;
  REQUIRE(desk.phone->register_with(what).status() == 200);
}

void LoopSite::append(const StreamId& stream, const Event& event) {
  append_and_wait(
      *server.log,
      {stream, ExpectedVersion::any(), {encode(event, {"admin:ann", {}, {}}, server.clock()(), server.ids)}, {}, {}})
      .value();
}

void LoopSite::rename(const Desk& desk, const std::string& name) {
  {
    const std::lock_guard lock(mutex_);
    names_[desk.mac] = name;
  }
  ExtensionChanged changed;
  changed.number = desk.extension;
  changed.name = name;
  append(StreamId::of(desk.extension), changed);
}

void LoopSite::change_template() {
  {
    const std::lock_guard lock(mutex_);
    ++template_;
  }
  TemplatePublished published;
  published.vendor = "yealink";
  published.model = "t46s";
  append(StreamId("template", "yealink_t46s"), published);
}

std::string LoopSite::etag(const MacAddress& mac) const {
  const std::lock_guard lock(mutex_);
  const auto name = names_.find(mac);
  return "\"" + std::to_string(template_) + (name == names_.end() ? "" : name->second) + "\"";
}

void LoopSite::fetch(const Desk& desk) {
  ConfigServed served;
  served.mac = desk.mac;
  served.extension = desk.extension;
  served.etag = etag(desk.mac);
  served.ip = desk.phone->ip;
  append(StreamId::of(desk.mac), served);
}

void LoopSite::answer_notifies() {
  phones_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void LoopSite::stop_answering() {
  phones_.request_stop();
  if (phones_.joinable()) phones_.join();
}

void LoopSite::run(const std::stop_token& stop) {
  std::vector<pollfd> sockets;
  for (const auto& desk : desks) sockets.push_back({desk->phone->wire.descriptor(), POLLIN, 0});
  while (!stop.stop_requested()) {
    if (::poll(sockets.data(), sockets.size(), 20) <= 0) continue;
    for (std::size_t i = 0; i < sockets.size(); ++i)
      if ((sockets[i].revents & POLLIN) != 0) receive(*desks[i]);
  }
}

void LoopSite::receive(Desk& desk) {
  const auto request = desk.phone->wire.receive(10ms);
  if (!request || request->method() != "NOTIFY") return;
  auto& wire = desk.phone->wire;
  const bool fresh = desk.call_ids.insert(request->header("Call-ID")).second;
  if (fresh) ++desk.told;
  if (desk.habit == Habit::vanished) return;
  if (desk.habit == Habit::refuses) return wire.send(answer_to(*request, "481 Subscription does not exist"));
  if (desk.habit == Habit::challenges) {
    const auto authorization = request->header("Authorization");
    if (authorization.find("username=\"" + desk.extension.text() + "\"") == std::string::npos)
      return wire.send(answer_to(*request, "401 Unauthorized",
                                 "WWW-Authenticate: Digest realm=\"phone\", nonce=\"n0nce\", algorithm=MD5, "
                                 "qop=\"auth\"\r\n"));
  }
  wire.send(answer_to(*request, "200 OK"));
  if (desk.habit == Habit::deaf || (!fresh && desk.habit != Habit::challenges)) return;
  {
    const std::lock_guard lock(mutex_);
    if (const auto given = given_.find(desk.mac); given != given_.end()) {
      desk.extension = ExtensionNumber::parse(given->second).value();
      desk.phone->extension = desk.phone->user = given->second;
    }
  }
  fetch(desk);
  if (again_) registers(desk);
}

}  // namespace strowger::test
