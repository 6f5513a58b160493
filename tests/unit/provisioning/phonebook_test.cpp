// Each vendor's phone book, read back by another XML reader.
#include "actors/provisioning/phonebook.hpp"

#include "actors/provisioning/renderer.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/provisioning/fixture.hpp"

#include <set>

#include <pugixml.hpp>

using namespace strowger;
using namespace strowger::provisioning;
using namespace strowger::provisioning::test;

namespace {

using enum NumberKind;

std::vector<PhonebookEntry> few() {
  std::vector<PhonebookEntry> entries{
      {"bob", {}, {{work, "1002"}}},
      {"A & B <x> \"q\" 'r'",
       "Würth & Söhne",
       {{work, "+49 (30) 12-34"}, {mobile, "+49 171 1"}, {home, "sip:a@b.example"}}},
      {"Zoë", {}, {{work, "1003"}}},
  };
  sort_entries(entries);
  return entries;
}

std::vector<PhonebookEntry> many(std::size_t count) {
  std::vector<PhonebookEntry> entries;
  for (std::size_t i = 0; i < count; ++i)
    entries.push_back({"User " + std::to_string(10'000 + i), {}, {{work, std::to_string(10'000 + i)}}});
  return entries;
}

pugi::xml_document parsed(const std::string& text) {
  pugi::xml_document document;
  const auto done = document.load_buffer(text.data(), text.size(), pugi::parse_default, pugi::encoding_utf8);
  INFO(done.description());
  INFO(text);
  REQUIRE(done);
  return document;
}

constexpr PhonebookForm all_forms[] = {PhonebookForm::yealink,     PhonebookForm::cisco, PhonebookForm::polycom,
                                       PhonebookForm::grandstream, PhonebookForm::snom,  PhonebookForm::fanvil};

}  // namespace

TEST_CASE("phone books: names are sorted, whatever their case, and arrive as they are") {
  const auto entries = few();
  CHECK(entries[0].name == "A & B <x> \"q\" 'r'");
  CHECK(entries[1].name == "bob");
  const auto document = parsed(render_phonebook(PhonebookForm::yealink, entries, {1, "Ours & theirs", {}}));
  const auto root = document.child("YealinkIPPhoneDirectory");
  CHECK(std::string(root.child_value("Title")) == "Ours & theirs");
  const auto first = root.child("DirectoryEntry");
  CHECK(std::string(first.child_value("Name")) == "A & B <x> \"q\" 'r' (Würth & Söhne)");
  std::vector<std::string> numbers;
  for (const auto& number : first.children("Telephone")) numbers.emplace_back(number.child_value());
  CHECK(numbers == std::vector<std::string>{"+49301234", "+491711", "sip:a@b.example"});
  CHECK(std::string(first.next_sibling("DirectoryEntry").next_sibling("DirectoryEntry").child_value("Name")) == "Zoë");
}

TEST_CASE("phone books: Cisco's has 32 numbers a page, and a key to the next") {
  const auto entries = many(70);
  CHECK(phonebook_pages(PhonebookForm::cisco, entries) == 3);
  CHECK(phonebook_pages(PhonebookForm::cisco, many(32)) == 1);
  CHECK(phonebook_pages(PhonebookForm::cisco, many(33)) == 2);
  CHECK(phonebook_pages(PhonebookForm::cisco, {}) == 1);
  std::set<std::string> seen;
  for (std::size_t page = 1; page <= 3; ++page) {
    const auto document =
        parsed(render_phonebook(PhonebookForm::cisco, entries, {page, "Directory", "http://pbx/provision/p.xml"}));
    const auto root = document.child("CiscoIPPhoneDirectory");
    std::size_t here = 0;
    for (const auto& entry : root.children("DirectoryEntry")) {
      ++here;
      CHECK(seen.insert(entry.child_value("Telephone")).second);
    }
    CHECK(here == (page < 3 ? 32 : 6));
    CHECK(std::string(root.child_value("Title")) == "Directory " + std::to_string(page) + "/3");
    std::string next;
    for (const auto& key : root.children("SoftKeyItem"))
      if (std::string(key.child_value("Name")) == "Next") next = key.child_value("URL");
    CHECK(next == (page < 3 ? "http://pbx/provision/p.xml?page=" + std::to_string(page + 1) : std::string()));
  }
  CHECK(seen.size() == 70);
}

TEST_CASE("phone books: Snom's pages hold everybody once, and lead back and on") {
  const auto entries = many(130);
  const auto pages = phonebook_pages(PhonebookForm::snom, entries);
  CHECK(pages == 3);
  std::set<std::string> seen;
  for (std::size_t page = 1; page <= pages; ++page) {
    const auto document = parsed(render_phonebook(PhonebookForm::snom, entries, {page, "Directory", "http://pbx/p"}));
    const auto root = document.child("SnomIPPhoneDirectory");
    for (const auto& entry : root.children("DirectoryEntry")) seen.insert(entry.child_value("Telephone"));
    std::size_t keys = 0;
    for (const auto& key : root.children("SoftKeyItem")) {
      ++keys;
      CHECK_THAT(std::string(key.child_value("URL")), ContainsSubstring("?page="));
    }
    CHECK(keys == (page == 2 ? 2U : 1U));
  }
  CHECK(seen.size() == 130);
}

