// The phone book in the words of each vendor's phones. What file of it a phone asks for is a row of the table of file
// names (file_table.hpp) with the role `phonebook`; where its configuration points is `phonebook` in values.json.
//
// | form         | what the phone makes of it                                    |
// |--------------|---------------------------------------------------------------|
// | yealink      | a remote phone book, whole; an entry holds all its numbers    |
// | cisco        | an XML directory of at most 32 entries a page, and a soft key |
// | polycom      | the contact directory, loaded at each boot; a number once     |
// | grandstream  | phonebook.xml, fetched as often as the phone is set to        |
// | snom         | an XML directory, in pages with a soft key                    |
// | fanvil       | an XML directory, whole: one work, one mobile, one more       |
#pragma once

#include "events/types/phonebook.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace strowger::provisioning {

struct PhonebookEntry {
  std::string name;  // what phones show
  std::string company;
  std::vector<ContactNumber> numbers;
};

// In the order in which phones show them: by name, small and capital letters alike.
void sort_entries(std::vector<PhonebookEntry>& entries);

enum class PhonebookForm : std::uint8_t { yealink, cisco, polycom, grandstream, snom, fanvil };

// By the vendor whose habit the file's name is; none: its phones read no phone book of ours.
std::optional<PhonebookForm> phonebook_form(std::string_view vendor);

// What its phones ask for where it is a book of no device in particular: phonebook/yealink.xml.
std::string phonebook_name(std::string_view vendor);

// Whether its phones ask for it page by page (?page=2).
bool is_paged(PhonebookForm form);

// How many pages a book of this form has, at least 1. A page is full by numbers and not by names.
std::size_t phonebook_pages(PhonebookForm form, const std::vector<PhonebookEntry>& entries);

struct PhonebookPage {
  std::size_t page = 1;
  std::string title = "Directory";
  std::string url;  // of the book, where a page names the next one; without a query
};
// Text/xml, UTF-8. The same bytes for the same entries and page.
std::string render_phonebook(PhonebookForm form, const std::vector<PhonebookEntry>& entries, const PhonebookPage& page);

}  // namespace strowger::provisioning
