// The filters that the routes of events share, for the OpenAPI document; events/filter.hpp reads them.
#pragma once

#include "adapters/http/router.hpp"

namespace strowger::http::routes {

inline std::vector<Parameter> event_parameters(std::vector<Parameter> more) {
  more.insert(
      more.end(),
      {{.name = "stream",
        .description =
            "Only of this stream, such as device/001565123456, or device/* for all of a category. A device's "
            "facts (device-activity/…) come with it. May be repeated, or a list with commas."},
       {.name = "type",
        .description = "Only of this type, such as device.registered, or device.* for all that start so. May be "
                       "repeated, or a list with commas."},
       {.name = "not_type",
        .description = "None of this type, in the same forms: template.* leaves out what a start publishes."},
       {.name = "correlation",
        .description = "Only what belongs together: the correlationid of an event.",
        .schema = R"({"type":"string","format":"uuid"})"},
       {.name = "from", .description = "Not before this time.", .schema = R"({"type":"string","format":"date-time"})"},
       {.name = "to", .description = "Before this time.", .schema = R"({"type":"string","format":"date-time"})"}});
  return more;
}

}  // namespace strowger::http::routes
