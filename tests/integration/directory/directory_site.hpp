// A site that takes its users from a directory of the test's own.
#pragma once

#include "tests/e2e/site.hpp"
#include "tests/support/catch.hpp"

#include <map>
#include <string>

#include <boost/json.hpp>

namespace strowger::test {

// The settings of one directory: what is given over what every test has.
inline std::string directory_settings(const std::string& kind, std::map<std::string, std::string> keys) {
  keys.insert({{"enabled", "true"}, {"auto_provision", "true"}, {"timeout_seconds", "10"}});
  std::string out = "server: {sip_host: 127.0.0.1}\napi: {host: 127.0.0.1}\nintegrations:\n  " + kind + ":\n";
  for (const auto& [key, value] : keys) out += "    " + key + ": " + value + "\n";
  return out;
}

class DirectorySite : public Site {
 public:
  // `path`: ad or ldap.
  DirectorySite(std::string settings, std::string path)
      : Site(std::move(settings)), path_("/api/integrations/" + path) {}

  boost::json::object sync(const std::string& query = {}, unsigned status = 200) const {
    const auto reply = send_json("POST", path_ + "/sync" + query, "");
    CAPTURE(reply.body);
    REQUIRE(reply.status == status);
    return reply.json().as_object();
  }
  boost::json::value ask(const std::string& what) const { return get(path_ + what).json(); }
  boost::json::object extension(const std::string& number) const {
    const auto reply = get("/api/extensions/" + number);
    CAPTURE(number, reply.body);
    REQUIRE(reply.status == 200);
    return reply.json().as_object();
  }
  bool exists(const std::string& number) const { return get("/api/extensions/" + number).status == 200; }
  boost::json::array check() const {
    const auto reply = send_json("POST", path_ + "/check", "");
    CAPTURE(reply.body);
    REQUIRE(reply.status == 200);
    return reply.json().as_array();
  }
  // What the newest sync led to, itself included, oldest first.
  boost::json::array caused(const std::string& type = {}) const {
    const auto correlation = std::string(ask("/syncs").at(0).at("correlation").as_string());
    return get("/api/events?after=0&limit=500&correlation=" + correlation + (type.empty() ? "" : "&type=" + type))
        .json()
        .as_array();
  }

 private:
  std::string path_;
};

inline std::string text(const boost::json::value& value) {
  return std::string(value.as_string());
}

inline std::int64_t count(const boost::json::object& report, const char* what) {
  return report.at(what).as_int64();
}

}  // namespace strowger::test
