// What phones get, what they are refused, and what the history and the log say of it.
#include "tests/integration/http/house.hpp"

#include <algorithm>

using namespace strowger;
using namespace strowger::http;
using namespace strowger::http::test;

namespace {

constexpr auto file = "/provision/001565123456.cfg";

struct Site : House {
  Site() {
    create_extension("1001", "Ann <O'Neil> & \"Co\"", "s3cret-1001");
    REQUIRE(register_device("001565123456", "1001").status == 201);
  }
  // Requests of unknown phones, many on their way at a time.
  void flood(int requests, const std::function<std::string(int)>& mac, int status = 404) {
    constexpr int at_once = 50;
    Client client(port());
    for (int done = 0; done < requests; done += at_once) {
      std::string text;
      for (int i = done; i < done + at_once; ++i)
        text += "GET /provision/" + mac(i) + ".cfg HTTP/1.1\r\nHost: test\r\n\r\n";
      REQUIRE(client.send(text));
      for (int i = 0; i < at_once; ++i) REQUIRE(client.read().status == status);
    }
  }
  boost::json::value newest() { return ask("GET", "/api/provisioning/requests?limit=1").json().at("requests").at(0); }
};

}  // namespace

TEST_CASE_METHOD(Site, "a phone gets its file, in either place, with validators that hold") {
  const auto first = fetch(file);
  REQUIRE(first.status == 200);
  CHECK(first.body.starts_with("#!version:1.0.0.1"));
  CHECK_THAT(first.body, ContainsSubstring("s3cret-1001") && ContainsSubstring("Ann <O'Neil> & \"Co\""));
  CHECK(first.header("content-type").starts_with("text/plain"));
  CHECK_FALSE(first.header("last-modified").empty());
  const auto etag = first.header("etag");
  CHECK(fetch("/001565123456.cfg").body == first.body);
  CHECK(fetch("/provision/001565123456.cfg").header("etag") == etag);

  auto reply = fetch(file, "If-None-Match: " + etag + "\r\n");
  CHECK(reply.status == 304);
  CHECK(reply.header("etag") == etag);
  CHECK(fetch(file, "If-Modified-Since: " + first.header("last-modified") + "\r\n").status == 304);
  reply = fetch(file, "", "HEAD");
  CHECK(reply.status == 200);
  CHECK(reply.header("content-length") == std::to_string(first.body.size()));
  REQUIRE(recorded(5));  // HEAD is no fetch
  CHECK(newest().at("status").as_int64() == 304);

  restart();
  CHECK(fetch(file).body == first.body);
  CHECK(fetch(file).header("etag") == etag);
}

TEST_CASE_METHOD(Site, "a file changes with what it depends on, at once, and only then") {
  const auto etag = fetch(file).header("etag");
  ask("PATCH", "/api/extensions/1001", R"({"email":"other@example.com"})");
  CHECK(fetch(file).header("etag") == etag);
  ask("PATCH", "/api/extensions/1001", R"({"name":"Bob"})");
  const auto renamed = fetch(file);
  CHECK(renamed.header("etag") != etag);
  CHECK_THAT(renamed.body, ContainsSubstring("Bob"));
  set([](config::Settings& settings) { settings.server.external_ip = "10.1.2.3"; });
  const auto moved = fetch(file);
  CHECK_THAT(moved.body, ContainsSubstring("10.1.2.3"));
  set_template("yealink_t46s.template", "#!version:1.0.0.1\naccount.1.label = custom {{EXTENSION_NAME}}\n");
  const auto custom = fetch(file);
  CHECK_THAT(custom.body, ContainsSubstring("custom Bob"));
  REQUIRE(recorded(5));
  CHECK(ask("GET", "/api/provisioning/devices/001565123456").json().at("status").as_string() == "provisioned");
  ask("PATCH", "/api/extensions/1001", R"({"name":"Carl"})");
  CHECK(ask("GET", "/api/provisioning/devices/001565123456").json().at("status").as_string() == "stale");
  CHECK(ask("GET", "/api/provisioning/diagnostics").json().at("convergence").at("stale").as_int64() == 1);
}

