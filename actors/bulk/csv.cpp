#include "actors/bulk/csv.hpp"

#include "events/stopped.hpp"

namespace strowger::bulk {
namespace {

Error over_budget(std::string code, std::size_t line, const std::string& what) {
  return Error{ErrorKind::too_large, std::move(code), "line " + std::to_string(line) + ": " + what}.with("line", line);
}

Error fault(std::size_t line, std::size_t column, const std::string& what) {
  return malformed("bad_csv", "line " + std::to_string(line) + ", column " + std::to_string(column) + ": " + what)
      .with("line", line)
      .with("column", column);
}

class Reader {
 public:
  Reader(std::string_view text, const CsvBudget& budget, const std::stop_token& stop)
      : text_(text), budget_(budget), stop_(stop) {
    if (text_.starts_with("\xEF\xBB\xBF")) text_.remove_prefix(3);
    int surplus = 0;  // of semicolons over commas in the header, outside quotes
    bool quoted = false;
    for (const char c : text_) {
      if (c == '"') quoted = !quoted;
      if (quoted) continue;
      if (c == '\r' || c == '\n') break;
      surplus += (c == ';' ? 1 : 0) - (c == ',' ? 1 : 0);
    }
    if (surplus > 0) separator_ = ';';
  }

  Result<std::vector<CsvRow>> run() {
    while (at_ < text_.size()) {
      CsvRow row{line_, {}};
      if (stop_.requested()) return stopped();
      for (;;) {
        if (row.values.size() == budget_.columns)
          return over_budget("too_many_columns", row.line,
                             "there are more than " + std::to_string(budget_.columns) + " values in a row");
        auto value = next_value();
        if (!value) return value.error();
        row.values.push_back(std::move(*value));
        if (at_ < text_.size() && text_[at_] == separator_) {
          step();
          continue;
        }
        break;
      }
      end_line();
      const bool empty = row.values.size() == 1 && row.values[0].empty();
      if (empty) continue;
      if (!rows_.empty() && row.values.size() != rows_.front().values.size())
        return fault(row.line, 1,
                     "there are " + std::to_string(row.values.size()) + " values, where the header names " +
                         std::to_string(rows_.front().values.size()));
      if (rows_.size() == budget_.rows)
        return over_budget(
            "too_many_rows", row.line,
            "there are more than " + std::to_string(budget_.rows - 1) + " rows below the header; send them in parts");
      rows_.push_back(std::move(row));
    }
    return std::move(rows_);
  }

 private:
  bool at_end_of_value() const {
    return at_ == text_.size() || text_[at_] == separator_ || text_[at_] == '\r' || text_[at_] == '\n';
  }
  void step() {
    if (text_[at_++] == '\n') {
      ++line_;
      line_begin_ = at_;
    }
  }
  std::size_t column() const { return at_ - line_begin_ + 1; }

  Result<std::string> next_value() {
    std::string value;
    if (at_ == text_.size() || text_[at_] != '"') {
      while (!at_end_of_value()) {
        value.push_back(text_[at_]);
        step();
      }
      return value;
    }
    const auto line = line_, begin = column();
    step();
    for (;;) {
      if (at_ == text_.size()) return fault(line, begin, "a quote begins here and does not end");
      const char c = text_[at_];
      step();
      if (c != '"') {
        value.push_back(c);
      } else if (at_ < text_.size() && text_[at_] == '"') {
        value.push_back('"');
        step();
      } else {
        break;
      }
    }
    if (!at_end_of_value())
      return fault(line_, column(),
                   "after a closing quote comes a comma or the end of the line; double a quote that is "
                   "part of the value");
    return value;
  }

  void end_line() {
    if (at_ < text_.size() && text_[at_] == '\r') step();
    if (at_ < text_.size() && text_[at_] == '\n') step();
  }

  std::string_view text_;
  const CsvBudget budget_;
  StopCheck stop_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
  std::size_t line_begin_ = 0;
  char separator_ = ',';
  std::vector<CsvRow> rows_;
};

}  // namespace

Result<std::vector<CsvRow>> read_csv(std::string_view text, const CsvBudget& budget, const std::stop_token& stop) {
  return Reader(text, budget, stop).run();
}

std::string csv_line(std::span<const std::string> values) {
  std::string line;
  for (const auto& value : values) {
    if (&value != values.data()) line.push_back(',');
    if (value.find_first_of(",;\"\r\n") == std::string::npos) {
      line += value;
      continue;
    }
    line.push_back('"');
    for (const char c : value) {
      if (c == '"') line.push_back('"');
      line.push_back(c);
    }
    line.push_back('"');
  }
  return line + "\r\n";
}

}  // namespace strowger::bulk
