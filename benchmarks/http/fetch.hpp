// Single requests beside the load.
#pragma once

#include <cstdint>
#include <string>

namespace strowger::bench {

std::string raw_exchange(std::uint16_t port, const std::string& request);  // the whole reply; empty: it broke
std::string body_of_reply(const std::string& reply);                       // throws where it is not a 200
std::string fetch(std::uint16_t port, const std::string& path);            // the body; throws where it is not a 200
// Of the server's metrics: how many fetches were served, and how many are missing in the log. Waits for the
// projections.
std::string recorded(std::uint16_t port);

}  // namespace strowger::bench