TEST_CASE_METHOD(Site, "a fetch is a fact: on the device, in the history, and in the words of the log") {
  const auto reply = fetch(file, "User-Agent: Yealink SIP-T46S 66.86.0.15\r\n");
  REQUIRE(recorded(1));
  const auto all = events();
  const auto fetched = std::ranges::find(all, ConfigServed::type, &Record::type);
  REQUIRE(fetched != all.end());
  const auto envelope = decode(*fetched).value();
  const auto* served = std::get_if<ConfigServed>(&envelope.event);
  REQUIRE(served != nullptr);
  CHECK(envelope.by == "phone:001565123456");
  CHECK(served->etag == reply.header("etag"));
  CHECK(served->size == reply.body.size());
  CHECK(served->ip == "127.0.0.1");
  CHECK(served->path == file);

  const auto row = newest();
  for (const auto* key : {"timestamp", "mac_address", "normalized_mac", "ip_address", "user_agent", "success", "error",
                          "path", "status", "vendor", "model", "extension", "config_size"}) {
    CAPTURE(key);
    CHECK(row.as_object().contains(key));
  }
  CHECK(row.at("success").as_bool());
  CHECK(row.at("error").is_null());

  const auto size = std::to_string(reply.body.size());
  for (const auto& phrase :
       {std::string("Provisioning request received for MAC: 001565123456"), std::string("Request from IP: 127.0.0.1"),
        std::string("User-Agent: Yealink SIP-T46S 66.86.0.15"),
        std::string("Found device: vendor=yealink, model=t46s, extension=1001"),
        std::string("Extension found: 1001 (Ann <O'Neil> & \"Co\")"),
        std::string("Server config: SIP=192.168.1.14:5060"),
        std::string("Successfully generated config for device 001565123456"),
        "Config size: " + size + " bytes, Content-Type: text/plain",
        "Provisioning config delivered: " + size + " bytes to 127.0.0.1"})
    CHECK_THAT(logged(), ContainsSubstring(phrase));
  CHECK(logged().find("s3cret") == std::string::npos);
}

TEST_CASE_METHOD(Site, "a device shows what its phone says it is, and where that is not what is registered") {
  const auto device = [&] { return ask("GET", "/api/provisioning/devices/001565123456").json(); };
  CHECK(device().at("firmware").is_null());
  CHECK(device().at("last_seen").is_null());
  fetch(file, "User-Agent: Yealink SIP-T46S 66.86.0.15 00:15:65:12:34:56\r\n");
  REQUIRE(recorded(1));
  CHECK(device().at("firmware").as_string() == "66.86.0.15");
  CHECK(device().at("seen_model").as_string() == "t46s");
  CHECK(device().at("last_seen") == device().at("last_provisioned"));
  CHECK(device().at("contradictions").as_array().empty());
  CHECK(newest().at("warnings").as_array().empty());

  fetch(file, "User-Agent: Yealink SIP-T48S 66.86.0.160 00:15:65:12:34:57\r\n");
  REQUIRE(recorded(2));
  CHECK(device().at("firmware").as_string() == "66.86.0.160");
  CHECK(device().at("contradictions").as_array().size() == 2);
  CHECK(newest().at("warnings").as_array().size() == 2);
  CHECK_THAT(logged(), ContainsSubstring("WARNING: The phone says it is 00:15:65:12:34:57, but asks for the file of "
                                         "00:15:65:12:34:56"));
  CHECK_THAT(logged(), ContainsSubstring("WARNING: The phone says it is model t48s, but is registered as t46s"));
  bool warned = false;
  const auto diagnostics = ask("GET", "/api/provisioning/diagnostics").json();
  for (const auto& warning : diagnostics.at("warnings").as_array())
    warned = warned || warning.as_string().starts_with("1 devices are not what their phones say they are");
  CHECK(warned);
}

TEST_CASE_METHOD(Site, "phones of every family find their file by the names that they ask for") {
  struct Way {
    std::string vendor, model, mac;
    std::vector<std::string> common;  // files that lead to the phone's own
    std::string own;
    std::string holds;
  };
  for (const auto& way : std::vector<Way>{
           {"avaya",
            "J179",
            "c81fea83e85a",
            {"J100Supgrade.txt", "46xxsettings.txt"},
            "c81fea83e85a.cfg",
            "SET FORCE_SIP_PASSWORD \"s3cret-1001\""},
           {"mitel", "6920", "1400e91f03ea", {"startup.cfg"}, "1400E91F03EA.cfg", "password: s3cret-1001"},
           {"snom", "D785", "000413922d24", {"snomD785.htm"}, "snomD785-000413922D24.htm", "s3cret-1001</user_pass>"},
           {"cisco",
            "CP-8841-3PCC",
            "00562b043615",
            {"8841-3PCC.xml"},
            "Cisco/CP-8841-3PCC/00562b043615.xml",
            "s3cret-1001</Password_1_>"},
           {"fanvil", "X5U", "0c383e07e16c", {}, "0c383e07e16c.cfg", "<RegisterPswd>s3cret-1001"},
           {"sangoma", "S500", "005058123456", {}, "cfg005058123456.xml", "s3cret-1001</P34>"},
           {"htek", "UC926", "001fc11c22a9", {}, "cfg001fc11c22a9.xml", "s3cret-1001</P34>"},
           {"grandstream", "HT801", "c074ad273a10", {}, "cfgc074ad273a10.xml", "s3cret-1001</P34>"},
           {"polycom", "Edge E450", "64167f123456", {"000000000000.cfg"}, "64167f123456.cfg", "s3cret-1001"},
           {"yealink", "T31P", "805e0c123456", {"y000000000123.cfg"}, "805e0c123456.cfg", "s3cret-1001"}}) {
    CAPTURE(way.vendor, way.model);
    REQUIRE(register_device(way.mac, "1001", way.vendor, way.model).status == 201);
    for (const auto& name : way.common) {
      CAPTURE(name);
      const auto reply = fetch("/provision/" + name);
      CHECK(reply.status == 200);
      CHECK(reply.body.find("s3cret") == std::string::npos);
    }
    const auto reply = fetch("/provision/" + way.own);
    CHECK(reply.status == 200);
    CHECK_THAT(reply.body, ContainsSubstring(way.holds));
    CHECK(fetch("/" + way.own).body == reply.body);
  }
}

