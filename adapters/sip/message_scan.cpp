#include "adapters/sip/message_scan.hpp"

#include "adapters/digest/digest.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace strowger::sip {
namespace {

constexpr bool is_line_space(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

// Name and value of a header line; folded lines have no name.
struct RawHeader {
  std::string_view name;
  std::string_view value;
};

RawHeader split_header(std::string_view line) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || line.front() == ' ' || line.front() == '\t') return {};
  RawHeader header{line.substr(0, colon), line.substr(colon + 1)};
  while (!header.name.empty() && is_line_space(header.name.back())) header.name.remove_suffix(1);
  while (!header.value.empty() && is_line_space(header.value.front())) header.value.remove_prefix(1);
  while (!header.value.empty() && is_line_space(header.value.back())) header.value.remove_suffix(1);
  return header;
}

bool names_length(std::string_view name) {
  return digest::same_token(name, "content-length") || digest::same_token(name, "l");
}

// Of the headers that an answer copies, by long and short name.
constexpr std::array<std::array<std::string_view, 2>, 5> copied_headers{
    {{"via", "v"}, {"from", "f"}, {"to", "t"}, {"call-id", "i"}, {"cseq", "cseq"}}};
constexpr std::size_t to_header = 2;
constexpr std::size_t longest_copied = 4096;  // bytes of the head that are looked at

std::optional<std::size_t> copied_header(std::string_view name) {
  for (std::size_t i = 0; i < copied_headers.size(); ++i)
    if (digest::same_token(name, copied_headers[i][0]) || digest::same_token(name, copied_headers[i][1])) return i;
  return std::nullopt;
}

}  // namespace

bool MessageScan::skip_space(std::string_view data) {
  while (line_ < data.size() && is_line_space(data[line_])) ++line_;
  searched_ = line_;
  begun_ = line_ < data.size();
  return begun_;
}

Scan MessageScan::take_line(std::string_view line, bool on_stream, const MessageLimits& limits) {
  constexpr std::string_view never("\r\0", 2);
  if (line.find_first_of(never) != std::string_view::npos) return Scan::not_text;
  if (++lines_ > limits.header_lines + 1) return Scan::too_many_headers;
  if (!on_stream || lines_ == 1) return Scan::whole;
  const auto [name, value] = split_header(line);
  if (!names_length(name)) return Scan::whole;
  std::size_t length = 0;
  const auto [end, fault] = std::from_chars(value.data(), value.data() + value.size(), length);
  if (fault == std::errc::result_out_of_range) return Scan::too_big;
  if (fault != std::errc{} || end != value.data() + value.size()) return Scan::bad_length;
  if (length_ && *length_ != length) return Scan::bad_length;
  length_ = length;
  return Scan::whole;
}

Scan MessageScan::read_head(std::string_view data, bool on_stream, const MessageLimits& limits) {
  if (!begun_ && !skip_space(data)) return data.size() > limits.bytes ? Scan::too_big : Scan::incomplete;
  while (true) {
    const auto end = data.find('\n', searched_);
    if (end == std::string_view::npos) {
      searched_ = data.size();
      return data.size() > limits.bytes ? Scan::too_big : Scan::incomplete;
    }
    auto line = data.substr(line_, end - line_);
    if (line.ends_with('\r')) line.remove_suffix(1);
    line_ = searched_ = end + 1;
    if (line_ > limits.bytes) return Scan::too_big;
    if (line.empty()) {
      head_ = line_;
      return Scan::whole;
    }
    if (const auto taken = take_line(line, on_stream, limits); taken != Scan::whole) return taken;
  }
}

Scan MessageScan::stream(std::string_view data, const MessageLimits& limits) {
  if (head_ == 0)
    if (const auto head = read_head(data, true, limits); head != Scan::whole) return head;
  if (!length_) return Scan::no_length;
  if (*length_ > limits.bytes || head_ + *length_ > limits.bytes) return Scan::too_big;
  return data.size() >= head_ + *length_ ? Scan::whole : Scan::incomplete;
}

Scan MessageScan::datagram(std::string_view data, const MessageLimits& limits) {
  if (data.size() > limits.bytes) return Scan::too_big;
  MessageScan scan;
  const auto head = scan.read_head(data, false, limits);
  if (head != Scan::incomplete || !scan.begun_) return head == Scan::incomplete ? Scan::whole : head;
  // Without an empty line all of it is head.
  const auto rest = data.substr(scan.line_);
  return rest.empty() ? Scan::whole : scan.take_line(rest, false, limits);
}

std::string refusal_of(std::string_view request, std::uint16_t status, std::string_view phrase) {
  request = request.substr(0, longest_copied);
  while (!request.empty() && is_line_space(request.front())) request.remove_prefix(1);
  if (request.starts_with("SIP/")) return {};
  std::string text = "SIP/2.0 " + std::to_string(status) + " " + std::string(phrase) + "\r\n";
  std::array<bool, copied_headers.size()> found{};
  std::optional<std::size_t> present;  // the header that the lines belong to
  bool first = true;
  while (true) {
    const auto end = request.find('\n');
    if (end == std::string_view::npos) break;
    auto line = request.substr(0, end);
    request.remove_prefix(end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) break;
    if (std::exchange(first, false)) continue;
    const bool folded = line.front() == ' ' || line.front() == '\t';
    if (!folded) {
      present = copied_header(split_header(line).name);
      if (present && *present != 0 && found[*present]) present.reset();  // only Via comes more than once
    }
    if (!present) continue;
    found[*present] = true;
    if (folded) text.resize(text.size() - 2);
    text += line;
    // The tag's absence is judged by the text: a header that is folded behind its URI is rare, and a second tag
    // harmless.
    if (*present == to_header && !folded && line.find("tag=") == std::string_view::npos) text += ";tag=refused";
    text += "\r\n";
  }
  if (!std::ranges::all_of(found, [](bool one) { return one; })) return {};
  return text + "Content-Length: 0\r\n\r\n";
}

}  // namespace strowger::sip
