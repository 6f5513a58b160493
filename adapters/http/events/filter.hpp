// Which events of the log somebody wants: the parameters that GET /api/events and GET /api/events/stream share.
//
//   stream=device/001565123456   one stream; stream=device/* all of a category. A device is asked for with what was
//                                decided and with its facts (device-activity/…); these alone have that name
//   type=device.registered       one type (also as CloudEvents name it); type=device.* all that start so
//   not_type=template.*          all but those of a type, in the same forms
//   correlation=<uuid>           what belongs to one command
//   from=, to=                   a span of time: from <= time < to
//
// stream, type and not_type may be given more than once, or as a list with commas: any of them will do.
#pragma once

#include "adapters/http/percent.hpp"
#include "events/record.hpp"

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace strowger::http::events {

struct Filter {
  std::vector<std::string> streams;  // an id, or a category with its slash: device/
  std::vector<std::string> types;    // a type, or its beginning up to a dot: device.
  std::vector<std::string> not_types;
  std::optional<Uuid> correlation;
  std::optional<Timestamp> from;
  std::optional<Timestamp> to;

  bool takes_all() const {
    return streams.empty() && types.empty() && not_types.empty() && !correlation && !from && !to;
  }
  bool matches(const Record& record) const;
  // Where only the streams of one subject are wanted: at most two. Empty: others too.
  std::vector<StreamId> only_streams() const;
};

// Fails with malformed, naming the parameter. `others` are the names that the caller reads itself; any further one is
// an error, because a misspelt filter would silently give everything.
Result<Filter> read_filter(const Query& query, std::initializer_list<std::string_view> others);

// A position as a parameter: a whole number.
Result<Position> parse_position(std::string_view name, std::string_view text);

}  // namespace strowger::http::events
