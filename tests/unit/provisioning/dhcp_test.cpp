#include "actors/provisioning/dhcp.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/temporary_folder.hpp"

#include <cstdlib>
#include <fstream>

#include <boost/json.hpp>

using namespace strowger;
using namespace strowger::provisioning;
using namespace strowger::test;

namespace {

const UrlSettings plain{"http://{{SERVER_IP}}:{{PORT}}/provision/{mac}.cfg", "192.0.2.14", 8080};

std::string snippet(const char* server, const UrlSettings& url = plain) {
  return dhcp_snippet(dhcp_server(server).value(), url, VendorCatalog::built_in());
}

}  // namespace

TEST_CASE("each vendor's phones are told the option that they read, in the form that they take") {
  const auto text = snippet("isc");
  CHECK_THAT(text, ContainsSubstring("substring(option vendor-class-identifier, 0, 7) = \"yealink\""));
  CHECK_THAT(text, ContainsSubstring("or substring(hardware, 1, 3) = 00:15:65"));
  CHECK_THAT(text, ContainsSubstring("option tftp-server-name \"http://192.0.2.14:8080/provision/\";"));
  CHECK_THAT(text, ContainsSubstring("option tftp-server-name \"http://192.0.2.14:8080/provision/spa$PSN.cfg\";"));
  CHECK_THAT(text, ContainsSubstring("option strowger-url-160 \"http://192.0.2.14:8080/provision/\";"));
  CHECK_THAT(text, ContainsSubstring("option strowger-mitel.server \"http://192.0.2.14:8080/provision\";"));
  CHECK_THAT(text, ContainsSubstring("\"HTTPSRVR=192.0.2.14,HTTPPORT=8080,HTTPDIR=/provision\""));
}

TEST_CASE("HTTPS, its default port and IPv6 are said as phones want them") {
  CHECK_THAT(snippet("isc", {"https://phones.example.com/p/{mac}.cfg", "", 0}),
             ContainsSubstring("\"TLSSRVR=phones.example.com,TLSPORT=443,TLSDIR=/p\""));
  CHECK_THAT(snippet("isc", {plain.format, "2001:db8::1", 8080}),
             ContainsSubstring("\"HTTPSRVR=[2001:db8::1],HTTPPORT=8080,HTTPDIR=/provision\""));
}

TEST_CASE("Kea's part is JSON in which a comma of a value is no end of it") {
  const auto parsed = boost::json::parse("{" + snippet("kea") + "}").as_object();
  CHECK(parsed.at("option-def").as_array().size() == 3);
  bool avaya = false;
  for (const auto& entry : parsed.at("client-classes").as_array()) {
    const auto& data = entry.at("option-data").as_array().back();
    if (entry.at("name") != "strowger-avaya") continue;
    avaya = true;
    CHECK(data.at("data") == "HTTPSRVR=192.0.2.14\\,HTTPPORT=8080\\,HTTPDIR=/provision");
  }
  CHECK(avaya);
}

TEST_CASE("dnsmasq takes its part") {
  if (std::system("command -v dnsmasq >/dev/null 2>&1") != 0) {
    WARN("not run: there is no dnsmasq");
    return;
  }
  TemporaryFolder folder;
  const auto file = folder.path() / "dnsmasq.conf";
  std::ofstream(file) << "dhcp-range=192.0.2.100,192.0.2.200\n" << snippet("dnsmasq");
  CHECK(std::system(("dnsmasq --test --conf-file=" + file.string() + " >/dev/null 2>&1").c_str()) == 0);
  std::ofstream(file, std::ios::app) << "dhcp-mac=set:x,no-address\n";
  CHECK(std::system(("dnsmasq --test --conf-file=" + file.string() + " >/dev/null 2>&1").c_str()) != 0);
}

TEST_CASE("only servers that are known are known") {
  CHECK(dhcp_server("kea"));
  CHECK_FALSE(dhcp_server("windows"));
}
