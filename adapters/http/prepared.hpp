// Replies made once and sent many times: a phone's rendered file with its validators.
#pragma once

#include "adapters/http/message.hpp"
#include "events/time.hpp"

#include <optional>

namespace strowger::http {

struct Representation {
  PreparedPtr full;          // 200 with the body
  PreparedPtr not_modified;  // 304 with the same validators
  std::string etag;          // quoted, strong
  Timestamp last_modified{};
};

// `headers` are added to both replies.
Representation represent(std::string_view content_type, std::string_view body, std::string etag,
                         Timestamp last_modified, const std::vector<std::pair<std::string, std::string>>& headers = {});

// RFC 9110 section 13.2.2: If-None-Match decides where there is one, else If-Modified-Since.
bool is_current(const Request& request, const Representation& representation);
PreparedPtr select(const Request& request, const Representation& representation);

// Whether a list of entity tags names `etag`: weakly (If-None-Match) or strongly (If-Match); `*` names any.
bool names_etag(std::string_view list, std::string_view etag, bool strongly);

std::string_view reason_phrase(std::uint16_t status);
PreparedPtr prepare(const Response& response);

}  // namespace strowger::http
