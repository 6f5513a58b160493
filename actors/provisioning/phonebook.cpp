#include "actors/provisioning/phonebook.hpp"

#include "actors/provisioning/dialled.hpp"
#include "actors/provisioning/format.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <unordered_set>
#include <utility>

namespace strowger::provisioning {
namespace {

constexpr std::string_view declaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
constexpr std::size_t cisco_page = 32;  // Cisco's own limit of a CiscoIPPhoneDirectory
constexpr std::size_t snom_page = 64;   // its small browser holds no book of thousands

constexpr std::array<std::pair<std::string_view, PhonebookForm>, 7> forms{{
    {"yealink", PhonebookForm::yealink},
    {"zultys", PhonebookForm::yealink},  // made by Yealink
    {"cisco", PhonebookForm::cisco},
    {"polycom", PhonebookForm::polycom},
    {"grandstream", PhonebookForm::grandstream},
    {"snom", PhonebookForm::snom},
    {"fanvil", PhonebookForm::fanvil},
}};

class Xml {
 public:
  explicit Xml(std::size_t entries) { text_.reserve(256 + entries * 160); }
  // Of our own making: tags.
  Xml& raw(std::string_view text) {
    text_ += text;
    return *this;
  }
  // <tag>value</tag>, escaped.
  Xml& element(std::string_view tag, std::string_view value) {
    text_.append(1, '<').append(tag).append(1, '>');
    text_ += escape(Format::xml, value);
    text_.append("</").append(tag).append(1, '>');
    return *this;
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

std::string_view word_of(NumberKind kind) {
  switch (kind) {
    case NumberKind::mobile:
      return "mobile";
    case NumberKind::home:
      return "home";
    case NumberKind::other:
      return "other";
    case NumberKind::work:
      break;
  }
  return "work";
}

std::string shown(const PhonebookEntry& entry) {
  return entry.company.empty() ? entry.name : entry.name + " (" + entry.company + ")";
}

// Where a line of the book is one number: whose it is, and which of several.
std::string shown(const PhonebookEntry& entry, const ContactNumber& number) {
  auto name = shown(entry);
  if (entry.numbers.size() > 1) name.append(", ").append(word_of(number.kind));
  return name;
}

std::size_t page_size(PhonebookForm form) {
  if (form == PhonebookForm::cisco) return cisco_page;
  if (form == PhonebookForm::snom) return snom_page;
  return std::numeric_limits<std::size_t>::max();
}

std::size_t numbers_in(const std::vector<PhonebookEntry>& entries) {
  std::size_t count = 0;
  for (const auto& entry : entries) count += entry.numbers.size();
  return count;
}

// Calls `write` for the numbers of one page.
template <class Write>
void each_of_page(const std::vector<PhonebookEntry>& entries, std::size_t page, std::size_t size, Write write) {
  const auto first = (page - 1) * size;
  std::size_t at = 0;
  for (const auto& entry : entries) {
    for (const auto& number : entry.numbers) {
      if (at >= first && at - first < size) write(entry, number);
      ++at;
    }
    if (at >= first && at - first >= size) break;
  }
}

std::string page_url(const PhonebookPage& page, std::size_t wanted) {
  return page.url + "?page=" + std::to_string(wanted);
}

std::string title_of(const PhonebookPage& page, std::size_t pages) {
  if (pages == 1) return page.title;
  return page.title + " " + std::to_string(page.page) + "/" + std::to_string(pages);
}

std::string yealink(const std::vector<PhonebookEntry>& entries, const PhonebookPage& page) {
  Xml xml(entries.size());
  xml.raw(declaration).raw("<YealinkIPPhoneDirectory>\n").element("Title", page.title).raw("\n");
  for (const auto& entry : entries) {
    xml.raw("<DirectoryEntry>").element("Name", shown(entry));
    for (const auto& number : entry.numbers) xml.element("Telephone", dialled(number.number));
    xml.raw("</DirectoryEntry>\n");
  }
  return xml.raw("</YealinkIPPhoneDirectory>\n").take();
}

std::string fanvil(const std::vector<PhonebookEntry>& entries, const PhonebookPage& page) {
  Xml xml(entries.size());
  xml.raw(declaration).raw("<FanvilIPPhoneDirectory clearlight=\"true\">\n").element("Title", page.title).raw("\n");
  for (const auto& entry : entries) {
    // One place for each of three: what is left over begins an entry of its own.
    std::vector<ContactNumber> left(entry.numbers);
    const auto take = [&](auto fits) {
      const auto found = std::find_if(left.begin(), left.end(), fits);
      if (found == left.end()) return std::string();
      auto number = dialled(found->number);
      left.erase(found);
      return number;
    };
    while (!left.empty()) {
      const auto mobile = take([](const auto& n) { return n.kind == NumberKind::mobile; });
      auto telephone = take([](const auto& n) { return n.kind == NumberKind::work; });
      if (telephone.empty()) telephone = take([](const auto& n) { return n.kind != NumberKind::mobile; });
      const auto other = take([](const auto& n) { return n.kind != NumberKind::mobile; });
      xml.raw("<DirectoryEntry>").element("Name", shown(entry));
      if (!telephone.empty()) xml.element("Telephone", telephone);
      if (!mobile.empty()) xml.element("Mobile", mobile);
      if (!other.empty()) xml.element("Other", other);
      xml.raw("</DirectoryEntry>\n");
    }
  }
  return xml.raw("</FanvilIPPhoneDirectory>\n").take();
}

std::string cisco(const std::vector<PhonebookEntry>& entries, const PhonebookPage& page) {
  const auto pages = phonebook_pages(PhonebookForm::cisco, entries);
  Xml xml(cisco_page);
  xml.raw(declaration).raw("<CiscoIPPhoneDirectory>\n").element("Title", title_of(page, pages)).raw("\n");
  xml.element("Prompt", "Select whom to call").raw("\n");
  each_of_page(entries, page.page, cisco_page, [&](const PhonebookEntry& entry, const ContactNumber& number) {
    xml.raw("<DirectoryEntry>")
        .element("Name", shown(entry, number))
        .element("Telephone", dialled(number.number))
        .raw("</DirectoryEntry>\n");
  });
  int position = 0;
  const auto key = [&](std::string_view name, std::string_view url) {
    xml.raw("<SoftKeyItem>")
        .element("Name", name)
        .element("URL", url)
        .element("Position", std::to_string(++position))
        .raw("</SoftKeyItem>\n");
  };
  key("Dial", "SoftKey:Dial");
  key("EditDial", "SoftKey:EditDial");
  key("Exit", "SoftKey:Exit");
  if (page.page < pages) key("Next", page_url(page, page.page + 1));
  return xml.raw("</CiscoIPPhoneDirectory>\n").take();
}

std::string snom(const std::vector<PhonebookEntry>& entries, const PhonebookPage& page) {
  const auto pages = phonebook_pages(PhonebookForm::snom, entries);
  Xml xml(snom_page);
  xml.raw(declaration).raw("<SnomIPPhoneDirectory>\n").element("Title", title_of(page, pages)).raw("\n");
  xml.element("Prompt", "Dial").raw("\n");
  each_of_page(entries, page.page, snom_page, [&](const PhonebookEntry& entry, const ContactNumber& number) {
    xml.raw("<DirectoryEntry>")
        .element("Name", shown(entry, number))
        .element("Telephone", dialled(number.number))
        .raw("</DirectoryEntry>\n");
  });
  const auto key = [&](std::string_view name, std::string_view label, std::size_t to) {
    xml.raw("<SoftKeyItem>")
        .element("Name", name)
        .element("Label", label)
        .element("URL", page_url(page, to))
        .raw("</SoftKeyItem>\n");
  };
  if (page.page > 1) key("F1", "Back", page.page - 1);
  if (page.page < pages) key("F2", "Next", page.page + 1);
  return xml.raw("</SnomIPPhoneDirectory>\n").take();
}

// A contact is known by its number: a second one of the same would take the place of the first.
std::string polycom(const std::vector<PhonebookEntry>& entries) {
  Xml xml(entries.size());
  std::unordered_set<std::string> seen;
  xml.raw("<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<directory>\n<item_list>\n");
  for (const auto& entry : entries) {
    for (const auto& number : entry.numbers) {
      auto contact = dialled(number.number);
      if (!seen.insert(contact).second) continue;
      xml.raw("<item>").element("fn", shown(entry, number)).element("ct", contact).raw("</item>\n");
    }
  }
  return xml.raw("</item_list>\n</directory>\n").take();
}

std::string grandstream(const std::vector<PhonebookEntry>& entries) {
  const auto type_of = [](NumberKind kind) -> std::string_view {
    if (kind == NumberKind::mobile) return "Mobile";
    return kind == NumberKind::home ? "Home" : "Work";
  };
  Xml xml(entries.size() * 2);
  xml.raw(declaration).raw("<AddressBook>\n");
  for (const auto& entry : entries) {
    xml.raw("<Contact>").element("FirstName", entry.name);
    if (!entry.company.empty()) xml.element("Company", entry.company);
    for (const auto& number : entry.numbers)
      xml.raw("<Phone type=\"")
          .raw(type_of(number.kind))
          .raw("\">")
          .element("phonenumber", dialled(number.number))
          .raw("<accountindex>1</accountindex></Phone>");
    xml.raw("</Contact>\n");
  }
  return xml.raw("</AddressBook>\n").take();
}

}  // namespace

void sort_entries(std::vector<PhonebookEntry>& entries) {
  const auto small = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  const auto before = [&](const std::string& a, const std::string& b) {
    return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) {
      return static_cast<unsigned char>(small(x)) < static_cast<unsigned char>(small(y));
    });
  };
  std::stable_sort(entries.begin(), entries.end(),
                   [&](const PhonebookEntry& a, const PhonebookEntry& b) { return before(a.name, b.name); });
}

std::optional<PhonebookForm> phonebook_form(std::string_view vendor) {
  for (const auto& [name, form] : forms)
    if (name == vendor) return form;
  return std::nullopt;
}

std::string phonebook_name(std::string_view vendor) {
  if (vendor == "polycom") return "000000000000-directory.xml";
  if (vendor == "grandstream") return "phonebook.xml";
  return "phonebook/" + std::string(vendor) + ".xml";
}

bool is_paged(PhonebookForm form) {
  return page_size(form) != std::numeric_limits<std::size_t>::max();
}

std::size_t phonebook_pages(PhonebookForm form, const std::vector<PhonebookEntry>& entries) {
  if (!is_paged(form)) return 1;
  const auto size = page_size(form);
  return std::max<std::size_t>(1, (numbers_in(entries) + size - 1) / size);
}

std::string render_phonebook(PhonebookForm form, const std::vector<PhonebookEntry>& entries,
                             const PhonebookPage& page) {
  switch (form) {
    case PhonebookForm::cisco:
      return cisco(entries, page);
    case PhonebookForm::polycom:
      return polycom(entries);
    case PhonebookForm::grandstream:
      return grandstream(entries);
    case PhonebookForm::snom:
      return snom(entries, page);
    case PhonebookForm::fanvil:
      return fanvil(entries, page);
    case PhonebookForm::yealink:
      break;
  }
  return yealink(entries, page);
}

}  // namespace strowger::provisioning
