// What phones leave here by PUT and POST, and get back.
#include "actors/provisioning/misplaced.hpp"
#include "actors/provisioning/recorded.hpp"
#include "adapters/http/errors.hpp"
#include "adapters/http/provision/asked.hpp"
#include "adapters/http/provision/services.hpp"
#include "events/utf8.hpp"

#include <algorithm>

#include <spdlog/logger.h>

namespace strowger::http::provision {
namespace {

constexpr std::size_t most_repeats = 4'096;

bool is_upload(const provisioning::RequestedFile& file) {
  // Polycom's phones also leave the directory that they were given, with what their users changed.
  return file.mac && (file.role == provisioning::FileRole::upload || file.role == provisioning::FileRole::phonebook);
}

UploadLimits limits_of(const config::Uploads& settings) {
  return {settings.max_file_size, settings.max_total_size, settings.max_files_per_device};
}

}  // namespace

// Held by the request: while it lives, the upload counts as under way.
struct Files::UploadPass {
  UploadPass(const Request& request, PresentPtr present, ServedPaths::Stamp stamp, spdlog::logger& logger,
             const TokenMask& mask)
      : asked(request, std::move(present), stamp, logger, mask) {
    asked.resolve();
  }
  UploadPass(UploadPass&&) = delete;

  Asked asked;
  std::optional<UploadSeats::Seat> seat{};
};

// What is refused here is not read: a stranger costs no memory.
std::optional<Response> Files::admit_upload(Request& request, std::optional<std::uint64_t> size) {
  const auto pass = std::make_shared<UploadPass>(request, present_.get(), stamp(), services_.logger, mask_);
  auto& asked = pass->asked;
  const auto& settings = asked.present->settings->provisioning;
  if (!settings.enabled || !settings.uploads.enabled || !is_upload(asked.file)) {
    if (settings.enabled && settings.uploads.enabled && asked.file.role == provisioning::FileRole::unknown)
      if (auto meant = provisioning::misplaced_file(request.target); meant && is_upload(*meant))
        return wrong_path(asked, std::move(*meant));
    auto refused = error_response(405, "method_not_allowed", "This path takes only GET, HEAD.");
    refused.set("Allow", "GET, HEAD");
    return refused;
  }
  const auto answer = access_.check({request, *asked.present, asked.client, asked.file, asked.with_token.token});
  if (!answer.allowed) return refuse_access(asked, answer);
  asked.device = services_.device_rows.find_for_serving(*asked.file.mac).definition;
  if (!asked.device) return unknown_device(asked, *asked.file.mac);
  const auto most = std::min(settings.uploads.max_file_size, settings.uploads.max_total_size);
  if (size.value_or(0) > most)
    return refuse(
        asked, 413, "upload_too_large",
        "An upload of " + std::to_string(*size) + " bytes; provisioning.uploads allows " + std::to_string(most) + ".");
  std::string_view full;
  auto seat = upload_seats_.take(provisioning::access::to_string(provisioning::access::source_of(asked.client.bytes)),
                                 *asked.file.mac, full);
  if (!seat)
    return refuse(asked, 503, "overloaded",
                  "Too many uploads at once " + std::string(full) + "; the phone tries again.");
  pass->seat.emplace(std::move(*seat));
  request.pass = pass;
  return std::nullopt;
}

Awaitable<Result<Response>> Files::take(const Request& request) {
  const auto pass = std::static_pointer_cast<UploadPass>(request.pass);
  if (!pass) co_return internal_error("an upload without a pass");
  // A connection that stays open keeps its request until the next one, and must not keep the seat.
  struct LeaveSeat {
    std::optional<UploadSeats::Seat>& seat;
    ~LeaveSeat() { seat.reset(); }
  };
  const LeaveSeat leave{pass->seat};
  auto& asked = pass->asked;
  const auto mac = *asked.file.mac;
  const auto limits = limits_of(asked.present->settings->provisioning.uploads);
  // By value: the loop may end before the pool does.
  const auto bytes = std::make_shared<const std::string>(request.body);
  struct Done {
    Uploads::Kept kept;
    std::string sha256;
  };
  const auto work = [store = uploads_, mac, name = asked.file.name, bytes, limits]() -> Result<Done> {
    auto kept = store->keep(mac, name, *bytes, limits);
    if (!kept) return kept.error();
    return Done{std::move(*kept), provisioning::sha256_of(*bytes)};
  };
  auto done = co_await offloaded(request, lanes_.uploads, work, WhenGone::finish);
  if (!done) {
    if (done.error().kind != ErrorKind::too_large) services_.logger.error("{}", done.error().message);
    co_return refuse(asked, status_of(done.error().kind), done.error().code, done.error().message);
  }
  const auto& upload = done->kept.upload;
  counters_.uploaded.fetch_add(1, std::memory_order_relaxed);
  if (asked.log.wanted()) {
    asked.say({"Upload ", escaped(upload.file), " of ", std::to_string(upload.size), " bytes from ", asked.peer,
               done->kept.fresh ? " kept" : " is what is kept already"});
    if (done->kept.dropped > 0)
      asked.say({std::to_string(done->kept.dropped), " older uploads left for it (provisioning.uploads)"});
    asked.log.finish(services_.clock());
  }
  if (done->kept.fresh) tell_upload(asked, upload, done->sha256);
  co_return Response{.status = static_cast<std::uint16_t>(done->kept.fresh ? 201 : 200),
                     .content_type = "text/plain; charset=utf-8",
                     .body = "Kept\n"};
}

// The first is an event at once; those that follow within log.repeat_window are counted, and told with the next one.
void Files::tell_upload(const Asked& asked, const Upload& upload, const std::string& sha256) {
  const auto read = services_.clock.now();
  const auto now = read.date;
  const auto window = asked.present->settings->log.repeat_window;
  FileUploaded event{upload.mac,
                     upload.file,
                     upload.id,
                     upload.size,
                     sha256,
                     std::string(asked.peer),
                     utf8::clip(mask_(asked.user_agent()), 512),
                     1,
                     now};
  {
    const std::lock_guard lock(repeats_mutex_);
    if (repeats_.size() >= most_repeats)
      std::erase_if(repeats_, [&](const auto& one) { return one.second.told + window <= read.instant; });
    auto& repeats = repeats_[{upload.mac, upload.file}];
    if (repeats.count++ == 0) repeats.first_seen = now;
    if (repeats.told != Instant{} && read.instant < repeats.told + window) return;
    event.count = repeats.count;
    event.first_seen = repeats.first_seen;
    repeats = {read.instant, 0, {}};
  }
  AppendRequest request;
  request.facts.push_back({StreamId::activity_of(upload.mac),
                           encode(event, Cause{"phone:" + upload.mac.text(), {}, {}}, now, services_.ids)});
  services_.log.append(std::move(request), [&logger = services_.logger](const Result<Receipt>& receipt) {
    if (!receipt) logger.error("That a phone left a file was not recorded: {}", receipt.error().message);
  });
}

// What a phone left of its settings since it was registered. None: it left nothing, and what is absent is no fault.
std::optional<Response> Files::give_back(Asked& asked) {
  if (!asked.present->settings->provisioning.uploads.enabled || !asked.file.mac) return std::nullopt;
  const auto device = services_.device_rows.find_for_serving(*asked.file.mac).definition;
  if (!device) return std::nullopt;
  const auto upload = uploads_->newest(*asked.file.mac, asked.file.name);
  if (!upload || upload->received_at < device->created_at) return std::nullopt;
  auto file = uploads_->open(*upload);
  if (!file) return std::nullopt;
  auto response = send_file(asked, std::move(*file));
  if (response.status == 503) return response;
  if (asked.log.wanted()) {
    asked.say({"Upload ", escaped(upload->file), " of ", std::to_string(upload->size),
               " bytes given back: ", std::to_string(response.status), " to ", asked.peer});
    asked.log.finish(services_.clock());
  }
  return response;
}

}  // namespace strowger::http::provision
