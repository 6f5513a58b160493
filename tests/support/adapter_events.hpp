// What every adapter makes of the same bytes: events as they are recorded, and rows as they are stored. For the
// property "whatever bytes an adapter takes, what is recorded can be read again" (a test and a fuzz target).
#pragma once

#include "actors/bulk/device_entry.hpp"
#include "actors/contact/contact.hpp"
#include "actors/device/device.hpp"
#include "actors/directory/mapping.hpp"
#include "actors/extension/extension.hpp"
#include "actors/provisioning/recorded.hpp"
#include "actors/provisioning/vendor_values.hpp"
#include "actors/registrar/decide.hpp"
#include "actors/user/user.hpp"
#include "adapters/http/json_body.hpp"
#include "adapters/http/percent.hpp"
#include "adapters/http/provision/facts.hpp"
#include "adapters/http/request_parser.hpp"
#include "adapters/sip/register_reader.hpp"
#include "adapters/tftp/packet.hpp"
#include "events/json.hpp"
#include "tests/support/memory_log.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <spdlog/logger.h>
#include <spdlog/sinks/null_sink.h>

namespace strowger::test {

// One of a fuzz run: it keeps its parts from input to input.
class AdapterEvents {
 public:
  struct Taken {
    std::vector<Record> records;
    std::vector<std::string> bindings;  // rows of the registrar
    std::vector<std::string> people;    // of a directory, as they wait on the disk
  };

  Taken take(std::string_view bytes) {
    Taken taken;
    http(bytes, taken);
    tftp(bytes, taken);
    commands(std::string(bytes), taken);
    sip(bytes, taken);
    directory(bytes, taken);
    files(bytes, taken);
    return taken;
  }

 private:
  static MacAddress mac() { return MacAddress::from_bits(0x001565123456); }
  static ExtensionNumber ann() { return ExtensionNumber::parse("1001").value(); }

  void add(const Event& event, std::string by, Taken& taken) {
    Record record;
    static_cast<NewRecord&>(record) = encode(event, Cause{std::move(by), {}, {}}, now_, ids_);
    record.stream = StreamId::of(mac());
    record.version = StreamVersion{1};
    record.position = Position{taken.records.size() + 1};
    taken.records.push_back(std::move(record));
  }
  template <class D>
  void decide(const typename D::State& state, const typename D::Command& command, const std::string& by, Taken& taken) {
    const auto events = D::decide(state, command, actors::Context{now_, by, ids_});
    if (!events) return;
    for (const auto& event : *events) add(event, by, taken);
  }

  // A head as the bytes of a connection, and its path and User-Agent as the phones' files record them.
  void http(std::string_view bytes, Taken& taken) {
    std::string head = "GET /provision/";
    head.append(bytes).append(" HTTP/1.1\r\nHost: x\r\nUser-Agent: ").append(bytes).append("\r\n\r\n");
    http::Request request;
    http::RequestStorage storage;
    http::RequestParser parser(request, storage, 64U << 10);
    boost::system::error_code fault;
    parser.put(boost::asio::buffer(head), fault);
    const std::string path = parser.is_done() ? http::percent_decode_leniently(request.path) : std::string(bytes);
    const auto agent = parser.is_done() ? std::string(request.header(http::headers::user_agent)) : std::string(bytes);
    MemoryLog log;
    {
      http::Sightings sightings(log, ids_, system_now, nullptr, {.window = [] { return std::chrono::seconds(0); }});
      http::provision::Facts facts(log, ids_, system_now, logger_, sightings, catalog_, devices_);
      facts.refused({path, path, mac(), "192.0.2.1", agent, 404, "unknown_mac", "no " + path, agent, path, ann()});
      facts.served({file_, 200, true, path, "192.0.2.1", agent, {}, {}, agent});
      sightings.login_failed({std::string(bytes), "192.0.2.1"});
    }
    for (auto& record : log.records()) taken.records.push_back(std::move(record));
    add(FileUploaded{mac(), path, path, 1, "00", "192.0.2.1", agent, 1, now_}, "phone:" + agent, taken);
    if (const auto body = http::JsonBody::parse(bytes)) {
      http::Fields fields(body->root());
      if (const auto name = fields.required_text("name"); !fields.fault()) commands(name, taken);
    }
  }

  void tftp(std::string_view bytes, Taken& taken) {
    std::string datagram{"\0\1", 2};
    datagram.append(bytes).append("\0octet\0", 7);
    const auto packet = strowger::tftp::parse(datagram);
    const auto* request = std::get_if<strowger::tftp::ReadRequest>(&packet);
    if (request == nullptr) return;
    const std::string file(request->file);
    add(ConfigRefused{file, file, {}, "192.0.2.1", "", 404, "unknown_file", file, "", "", {}}, "phone:" + file, taken);
  }