TEST_CASE_METHOD(Site, "a fetch after a reboot carries the reboot's correlation") {
  bind("1001", "192.0.2.7");
  REQUIRE(register_device("001565123456", "1001").json().at("reboot_triggered").as_bool());
  const auto requested = events().back();
  REQUIRE(requested.type == RebootRequested::type);
  fetch(file);
  REQUIRE(recorded(1));
  CHECK(events().back().correlation == requested.correlation);
  CHECK_FALSE(events().back().causation.is_nil());
}

TEST_CASE_METHOD(Site, "a literal placeholder is told what to set where") {
  int requests = 0;
  for (const auto* name : {"/provision/{mac}.cfg", "/provision/$MA.cfg", "/provision/%7Bmac%7D.cfg",
                           "/provision/%24mac.cfg", "/provision/{MAC}.cfg", "/$mac.cfg"}) {
    CAPTURE(name);
    const auto reply = fetch(name, "User-Agent: Yealink SIP-T46S 66.86.0.15\r\n");
    CHECK(reply.status == 400);
    CHECK_THAT(reply.body, ContainsSubstring("CONFIGURATION ERROR"));
    ++requests;
  }
  REQUIRE(recorded(static_cast<std::uint64_t>(requests)));
  CHECK_THAT(logged(), ContainsSubstring("CONFIGURATION ERROR: Phone requested provisioning with placeholder '{mac}' "
                                         "instead of actual MAC address"));
  CHECK_FALSE(newest().at("success").as_bool());
  CHECK(newest().at("code").as_string() == "placeholder_mac");
}

TEST_CASE_METHOD(Site, "an unknown MAC is told nothing, the operator is told what it may be") {
  const auto reply = fetch("/provision/001565123457.cfg");
  CHECK(reply.status == 404);
  CHECK(reply.body == "Not found\n");
  CHECK(fetch("/provision/001565123458.cfg").body == reply.body);
  REQUIRE(recorded(2));
  for (const auto* phrase :
       {"Device 00:15:65:12:34:57 not registered in provisioning system", "Normalized MAC: 001565123457",
        "Similar MACs found (same vendor)", "001565123456", "POST /api/provisioning/devices"})
    CHECK_THAT(logged(), ContainsSubstring(phrase));
  CHECK(newest().at("normalized_mac").as_string() == "001565123458");
}

TEST_CASE_METHOD(Site, "what phones ask for as a matter of course is no failure") {
  CHECK(fetch("/provision/001565123456.boot").status == 404);
  CHECK(fetch("/000000000000-license.cfg").status == 404);
  CHECK(fetch("/sip.ld").status == 404);
  REQUIRE(recorded(3));
  const auto counts = services->request_rows.counts();
  CHECK(counts.failed == 0);
  CHECK(fetch("/favicon.ico").status == 404);
  CHECK(fetch("/provision/whatever.bin").status == 404);
  REQUIRE(recorded(4));
  CHECK(services->request_rows.counts().total == 4);  // the browser's icon is none of it
  CHECK(services->request_rows.counts().failed == 1);
}

TEST_CASE_METHOD(Site, "a device without its extension is refused, and says so") {
  ask("DELETE", "/api/extensions/1001");
  CHECK(fetch(file).status == 404);
  CHECK_THAT(logged(), ContainsSubstring("Extension 1001 not found"));
  REQUIRE(recorded(1));
  CHECK(newest().at("code").as_string() == "extension_not_found");
  CHECK(ask("GET", "/api/provisioning/devices/001565123456").json().at("status").as_string() == "unservable");
}

