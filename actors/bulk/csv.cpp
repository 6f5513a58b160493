#include "actors/bulk/csv.hpp"

#include "actors/bulk/spreadsheet.hpp"
#include "events/plain_text.hpp"
#include "events/stopped.hpp"

#include <algorithm>
#include <array>
#include <tuple>

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

bool is_blank_cell(const std::string& cell) {
  if (cell.find_first_not_of(" \t") == std::string::npos) return true;
  return static_cast<unsigned char>(cell.front()) >= 0x80 || cell.front() == ' ' ? plain_text(cell).empty() : false;
}

constexpr std::string_view separators = ",;\t|";

class Reader {
 public:
  Reader(std::string_view text, const CsvBudget& budget, const std::stop_token& stop)
      : text_(text), budget_(budget), stop_(stop) {
    if (text_.starts_with("\xEF\xBB\xBF")) text_.remove_prefix(3);
    if (!read_separator()) guess_separator();
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
      const auto used = used_cells(row);
      if (used == 0) continue;
      const auto columns = rows_.empty() ? used : rows_.front().values.size();
      if (used > columns)
        return malformed("bad_csv", "line " + std::to_string(row.line) + ": there are " + std::to_string(used) +
                                        " values, where the header names " + std::to_string(columns))
            .with("line", row.line);
      row.values.resize(columns);
      if (rows_.size() == budget_.rows)
        return over_budget(
            "too_many_rows", row.line,
            "there are more than " + std::to_string(budget_.rows - 1) + " rows below the header; send them in parts");
      rows_.push_back(std::move(row));
    }
    return std::move(rows_);
  }

 private:
  // The line `sep=;`, by which Excel is told what separates the values.
  bool read_separator() {
    const auto end = std::min(text_.find_first_of("\r\n"), text_.size());
    auto first = text_.substr(0, end);
    if (first.size() > 2 && first.front() == '"' && first.back() == '"') first = first.substr(1, first.size() - 2);
    constexpr std::string_view word = "sep=";
    if (first.size() != word.size() + 1 || !std::ranges::equal(first.substr(0, word.size()), word, {}, [](char c) {
          return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        }))
      return false;
    const char given = first.back();
    if (separators.find(given) == std::string_view::npos && given != ':') return false;
    separator_ = given;
    at_ = end;
    end_line();
    return true;
  }

  // By the first line that has more than separators: what it has most of, outside quotes.
  void guess_separator() {
    std::array<std::size_t, separators.size()> counts{};
    bool quoted = false, anything = false;
    for (const char c : text_) {
      if (c == '"') {
        quoted = !quoted;
        continue;
      }
      if (quoted) {
        anything = anything || c != ' ';
        continue;
      }
      if (c == '\r' || c == '\n') {
        if (anything) break;
        counts = {};
        continue;
      }
      if (const auto kind = separators.find(c); kind != std::string_view::npos)
        ++counts.at(kind);
      else
        anything = anything || c != ' ';
    }
    const auto most = std::ranges::max_element(counts);  // of equals the first
    if (*most > 0) separator_ = separators[static_cast<std::size_t>(most - counts.begin())];
  }

  // How many of a row's cells there are up to the last that is not empty.
  static std::size_t used_cells(const CsvRow& row) {
    auto used = row.values.size();
    while (used > 0 && is_blank_cell(row.values[used - 1])) --used;
    return used;
  }

  bool at_end_of_value() const {
    return at_ == text_.size() || text_[at_] == separator_ || text_[at_] == '\r' || text_[at_] == '\n';
  }
  void step() {
    const char c = text_[at_++];
    if (c == '\n' || (c == '\r' && (at_ == text_.size() || text_[at_] != '\n'))) {
      ++line_;
      line_begin_ = at_;
    }
  }
  std::size_t column() const { return at_ - line_begin_ + 1; }

  Result<std::string> next_value() {
    if (at_ < text_.size() && text_[at_] == '"') {
      auto value = quoted_value();
      if (value)
        if (auto text = formula_text(*value)) return std::move(*text);
      return value;
    }
    if (text_.substr(at_).starts_with("=\"")) {
      // ="a;b" as it is; where more follows, it is a formula of another kind, and a text for us.
      const auto place = std::tuple(at_, line_, line_begin_);
      step();
      if (auto value = quoted_value()) return value;
      std::tie(at_, line_, line_begin_) = place;
    }
    std::string value;
    while (!at_end_of_value()) {
      value.push_back(text_[at_]);
      step();
    }
    return value;
  }

  Result<std::string> quoted_value() {
    std::string value;
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
  for (const auto& cell : values) {
    if (&cell != values.data()) line.push_back(',');
    const auto value = is_formula(cell) ? as_formula_text(cell) : cell;
    if (value.find_first_of(",;|\t\"\r\n") == std::string::npos) {
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