  // What people, files of theirs and the program's command line may give to the deciders.
  void commands(const std::string& text, Taken& taken) {
    const auto by = "admin:" + text;
    decide<actors::Extension>({}, actors::CreateExtension{ann(), text, text, true, {"sealed"}}, by, taken);
    decide<actors::Extension>({}, actors::CreateExtension{ann(), text, "", true, {"sealed"}}, by, taken);
    decide<actors::Device>(
        {},
        actors::RegisterDevice{mac(), ann(), text, text, false, text, text, std::vector<DeviceLine>{{2, ann(), text}}},
        by, taken);
    decide<actors::Contact>({}, actors::AddContact{ids_.next(), text, text, {{NumberKind::work, text}}}, by, taken);
    decide<actors::User>({}, actors::CreateUser{text, Role::viewer, {text}}, by, taken);
    if (const auto rows = bulk::read_device_csv("mac_address,extension_number,vendor,model,site\n" + text)) {
      for (const auto& row : *rows) {
        add(DeviceRegistered{mac(), ann(), row.vendor, row.model, false}, by, taken);
        if (row.site) add(DeviceSiteChanged{mac(), *row.site}, by, taken);
      }
    }
  }

  // A REGISTER with the bytes in its headers, and the reason phrase of an answer.
  void sip(std::string_view bytes, Taken& taken) {
    std::string message = "REGISTER sip:x SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1\r\n";
    message.append("From: <sip:1001@x>;tag=1\r\nTo: <sip:1001@x>\r\nCSeq: 1 REGISTER\r\nCall-ID: ").append(bytes);
    message.append("\r\nUser-Agent: ").append(bytes).append("\r\nContact: <sip:1001@192.0.2.1>;+sip.instance=\"<");
    message.append(bytes).append(">\"\r\nContent-Length: 0\r\n\r\n");
    registrar::RegisterRequest request;
    const sip::Message parsed(msg_make(sip_default_mclass(), 0, message.data(), static_cast<ssize_t>(message.size())));
    if (parsed && parsed.sip() != nullptr) {
      auto read =
          sip::read_register(parsed.sip(), ann(), {"192.0.2.1", 5060, "udp", "192.0.2.2"}, sip::RegisterLimits{});
      if (read) request = std::move(*read);
    }
    if (request.contacts.empty()) {
      request.extension = ann();
      request.contacts.push_back({"sip:1001@192.0.2.1", std::string(bytes)});
      request.call_id = request.user_agent = bytes;
      request.path = {std::string(bytes)};
    }
    if (const auto decided = registrar::decide_register({}, request, {}, Now{now_, Instant{}})) {
      for (const auto& event : decided->events) add(event, "phone:1001", taken);
      for (const auto& binding : decided->stored) taken.bindings.push_back(json::to_string(*binding));
    }
    actors::Device::State device;
    device.mac = mac();
    device.registered = true;
    device.telling = ids_.next();
    using Answer = actors::ReportReboot::Answer;
    for (const auto answer : {Answer::accepted, Answer::refused, Answer::none})
      decide<actors::Device>(device,
                             actors::ReportReboot{*device.telling, answer, std::string(bytes), 481, std::string(bytes)},
                             "phone:001565123456", taken);
  }

  void directory(std::string_view bytes, Taken& taken) {
    strowger::directory::Entry entry;
    entry.identity = ids_.next();
    entry.dn = entry.account = entry.name = entry.mail = std::string(bytes);
    entry.numbers = {"1001"};
    const auto person = strowger::directory::map(entry, {});
    taken.people.push_back(json::to_string(person));
    decide<actors::Extension>(
        {},
        actors::SyncExtension{ann(), "ad", entry.identity, person.account, person.name, person.email, true, {"sealed"}},
        "directory:ad", taken);
    add(DirectorySyncFailed{"ad", ids_.next(), SyncMode::full, std::string(bytes), "unreachable", std::string(bytes)},
        "directory:ad", taken);
  }

  // A template's name and text, as they lie in a folder.
  void files(std::string_view bytes, Taken& taken) {
    auto source = provisioning::in_force({}, std::string(bytes), provisioning::VendorValues::none());
    source.name = bytes;
    add(provisioning::published(source), "system", taken);
  }

  const sip::SofiaLibrary library_;
  const Timestamp now_ = parse_iso8601("2026-01-08T19:40:00Z").value();
  IdSource ids_{system_now, 1};
  spdlog::logger logger_{"none", std::make_shared<spdlog::sinks::null_sink_mt>()};
  const DevicesProjection devices_;
  const provisioning::VendorCatalog catalog_ = provisioning::VendorCatalog::built_in();
  const http::provision::RenderedFilePtr file_ = rendered();

  static http::provision::RenderedFilePtr rendered() {
    auto present = std::make_shared<http::provision::Present>();
    DeviceDefinition device;
    device.mac = mac();
    device.extension = ann();
    device.vendor = "yealink";
    device.model = "t46s";
    ExtensionRow extension;
    extension.number = ann();
    auto file = std::make_shared<http::provision::RenderedFile>();
    file->present = present;
    file->device = std::make_shared<const DeviceDefinition>(device);
    file->extension = std::make_shared<const ExtensionRow>(extension);
    file->representation.etag = "\"abc\"";
    file->content_type = "text/plain";
    return file;
  }
};

}  // namespace strowger::test
