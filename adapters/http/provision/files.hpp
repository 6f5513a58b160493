// Answers phones: file name → device → rendered file → reply (API.md section 3). The hot path of the server: everything
// is read from memory, the reply is written as it was made, and the fact about it is queued, never awaited.
//
// A HEAD is answered but is no fetch: it is not recorded, and closes no reboot.
//
// deliver() is the same for protocols that say no more than a name (adapters/tftp): resolver, access, rendering,
// history and log are these. What it hands out never holds a secret, whatever the settings or a template say: such a
// way proves nothing about who asks, and everybody on it can listen.
#pragma once

#include "actors/provisioning/resolver.hpp"
#include "adapters/http/lanes.hpp"
#include "adapters/http/message.hpp"
#include "adapters/http/provision/access.hpp"
#include "adapters/http/provision/downloads.hpp"
#include "adapters/http/provision/facts.hpp"
#include "adapters/http/provision/phonebooks.hpp"
#include "adapters/http/provision/present.hpp"
#include "adapters/http/provision/render_cache.hpp"
#include "adapters/http/provision/request_log.hpp"
#include "adapters/http/provision/served_paths.hpp"
#include "adapters/http/provision/upload_seats.hpp"
#include "adapters/http/provision/uploads.hpp"
#include "adapters/http/token_mask.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace strowger::http {
class Sightings;
struct Services;
}  // namespace strowger::http

namespace strowger::http::provision {

class FirmwareFile;

struct PlainRequest {
  std::string_view protocol;  // tftp: how log and history name it
  std::string_view file;      // as it was asked for, with folders
  std::string_view peer;
  asio::ip::address address;
  std::string_view user_agent{};
};

struct Delivery {
  std::uint16_t status = 200;  // what HTTP would say; from 400 on it is refused
  std::string message{};       // of a refusal, for whoever asked
  // Else one of these two.
  std::shared_ptr<const FirmwareFile> firmware{};
  std::string_view bytes{};  // alive as long as `owner`
  std::shared_ptr<const void> owner{};
  // To be called when the phone has it all, while the Files live: only then it is a fact. None: nothing is recorded.
  std::function<void()> arrived{};
  // Of invite() alone: not the file is wanted, but where it is.
  bool only_where = false;
  std::string url{};
};

class Files {
 public:
  // The lanes read firmware and write uploads; they outlive all replies.
  Files(Services& services, Sightings& sightings, FileLanes& lanes);

  // The handler, on any loop's thread.
  Result<Response> answer(const Request& request) { return respond(request, nullptr); }
  // The same without HTTP (plain.cpp); any thread.
  Delivery deliver(const PlainRequest& request);
  // Where the phone finds its file, in the form that its vendor takes: only if it would be given that file now, else
  // the refusal is recorded as deliver() does. Never with a token or a password. Any thread; answers from memory.
  Result<std::string> invite(const PlainRequest& request);

  // Of what phones leave here (receive.cpp): before the body is read, and with it.
  std::optional<Response> admit_upload(Request& request, std::optional<std::uint64_t> size);
  Awaitable<Result<Response>> take(const Request& request);

  // Records a request that was refused before any handler saw it, where its target names a phone's file or, of one that
  // is no HTTP, its address is that of a phone. Any thread; never blocks.
  void unread(const Request& request, const Unread& refusal);

  PresentPtr present() { return present_.get(); }
  // Of the file that the device would be sent now. Fails where it would get none. Renders where it is not in the cache;
  // what is found is told to the devices projection, which counts by it.
  Result<std::string> current_etag(const PresentPtr& present, const DefinitionPtr& device);

  struct Counters {
    std::atomic<std::uint64_t> served{0};
    std::atomic<std::uint64_t> not_modified{0};
    std::atomic<std::uint64_t> common{0};
    std::atomic<std::uint64_t> firmware{0};
    std::atomic<std::uint64_t> phonebook{0};
    std::atomic<std::uint64_t> uploaded{0};
    std::atomic<std::uint64_t> refused{0};
    std::atomic<std::uint64_t> probes{0};
    std::atomic<std::uint64_t> denied{0};
  };
  const Counters& counters() const { return counters_; }
  std::size_t downloads() const { return downloads_.under_way(); }
  const Facts& facts() const { return facts_; }
  const RenderCache& cache() const { return cache_; }
  Phonebooks& phonebooks() { return phonebooks_; }
  Uploads& uploads() { return *uploads_; }
  // Of the tokens that devices have now.
  const TokenMask& mask() const { return mask_; }
  Access& access() { return access_; }
  const Access& access() const { return access_; }

 private:
  struct Asked;
  struct UploadPass;
  // How often a file came since the last event about it.
  struct Repeats {
    Instant told{};
    std::uint64_t count = 0;
    Timestamp first_seen{};
  };

  // `plain`: where what is found goes, of a request that is not HTTP's.
  Result<Response> respond(const Request& request, Delivery* plain, std::string_view protocol = {});
  ServedPaths::Stamp stamp() const;
  Response serve(Asked& asked, const MacAddress& mac);
  Delivery ask_plain(const PlainRequest& from, Delivery out);
  Response serve_plain(Asked& asked, const ServedPaths::Found& found);
  Response tell_where(Asked& asked);
  Response reply(const Asked& asked, const ServedPaths::Found& found);
  Response serve_common(Asked& asked);
  Response serve_phonebook(Asked& asked);
  std::optional<Response> give_back(Asked& asked);
  void tell_upload(const Asked& asked, const Upload& upload, const std::string& sha256);
  std::optional<Response> serve_firmware(Asked& asked, std::string_view path);
  // The file as the reply's body, or a refusal where there are too many downloads.
  Response send_file(Asked& asked, std::shared_ptr<const FirmwareFile> file);
  Response refuse(Asked& asked, std::uint16_t status, std::string_view code, std::string error, std::string body = {});
  Response refuse_access(Asked& asked, const Access::Answer& answer);
  Response refuse_secret(Asked& asked, const std::string& url);
  Response unknown_device(Asked& asked, const MacAddress& mac);
  Response placeholder(Asked& asked);
  // Looks the same whether the phone is known or not.
  Response wrong_path(Asked& asked, provisioning::RequestedFile meant);
  std::string where_to_ask(const Asked& asked) const;
  std::string phone_at(std::string_view address) const;
  void say_device(Asked& asked);
  void say_similar(Asked& asked, const MacAddress& mac);

  Services& services_;
  FileLanes& lanes_;
  const TokenMask mask_;
  PresentSource present_;
  Access access_;
  RenderCache cache_;
  ServedPaths paths_;
  Phonebooks phonebooks_;
  Downloads downloads_;
  const std::shared_ptr<Uploads> uploads_;  // what the pool still writes at the end holds it too
  Facts facts_;
  Counters counters_;
  std::atomic<std::int64_t> similar_second_{0};  // searches for similar MACs look at every device: some a second
  std::atomic<unsigned> similar_searches_{0};
  UploadSeats upload_seats_{UploadSeats::Limits{}};
  std::mutex repeats_mutex_;
  std::map<std::pair<MacAddress, std::string>, Repeats> repeats_;  // by device and file
};

}  // namespace strowger::http::provision