TEST_CASE("phone books: Polycom's directory has each number once") {
  auto entries = few();
  entries.push_back({"Another", {}, {{work, "1002"}}});
  const auto document = parsed(render_phonebook(PhonebookForm::polycom, entries, {}));
  std::vector<std::string> numbers;
  for (const auto& item : document.child("directory").child("item_list").children("item"))
    numbers.emplace_back(item.child_value("ct"));
  CHECK(numbers == std::vector<std::string>{"+49301234", "+491711", "sip:a@b.example", "1002", "1003"});
  const auto first = document.child("directory").child("item_list").child("item");
  CHECK(std::string(first.child_value("fn")) == "A & B <x> \"q\" 'r' (Würth & Söhne), work");
}

TEST_CASE("phone books: Grandstream's contacts and Fanvil's entries hold the kinds of numbers") {
  const auto grandstream = parsed(render_phonebook(PhonebookForm::grandstream, few(), {}));
  const auto contact = grandstream.child("AddressBook").child("Contact");
  CHECK(std::string(contact.child_value("FirstName")) == "A & B <x> \"q\" 'r'");
  CHECK(std::string(contact.child_value("Company")) == "Würth & Söhne");
  CHECK(std::string(contact.child("Phone").attribute("type").value()) == "Work");
  CHECK(std::string(contact.child("Phone").child_value("phonenumber")) == "+49301234");
  CHECK(std::string(contact.child("Phone").next_sibling("Phone").attribute("type").value()) == "Mobile");

  auto entries = few();
  entries[0].numbers.push_back({mobile, "2"});
  const auto fanvil = parsed(render_phonebook(PhonebookForm::fanvil, entries, {}));
  const auto entry = fanvil.child("FanvilIPPhoneDirectory").child("DirectoryEntry");
  CHECK(std::string(entry.child_value("Telephone")) == "+49301234");
  CHECK(std::string(entry.child_value("Mobile")) == "+491711");
  CHECK(std::string(entry.child_value("Other")) == "sip:a@b.example");
  const auto rest = entry.next_sibling("DirectoryEntry");  // what had no place left
  CHECK(std::string(rest.child_value("Name")) == std::string(entry.child_value("Name")));
  CHECK(std::string(rest.child_value("Mobile")) == "2");
}

TEST_CASE("phone books: every vendor's phone dials a number as it is meant, and shows the name as it is") {
  struct Row {
    const char* written;
    const char* dialled;
  };
  for (const auto& [written, expected] :
       {Row{"+49 (0)30 1234-567", ">+49301234567<"}, Row{"+49 30 123-45 ext. 12", ">+493012345<"},
        Row{"\xE2\x80\xAA+49\xC2\xA0"
            "30\xE2\x80\x93"
            "7\xE2\x80\xAC",
            ">+49307<"}}) {
    for (const auto form : all_forms) {
      const auto text = render_phonebook(form, {{"Berlin (0) – Büro", {}, {{work, written}}}}, {});
      CAPTURE(written, text);
      CHECK_THAT(text, ContainsSubstring(expected) && ContainsSubstring("Berlin (0) – Büro"));
      CHECK(text.find(written) == std::string::npos);
    }
  }
}

TEST_CASE("phone books: 10,000 entries, the same bytes each time, nobody lost") {
  const auto entries = many(10'000);
  for (const auto form : all_forms) {
    std::set<std::string> seen;
    for (std::size_t page = 1; page <= phonebook_pages(form, entries); ++page) {
      const PhonebookPage wanted{page, "Directory", "http://pbx/p"};
      const auto text = render_phonebook(form, entries, wanted);
      if (page == 1) CHECK(text == render_phonebook(form, entries, wanted));
      const auto document = parsed(text);
      for (const auto& node : document.document_element().select_nodes(".//Telephone | .//ct | .//phonenumber"))
        seen.insert(node.node().child_value());
    }
    CHECK(seen.size() == 10'000);
  }
}

TEST_CASE("phone books: phonebook_url strowger is where each vendor's phones find it") {
  const std::vector<std::pair<std::string, std::string>> told{
      {"yealink", "remote_phonebook.data.1.url = http://192.168.1.14:8080/provision/phonebook/%.xml\n"},
      {"zultys", "remote_phonebook.data.1.url = http://192.168.1.14:8080/provision/phonebook/%.xml\n"},
      {"cisco", "<XML_Directory_Service_URL ua=\"na\">http://192.168.1.14:8080/provision/phonebook/%.xml<"},
      {"grandstream", "<item name=\"phonebook.download.server\">192.168.1.14:8080/provision/phonebook/%</item>"},
  };
  std::size_t checked = 0;
  for (const auto& sample : samples()) {
    auto values = device(sample);
    values.phone.set = {{"phonebook_url", "strowger"}};
    const auto file = renderer()->render(sample.vendor, sample.model, values).value().bytes;
    for (const auto& [vendor, wanted] : told) {
      if (vendor != sample.vendor) continue;
      auto line = wanted;
      line.replace(line.find('%'), 1, values.mac.text());
      CAPTURE(file);
      CHECK_THAT(file, ContainsSubstring(line));
      ++checked;
    }
  }
  CHECK(checked >= told.size());
}
