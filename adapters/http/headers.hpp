// The request headers that this server reads, each declared as what it is. Request::header() takes nothing else, so no
// handler can read a list as if it were a single value.
//
// A list may come in several lines, which count as one list in their order (RFC 9110 section 5.3). A single value may
// come once: a request that repeats it is refused with 400 before any handler sees it (admission.cpp), because two
// readers on the way may take different ones.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/field.hpp>

namespace strowger::http {

using Field = boost::beast::http::field;

struct SingleHeader {
  Field field = Field::unknown;
  std::string_view name;
};

struct ListHeader {
  // Whether a comma between double quotes belongs to an element. Never for lists that one party on the way continues
  // for another: a quote that is never closed would swallow what was added behind it.
  enum class Commas : std::uint8_t { always_separate, may_be_quoted };
  Field field = Field::unknown;
  std::string_view name;
  Commas commas = Commas::always_separate;
};

namespace headers {

inline constexpr SingleHeader authorization{Field::authorization, "Authorization"};
inline constexpr SingleHeader content_type{Field::content_type, "Content-Type"};
inline constexpr SingleHeader host{Field::host, "Host"};
inline constexpr SingleHeader idempotency_key{Field::unknown, "Idempotency-Key"};
// A list by its grammar, but a change is made to one version: a second line is refused, as a list in one line is.
inline constexpr SingleHeader if_match{Field::if_match, "If-Match"};
inline constexpr SingleHeader if_modified_since{Field::if_modified_since, "If-Modified-Since"};
inline constexpr SingleHeader if_range{Field::if_range, "If-Range"};
inline constexpr SingleHeader last_event_id{Field::unknown, "Last-Event-ID"};
inline constexpr SingleHeader range{Field::range, "Range"};
inline constexpr SingleHeader user_agent{Field::user_agent, "User-Agent"};

inline constexpr std::array singles{authorization,     content_type, host,          idempotency_key, if_match,
                                    if_modified_since, if_range,     last_event_id, range,           user_agent};

inline constexpr ListHeader content_encoding{Field::content_encoding, "Content-Encoding"};
inline constexpr ListHeader expect{Field::expect, "Expect"};
inline constexpr ListHeader if_none_match{Field::if_none_match, "If-None-Match", ListHeader::Commas::may_be_quoted};
inline constexpr ListHeader transfer_encoding{Field::transfer_encoding, "Transfer-Encoding"};
inline constexpr ListHeader x_forwarded_for{Field::unknown, "X-Forwarded-For"};

inline constexpr std::array lists{content_encoding, expect, if_none_match, transfer_encoding, x_forwarded_for};

}  // namespace headers

// The one expectation that there is (RFC 9110 section 10.1.1).
inline bool is_continue(std::string_view expectation) {
  return boost::beast::iequals(expectation, "100-continue");
}

// Calls `take` with each element of one line, in order: without white space around it, and not with empty ones (RFC
// 9110 section 5.6.1).
template <class Take>
void for_each_element(std::string_view line, ListHeader::Commas commas, Take take) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  while (!line.empty()) {
    bool quoted = false;
    std::size_t end = 0;
    for (; end < line.size() && (quoted || line[end] != ','); ++end)
      if (line[end] == '"' && commas == ListHeader::Commas::may_be_quoted) quoted = !quoted;
    auto element = line.substr(0, end);
    line.remove_prefix(std::min(end + 1, line.size()));
    while (!element.empty() && is_space(element.front())) element.remove_prefix(1);
    while (!element.empty() && is_space(element.back())) element.remove_suffix(1);
    if (!element.empty()) take(element);
  }
}

}  // namespace strowger::http
