#include "tests/faults/simulation/server.hpp"

#include "actors/reboot/correlation.hpp"

namespace strowger::test::simulation {
namespace {

constexpr auto timer_f = std::chrono::seconds(32);
constexpr auto fetch_window = std::chrono::seconds(60);

// Small, so that passivation, snapshots and conflicts happen all the time.
constexpr actors::EntityLimits entity_limits{.snapshot_every = 3, .conflict_retries = 20, .read_batch = 2};
constexpr actors::RouterLimits router_limits{
    .max_live = 2, .idle = std::chrono::seconds(20), .sweep = std::chrono::seconds(5), .max_asks = 1'000};

void ignore(const Error&) {}

}  // namespace

Time::Shown Time::shown(Timestamp date) const {
  Shown shown{instant_, {}};
  for (std::size_t i = 0; i < ahead_.size(); ++i) {
    const auto at = Instant((date - ahead_[i].of).time_since_epoch());
    const auto until = i + 1 < ahead_.size() ? ahead_[i + 1].since : instant_;
    if (at < ahead_[i].since || at > until) continue;
    shown.first = std::min(shown.first, at);
    shown.last = std::max(shown.last, at);
  }
  return shown;
}

convergence::Policy policy() {
  using namespace std::chrono_literals;
  convergence::Policy policy;
  policy.pace.max_in_flight = 2;
  policy.pace.max_per_second = 1;
  policy.fetch_deadline = 60s;
  policy.retries = 2;
  policy.first_backoff = 10s;
  policy.registration_grace = 10s;
  policy.round_every = 300s;
  policy.return_within = 60s;
  return policy;
}

Server::Server(Disk& disk_in, Time& time_in, const Calls& calls_in, std::uint64_t seed, Send send)
    : disk(disk_in),
      time(time_in),
      clock(time_in.clock()),
      calls(calls_in),
      ids(clock, seed),
      log(disk.log),
      world{log, ids, clock, entity_limits},
      nonces({}, {}, clock.instant()),
      bindings(clock),
      send_(std::move(send)) {
  RunnerOptions options;
  options.batch = 3;
  options.drive = Drive::by_hand;
  options.now = [this] { return time.instant(); };
  runner = std::make_unique<ProjectionRunner>(
      log, disk.store, std::vector<Projection*>{&extension_rows, &device_rows, &campaign_rows}, options);
  runner->start().value();
  while (runner->step() == Step::more) {
  }
  extensions = std::make_unique<actors::Entities<actors::Extension>>(actors.system, world, router_limits);
  devices = std::make_unique<actors::Entities<actors::Device>>(actors.system, world, router_limits);
  campaigns = std::make_unique<actors::Entities<actors::Campaign>>(actors.system, world, router_limits);
  registrar = std::make_unique<registrar::Registrar>(
      log, bindings, ids, clock, [this](std::function<void()> task) { sip_thread.push_back(std::move(task)); },
      registrar::Registrar::Options{});
  registrar->restore().value();
  reboots = std::make_unique<reboot::RebootReactor>(
      reboot::RebootReactor::World{log, *devices, device_rows, bindings, *this, calls,
                                   [](const std::string&, RebootVerb) { return std::string("check-sync"); },
                                   [](const std::string&) {}, ignore},
      log.last_position(), Drive::by_hand);
  deletions = std::make_unique<actors::DeletionReactor>(log, disk.vault, ignore, Drive::by_hand);
  const auto etag_now = [this](const DefinitionPtr& device) { return etag(*device); };
  convergence = std::make_unique<convergence::ConvergenceReactor>(
      convergence::ConvergenceReactor::World{
          log, *devices, device_rows, bindings, calls, etag_now,
          [this](Position position, std::function<void()> done) { runner->when_applied(position, std::move(done)); },
          [](const std::string&, RebootReason) { return RebootVerb::reboot; }, policy, clock, ignore},
      log.last_position(), Drive::by_hand);
  evictions = std::make_unique<convergence::Evictions>(
      convergence::Evictions::World{
          log, *devices, device_rows, extension_rows, bindings, calls, etag_now,
          [this](Position position, std::function<void()> done) { runner->when_applied(position, std::move(done)); },
          [] { return policy().pace; },
          [this](const ExtensionNumber& number, UnregisterReason reason) {
            sip_thread.emplace_back([this, number, reason] { registrar->drop_extension(number, reason); });
          },
          clock, [](const std::string&) {}, ignore},
      log.last_position(), Drive::by_hand);
  coordinator = std::make_unique<campaign::Coordinator>(
      campaign::Coordinator::World{*campaigns, *devices, campaign_rows, device_rows, bindings, etag_now, clock, calls},
      Drive::by_hand);
}

Server::~Server() {
  crash(0);
  coordinator.reset();
  evictions.reset();
  convergence.reset();
  deletions.reset();
  reboots.reset();
  registrar.reset();
  campaigns.reset();
  devices.reset();
  extensions.reset();
  actors.scheduler->run();
  disk.store.failing = true;
  runner.reset();
  disk.store.failing = false;
}

void Server::crash(std::size_t durable) {
  log.crash(durable);
  sip_thread.clear();
  transactions_.clear();
}

void Server::notify(reboot::Notice notice, std::function<void(reboot::NoticeOutcome)> done) {
  const auto transaction = ++last_transaction_;
  transactions_[transaction] = {std::move(done), time.instant() + timer_f};
  send_(transaction, notice);
}

void Server::answered(std::uint64_t transaction, reboot::NoticeOutcome outcome) {
  const auto found = transactions_.find(transaction);
  if (found == transactions_.end()) return;
  const auto done = std::move(found->second.done);
  transactions_.erase(found);
  done(std::move(outcome));
}

void Server::receive(registrar::RegisterRequest request, registrar::Registrar::Answer answer) {
  if (!extension_rows.find(request.extension)) return answer({404, "Not Found", {}, {}, {}, false, clock.now()});
  registrar->submit(std::move(request), std::move(answer));
}

std::optional<Server::File> Server::serve_config(const MacAddress& mac, std::function<void(bool)> recorded) {
  const auto serving = device_rows.find_for_serving(mac);
  if (!serving.definition) return std::nullopt;
  const auto file = etag(*serving.definition);
  if (!file) return std::nullopt;
  ConfigServed served;
  served.mac = mac;
  served.extension = serving.definition->extension;
  served.vendor = serving.definition->vendor;
  served.etag = *file;
  // As Facts does.
  const bool matters = !serving.correlation.is_nil() || runner->applied_position() < log.last_position();
  std::vector<http::provision::FetchWindows::Repeats> closed;
  const bool tell =
      windows_.add({mac, {}, {}, *file, 200, clock()}, matters, ticks(), fetch_window, [&] { return served; }, closed);
  tell_repeats(closed);
  if (!tell) return File{*file, serving.definition->extension, true};
  log.append({StreamId::activity_of(mac),
              ExpectedVersion::any(),
              {encode(served, {"phone:" + mac.text(), serving.correlation, serving.causation}, clock(), ids)},
              {},
              {}},
             [recorded = std::move(recorded)](const Result<Receipt>& receipt) { recorded(receipt.has_value()); });
  return File{*file, serving.definition->extension};
}

void Server::tell_repeats(const std::vector<http::provision::FetchWindows::Repeats>& closed) {
  for (const auto& repeats : closed) {
    AppendRequest request;
    const auto& mac = repeats.event.mac;
    request.facts.push_back(
        {StreamId::activity_of(mac), encode(repeats.event, {"phone:" + mac.text(), {}, {}}, clock(), ids)});
    log.append(std::move(request), {});
  }
}

bool Server::phone_present(const MacAddress& mac, const ExtensionNumber& extension) const {
  DeviceRow device;
  if (auto known = device_rows.find(mac)) device = *known;
  if (device.definition) extension_changes(device.activity, device.definition->extension, extension);
  device.definition = std::make_shared<const DeviceDefinition>(DeviceDefinition{mac, extension, "yealink"});
  return !reboot::Phones(bindings, device_rows).of(device).empty();
}

Result<std::string> Server::etag(const DeviceDefinition& device) const {
  const auto extension = extension_rows.find(device.extension);
  if (!extension) return not_found("extension_not_found", "no such extension");
  return extension->name + "/" + device.model;
}

bool Server::authenticated(std::string& nonce, std::uint32_t& count) {
  const auto now = clock.instant();
  const auto known = nonces.read(nonce, now);
  if (known && !known->stale && nonces.use(*known, ++count, 0) == digest::Nonces::Use::fresh) return true;
  nonce = nonces.issue(now);
  count = 0;
  return false;
}

void Server::tick() {
  std::vector<std::uint64_t> given_up;
  for (const auto& [transaction, waiting] : transactions_)
    if (waiting.gives_up <= time.instant()) given_up.push_back(transaction);
  std::vector<http::provision::FetchWindows::Repeats> closed;
  windows_.close(ticks(), closed);
  tell_repeats(closed);
  for (const auto transaction : given_up) answered(transaction, {408, "Request Timeout", true});
  registrar->expire_due();
}

bool Server::at_rest() const {
  return runnable_actors() == 0 && log.queued() == 0 && log.unacknowledged() == 0 && sip_thread.empty() &&
         transactions_.empty() && registrar->pending() == 0 && registrar->to_redate() == 0 &&
         reboots->under_way() == 0 && convergence->at_rest() && evictions->at_rest();
}

void Server::run_actor(std::size_t which) {
  auto& jobs = actors.scheduler->jobs;
  std::swap(jobs.front(), jobs.at(which));
  actors.scheduler->run_once();
}

}  // namespace strowger::test::simulation
