// How the process's file descriptors are divided, so that sockets, which strangers open, cannot take what the log
// needs.
#pragma once

#include "events/error.hpp"

#include <cstddef>

namespace spdlog {
class logger;
}

namespace strowger::application {

// What each part may hold. The sum stays below `limit`.
struct DescriptorBudget {
  std::size_t limit = 0;    // of the process
  std::size_t reserve = 0;  // RocksDB (256 for each of two databases), logs, listeners, brokers, directories, backups
  std::size_t http_connections = 0;             // over all listeners; each may have a file open beside its socket
  std::size_t http_connections_per_source = 0;  // of one address
  std::size_t sip_connections = 0;              // over TCP
  std::size_t tftp_transfers = 0;               // each may have a file open beside its socket

  std::size_t used_at_most() const { return reserve + 2 * http_connections + sip_connections + 2 * tftp_transfers; }
};

inline constexpr std::size_t reserved_descriptors = 640;
inline constexpr std::size_t least_descriptors = 768;
inline constexpr std::size_t wanted_http_connections = 20'000;
inline constexpr std::size_t wanted_sip_connections = 4'096;
inline constexpr std::size_t wanted_tftp_transfers = 512;

// Of what is not reserved, HTTP has six eighths, SIP one and TFTP one, each at most what it wants.
// Errors: `too_few_descriptors` below least_descriptors.
Result<DescriptorBudget> divide_descriptors(std::size_t limit);

// Raises the soft limit of this process to its hard limit, at most to 1,048,576, and returns what it is then.
std::size_t raise_descriptor_limit();

// Both, and a line in the log that says so: a warning where HTTP gets less than it wants.
Result<DescriptorBudget> budget_descriptors(spdlog::logger& logger);

}  // namespace strowger::application
