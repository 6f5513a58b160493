// How the log forgets details that are long past: facts of high volume are folded into summaries of their day.
#pragma once

#include "events/ids.hpp"
#include "events/time.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>

namespace strowger {

// What stands where a folded event stood: at its position, in its stream, with its stream version, id and time. The
// event itself is in a summary, and gone. Nobody appends one; the log makes it.
struct Folded {
  static constexpr std::string_view type = "history.folded";
  static constexpr std::uint16_t schema = 1;
  std::string was;               // the event's type
  std::uint64_t summary = 0;     // which it is in: stream history/summaries, that version
  std::uint64_t requests = 0;    // requests for phone files that it told of…
  std::uint64_t successful = 0;  // …of which so many were served…
  std::uint64_t failed = 0;      // …and so many failed; the rest were probes
};
BOOST_DESCRIBE_STRUCT(Folded, (), (was, summary, requests, successful, failed))

// What a device fetched on the day.
struct ServedSummary {
  MacAddress mac;
  std::uint64_t fetches = 0;
  std::uint64_t not_modified = 0;  // of those
  std::uint64_t bytes = 0;         // of the others' files
  std::string last_etag;
  std::string last_ip;
  Timestamp last_served;
};
BOOST_DESCRIBE_STRUCT(ServedSummary, (), (mac, fetches, not_modified, bytes, last_etag, last_ip, last_served))

// Stream history/summaries. A busy day has several, of different records.
//
// Version 1 names failed logins as they were typed. It is read with their number only (decode).
struct DaySummarized {
  static constexpr std::string_view type = "history.day_summarized";
  static constexpr std::uint16_t schema = 2;
  std::string day;            // UTC, 2026-01-08
  std::uint64_t records = 0;  // folded
  std::uint64_t first = 0;    // position of the first of them
  std::uint64_t last = 0;
  std::string proof;  // SHA-256 over what stands in their places (history_fold.hpp)
  std::map<std::string, std::uint64_t> types;
  std::vector<ServedSummary> served;             // by MAC
  std::map<std::string, std::uint64_t> refused;  // requests by the code of their refusal
  // The unknown MACs asked for most, with how often; and how many requests were for the rest of them.
  std::map<std::string, std::uint64_t> unknown_macs;
  std::uint64_t other_unknown = 0;
  // The same for the accounts of failed logins; those that named no account are among the rest.
  std::map<std::string, std::uint64_t> failed_logins;
  std::uint64_t other_failed_logins = 0;
};
BOOST_DESCRIBE_STRUCT(DaySummarized, (),
                      (day, records, first, last, proof, types, served, refused, unknown_macs, other_unknown,
                       failed_logins, other_failed_logins))

}  // namespace strowger