TEST_CASE_METHOD(Site, "only allowed networks are served") {
  set([](config::Settings& settings) { settings.provisioning.access.allowed_networks = {"192.0.2.0/24"}; });
  const auto reply = fetch(file);
  CHECK(reply.status == 403);
  CHECK(reply.body.find("s3cret") == std::string::npos);
  REQUIRE(recorded(1));
  CHECK(newest().at("code").as_string() == "access_denied");
  set([](config::Settings& settings) { settings.provisioning.access.allowed_networks = {"127.0.0.0/8"}; });
  CHECK(fetch(file).status == 200);
  set([](config::Settings& settings) { settings.provisioning.enabled = false; });
  CHECK(fetch(file).code() == "provisioning_disabled");
}

TEST_CASE_METHOD(Site, "what comes from outside cannot forge a line of the log") {
  fetch("/provision/001565123456.cfg%0aerror%20forged", "User-Agent: a\\b\r\n");
  fetch(file, "User-Agent: tab\there\r\n");
  CHECK(strowger::test::eventually([this] { return logged().find("tab\\x09here") != std::string::npos; }));
  CHECK(logged().find("\nerror forged") == std::string::npos);
}

TEST_CASE_METHOD(Site, "a flood of one unknown phone is a handful of events, and every request counts") {
  const auto before = log->last_position();
  flood(20'000, [](int) { return std::string("001565aaaaaa"); });
  const auto statistics = [&] {
    return ask("GET", "/api/provisioning/diagnostics").json().at("statistics").as_object();
  };
  REQUIRE(recorded(1));
  CHECK(statistics().at("total_requests").as_int64() == 20'000);
  CHECK(statistics().at("failed_requests").as_int64() == 20'000);
  auto history = ask("GET", "/api/provisioning/requests").json();
  CHECK(history.at("total").as_int64() == 20'000);
  REQUIRE(history.at("requests").as_array().size() == 2);
  CHECK(newest().at("count").as_int64() == 19'999);
  CHECK(newest().at("normalized_mac").as_string() == "001565aaaaaa");
  CHECK(newest().at("first_seen").is_string());

  restart();  // the count is told when the server ends
  CHECK(number(log->last_position()) <= number(before) + 2);
  CHECK(statistics().at("total_requests").as_int64() == 20'000);
  CHECK(statistics().at("failed_requests").as_int64() == 20'000);
  history = ask("GET", "/api/provisioning/requests").json();
  CHECK(history.at("total").as_int64() == 20'000);
  REQUIRE(history.at("requests").as_array().size() == 2);
  CHECK(newest().at("count").as_int64() == 19'999);
}

TEST_CASE_METHOD(Site, "a flood of one device's fetches is a handful of events, and every fetch counts") {
  const auto fetched = MacAddress::parse("001565123456").value();
  CHECK(fetch(file).status == 200);
  REQUIRE(strowger::test::eventually([&] { return !services->device_rows.open_enrolment(fetched); }));
  REQUIRE(
      services->runner.wait_applied(log->last_position(), std::chrono::steady_clock::now() + std::chrono::seconds(20)));
  const auto before = log->last_position();
  flood(5'000, [](int) { return std::string("001565123456"); }, 200);
  const auto statistics = [&] {
    return ask("GET", "/api/provisioning/diagnostics").json().at("statistics").as_object();
  };
  const auto all_count = [&] {
    return statistics().at("total_requests").as_int64() == 5'001 &&
           statistics().at("successful_requests").as_int64() == 5'001;
  };
  const auto device = [&] { return ask("GET", "/api/provisioning/devices/001565123456").json(); };
  // The flood asks without the headers of the first fetch, or with: at most two kinds.
  CHECK(strowger::test::eventually(all_count));
  CHECK(device().at("fetches").as_int64() == 5'001);
  restart();  // the count is told when the server ends
  CHECK(number(log->last_position()) <= number(before) + 10);
  CHECK(all_count());
  CHECK(device().at("fetches").as_int64() == 5'001);
}

TEST_CASE_METHOD(Site, "a flood of different unknown phones is bounded, and every request counts") {
  set([](config::Settings& settings) { settings.provisioning.access.enumeration_limit = 0; });
  const auto before = log->last_position();
  flood(5'000, [](int i) { return MacAddress::from_bits(0x0015'65bb'0000 + static_cast<std::uint64_t>(i)).text(); });
  restart();
  CHECK(number(log->last_position()) <= number(before) + 101);
  const auto statistics = ask("GET", "/api/provisioning/diagnostics").json().at("statistics").as_object();
  CHECK(statistics.at("total_requests").as_int64() == 5'000);
  CHECK(statistics.at("failed_requests").as_int64() == 5'000);
  CHECK(newest().at("code").as_string() == "others_refused");
  CHECK(newest().at("count").as_int64() == 4'900);
  CHECK(newest().at("ip_address").as_string() == "127.0.0.1");
}
