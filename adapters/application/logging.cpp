#include "adapters/application/logging.hpp"

#include "events/utf8.hpp"

#include <memory>
#include <string_view>
#include <utility>

#include <spdlog/async.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>

namespace strowger::application {
namespace {

constexpr std::size_t queue_lines = 16'384;
constexpr std::size_t file_bytes = 64U << 20;
constexpr std::size_t files_kept = 5;

// Whatever bytes a message is made of, its line is UTF-8.
class TextFormatter : public spdlog::formatter {
 public:
  explicit TextFormatter(std::unique_ptr<spdlog::formatter> lines) : lines_(std::move(lines)) {}

  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
    const std::string_view text(message.payload.data(), message.payload.size());
    if (utf8::is_valid(text)) return lines_->format(message, out);
    const auto mended = utf8::valid(text);
    auto instead = message;
    instead.payload = spdlog::string_view_t(mended.data(), mended.size());
    lines_->format(instead, out);
    message.color_range_start = instead.color_range_start;
    message.color_range_end = instead.color_range_end;
  }
  std::unique_ptr<spdlog::formatter> clone() const override { return std::make_unique<TextFormatter>(lines_->clone()); }

 private:
  std::unique_ptr<spdlog::formatter> lines_;
};

}  // namespace

Result<std::unique_ptr<Logging>> Logging::start(const config::Logging& settings) {
  std::vector<spdlog::sink_ptr> sinks;
  if (settings.console) sinks.push_back(std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
  if (!settings.file.empty()) {
    try {
      sinks.push_back(std::make_shared<spdlog::sinks::rotating_file_sink_mt>(settings.file, file_bytes, files_kept));
    } catch (const spdlog::spdlog_ex& fault) {
      return unavailable("log_file_unwritable",
                         "logging.file: " + std::string(fault.what()) +
                             "; make its folder writable, name another file, or set it to \"\" for none");
    }
  }
  auto logging = std::unique_ptr<Logging>(new Logging);
  auto queue = std::make_shared<spdlog::details::thread_pool>(queue_lines, 1);
  logging->queue_ = queue;
  logging->logger_ = std::make_shared<spdlog::async_logger>("strowger", sinks.begin(), sinks.end(), queue,
                                                            spdlog::async_overflow_policy::overrun_oldest);
  logging->logger_->set_formatter(std::make_unique<TextFormatter>(
      std::make_unique<spdlog::pattern_formatter>("%Y-%m-%dT%H:%M:%S.%eZ %^%l%$ %v", spdlog::pattern_time_type::utc)));
  logging->logger_->flush_on(spdlog::level::warn);
  logging->set_level(settings.level);
  return logging;
}

Logging::~Logging() {
  logger_->flush();
  logger_.reset();  // its queue is emptied when the pool ends
}

void Logging::set_level(const std::string& level) {
  logger_->set_level(spdlog::level::from_str(level));
}

std::uint64_t Logging::dropped() const {
  return std::static_pointer_cast<spdlog::details::thread_pool>(queue_)->overrun_counter();
}

}  // namespace strowger::application
