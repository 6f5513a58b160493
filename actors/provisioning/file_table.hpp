// The table behind resolve(): which names phones ask for. Its rows are data: `files` in each vendor's vendor.json, and
// templates/files.json for names that several vendors share and for vendors that have no folder.
//
//   {"pattern": "<mac>-phone.cfg", "role": "probe"}
//
// In a pattern stand for themselves: all characters but these wildcards, without regard to case.
//   <mac>        a MAC address in any form, or a placeholder for one
//   <mac?>       also anything else that somebody put in its place
//   <model>      letters, digits, - and _
//   <model:spa>  the same, beginning with spa
//   <own model>  one of the vendor's models
//   <hw>         a Yealink hardware id of 12 digits
//   *            anything
// None takes a slash; there may be two with text between them. A row may also name the `model` that its name means,
// the `template` that makes the file (of a common one; by default `common`), in files.json the `vendor` whose habit it
// is (where several share a name: the usual one), and a `note` for the reader.
//
// The most specific pattern counts: those without wildcards, then those with <mac>, <hw>, two wildcards, <own model>,
// <model:…>, <model>, *, <mac?>; of one kind the longest. So the order of the rows means nothing.
#pragma once

#include "actors/provisioning/resolver.hpp"
#include "templates/files.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace strowger::provisioning {

enum class Wildcard : std::uint8_t { none, mac, hardware_id, own_model, model_with_prefix, model, anything, not_a_mac };

struct FileRow {
  std::string pattern;  // as it is written
  FileRole role = FileRole::unknown;
  std::string vendor;
  std::string model;
  std::string template_name;
  std::string where;  // yealink/vendor.json: files[3]

  // The pattern, prepared: head, a wildcard, the text between, a second one, tail; all in lower case.
  std::string head;
  Wildcard first = Wildcard::none;
  std::string between;
  Wildcard second = Wildcard::none;
  std::string tail;
  std::vector<std::string> models;  // what <own model> takes, or the one beginning of <model:…>
};

// Immutable; any thread.
class FileTable {
 public:
  // Fails with `bad_file_table`, the file and the row.
  static Result<FileTable> parse(std::span<const templates::File> files);

  RequestedFile resolve(std::string_view target) const;
  std::span<const FileRow> rows() const { return rows_; }  // the most specific first

 private:
  void index();

  std::vector<FileRow> rows_;
  std::vector<std::vector<std::uint16_t>> by_ends_;  // the rows that a name of this first and last character may match
};

}  // namespace strowger::provisioning
