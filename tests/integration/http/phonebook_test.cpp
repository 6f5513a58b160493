// The phone book through the real server: contacts by the API, and what phones of each vendor are given.
#include "tests/integration/http/house.hpp"

#include <algorithm>

using namespace strowger;
using namespace strowger::http;
using namespace strowger::http::test;

namespace {

namespace bj = boost::json;

constexpr auto contacts = "/api/phonebook/contacts";
constexpr auto global = "/api/provisioning/phone-settings/global";

struct Site : House {
  Site() {
    create_extension("1001", "Ann Example");
    create_extension("1002", "Bob <B> & \"Co\"");
    REQUIRE(register_device("001565123456", "1001").status == 201);
    REQUIRE(register_device("0004f2aabbcc", "1002", "polycom", "vvx450").status == 201);
    REQUIRE(register_device("8843e157ddcc", "1002", "cisco", "spa504g").status == 201);
    REQUIRE(register_device("000b82aabbcc", "1002", "grandstream", "gxp2170").status == 201);
  }
  std::string add(const std::string& name, const std::string& number) {
    const auto reply =
        ask("POST", contacts, R"({"name":")" + name + R"(","numbers":[{"number":")" + number + R"("}]})");
    INFO(reply.body);
    REQUIRE(reply.status == 201);
    return std::string(reply.json().at("id").as_string());
  }
  void use_ours() {
    REQUIRE(ask("PATCH", global, R"({"phonebook_url":"strowger","phonebook_name":"Ours"})").status == 200);
  }
};

}  // namespace

TEST_CASE_METHOD(Site, "phone book: contacts are created, read, changed and removed, with ETags and roles") {
  const std::string body =
      R"({"name":"Zoë","company":"Acme","numbers":[{"kind":"mobile","number":"+49 171 1"},{"number":98}]})";
  CHECK(as(token(Role::viewer), "POST", contacts, body).status == 403);
  CHECK(as({}, "GET", contacts).status == 401);
  const auto made = ask("POST", contacts, body, "Idempotency-Key: one\r\n");
  INFO(made.body);
  REQUIRE(made.status == 201);
  const auto id = std::string(made.json().at("id").as_string());
  const auto path = std::string(contacts) + "/" + id;
  CHECK(made.header("location") == path);
  const auto again = ask("POST", contacts, body, "Idempotency-Key: one\r\n");
  CHECK(again.status == 201);
  CHECK(again.json().at("id") == made.json().at("id"));
  CHECK(ask("GET", contacts).json().as_array().size() == 1);

  const auto read = as(token(Role::viewer), "GET", path);
  CHECK(read.status == 200);
  CHECK(read.json() == made.json());
  CHECK(read.json().at("numbers").at(1).at("number").as_string() == "98");
  CHECK(ask("PATCH", path, R"({"company":""})", "If-Match: \"7\"\r\n").status == 412);
  const auto changed = ask("PATCH", path, R"({"company":""})", "If-Match: " + read.header("etag") + "\r\n");
  CHECK(changed.status == 200);
  CHECK(changed.json().at("company").as_string().empty());
  CHECK(changed.header("etag") == "\"2\"");
  CHECK(ask("PUT", path, R"({"name":"Zoe"})").code() == "bad_contact");
  CHECK(ask("PUT", path, R"({"name":"Zoe","numbers":[{"number":"1","kind":"fax"}]})").code() == "bad_contact");
  CHECK(ask("PUT", path, R"({"name":"Zoe","numbers":[{"nummer":"1"}]})").status == 400);
  CHECK(ask("PUT", path, R"({"name":"Zoe","numbers":[{"number":"1"}]})").status == 200);
  CHECK(ask("GET", std::string(contacts) + "/nonsense").status == 400);
  CHECK(ask("DELETE", path).status == 200);
  CHECK(ask("GET", path).code() == "contact_not_found");
  CHECK(ask("DELETE", path).status == 404);
  std::vector<std::string> types;
  for (const auto& record : events())
    if (record.stream.category() == "contact") types.push_back(record.type);
  CHECK(types == std::vector<std::string>{"contact.added", "contact.changed", "contact.changed", "contact.removed"});
}

TEST_CASE_METHOD(Site, "phone book: pages of contacts hold each once, and survive a restart") {
  for (int i = 0; i < 5; ++i) add("C" + std::to_string(i), "5" + std::to_string(i));
  restart();
  std::vector<std::string> names;
  std::string target = std::string(contacts) + "?limit=2";
  for (int page = 0; page < 3; ++page) {
    const auto reply = ask("GET", target);
    CHECK(reply.header("x-total-count") == "5");
    const auto found = reply.json();
    for (const auto& contact : found.as_array()) names.emplace_back(contact.at("name").as_string());
    const auto link = reply.header("link");
    if (link.empty()) break;
    target = link.substr(1, link.find('>') - 1);
  }
  CHECK(names == std::vector<std::string>{"C0", "C1", "C2", "C3", "C4"});
}

TEST_CASE_METHOD(Site, "phone book: each vendor's form, from extensions and contacts, until one of them changes") {
  const auto contact = add("Plumber", "+49 30 1");
  const auto yealink = fetch("/provision/phonebook/yealink.xml");
  CHECK(yealink.status == 200);
  CHECK(yealink.header("content-type") == "text/xml; charset=utf-8");
  CHECK_THAT(yealink.body, ContainsSubstring("<Name>Bob &lt;B&gt; &amp; &quot;Co&quot;</Name><Telephone>1002<"));
  CHECK_THAT(yealink.body, ContainsSubstring("<Name>Plumber</Name><Telephone>+49301<"));
  CHECK_THAT(fetch("/phonebook/cisco.xml").body, ContainsSubstring("<CiscoIPPhoneDirectory>"));
  CHECK_THAT(fetch("/provision/phonebook/snom.xml").body, ContainsSubstring("<SnomIPPhoneDirectory>"));
  CHECK_THAT(fetch("/provision/phonebook/fanvil.xml").body, ContainsSubstring("<FanvilIPPhoneDirectory"));
  CHECK_THAT(fetch("/provision/phonebook/zultys.xml").body, ContainsSubstring("<YealinkIPPhoneDirectory>"));
  CHECK_THAT(fetch("/provision/phonebook.xml").body, ContainsSubstring("<AddressBook>"));
  CHECK_THAT(fetch("/provision/gs_phonebook.xml").body, ContainsSubstring("<AddressBook>"));
  CHECK_THAT(fetch("/provision/000000000000-directory.xml").body, ContainsSubstring("<item_list>"));
  CHECK(fetch("/provision/phonebook/htek.xml").status == 404);

  const auto same = fetch("/provision/phonebook/yealink.xml", "If-None-Match: " + yealink.header("etag") + "\r\n");
  CHECK(same.status == 304);
  CHECK(fetch("/provision/phonebook/yealink.xml", {}, "HEAD").header("etag") == yealink.header("etag"));

  SECTION("a contact is removed") {
    REQUIRE(ask("DELETE", std::string(contacts) + "/" + contact).status == 200);
    CHECK(fetch("/provision/phonebook/yealink.xml").body.find("Plumber") == std::string::npos);
  }
  SECTION("a contact changes") {
    REQUIRE(ask("PATCH", std::string(contacts) + "/" + contact, R"({"name":"Painter"})").status == 200);
    CHECK_THAT(fetch("/provision/phonebook/yealink.xml").body, ContainsSubstring("<Name>Painter</Name>"));
  }
  SECTION("an extension gets another name, then is hidden, then listed, then deleted") {
    REQUIRE(ask("PATCH", "/api/extensions/1002", R"({"name":"Bea"})").status == 200);
    CHECK_THAT(fetch("/provision/phonebook/yealink.xml").body, ContainsSubstring("<Name>Bea</Name>"));
    const auto hidden = ask("PATCH", "/api/extensions/1002", R"({"listed":false})");
    CHECK_FALSE(hidden.json().at("listed").as_bool());
    CHECK(fetch("/provision/phonebook/yealink.xml").body.find("Bea") == std::string::npos);
    restart();
    CHECK(fetch("/provision/phonebook/yealink.xml").body.find("Bea") == std::string::npos);
    REQUIRE(ask("PATCH", "/api/extensions/1002", R"({"listed":true})").status == 200);
    CHECK_THAT(fetch("/provision/phonebook/yealink.xml").body, ContainsSubstring("Bea"));
    REQUIRE(ask("DELETE", "/api/extensions/1002").status == 200);
    CHECK(fetch("/provision/phonebook/yealink.xml").body.find("Bea") == std::string::npos);
  }
  SECTION("an extension is disabled, then enabled") {
    REQUIRE(ask("PATCH", "/api/extensions/1002", R"({"enabled":false})").status == 200);
    CHECK(fetch("/provision/phonebook/yealink.xml").body.find("1002") == std::string::npos);
    REQUIRE(ask("PATCH", "/api/extensions/1002", R"({"enabled":true})").status == 200);
    CHECK_THAT(fetch("/provision/phonebook/yealink.xml").body, ContainsSubstring("1002"));
  }
  const auto book = ask("GET", "/api/phonebook").json();
  CHECK(book.at("entries").as_int64() == book.at("extensions").as_int64() + book.at("contacts").as_int64());
}

TEST_CASE_METHOD(Site, "phone book: phones set to ours are told where theirs is, and find it there") {
  add("Plumber", "+49301");
  CHECK(fetch("/provision/001565123456.cfg").body.find("/provision/phonebook") == std::string::npos);
  CHECK(ask("PATCH", global, R"({"phonebook_url":"strowgers"})").code() == "bad_setting");
  use_ours();
  const auto path_in = [&](const std::string& file, const std::string& before, char after) {
    const auto body = fetch(file).body;
    const auto begin = body.find(before);
    REQUIRE(begin != std::string::npos);
    const auto url =
        body.substr(begin + before.size(), body.find(after, begin + before.size()) - begin - before.size());
    return url.substr(url.find("/provision"));
  };
  const auto yealink = path_in("/provision/001565123456.cfg", "remote_phonebook.data.1.url = ", '\n');
  CHECK_THAT(fetch(yealink).body, ContainsSubstring("<YealinkIPPhoneDirectory>\n<Title>Ours</Title>"));
  const auto cisco = path_in("/provision/spa8843e157ddcc.cfg", "<XML_Directory_Service_URL ua=\"na\">", '<');
  CHECK_THAT(fetch(cisco).body, ContainsSubstring("<CiscoIPPhoneDirectory>\n<Title>Ours</Title>"));
  const auto grandstream = path_in("/provision/cfg000b82aabbcc.xml", "<item name=\"phonebook.download.server\">", '<');
  CHECK_THAT(fetch(grandstream + "/phonebook.xml").body, ContainsSubstring("<AddressBook>"));
  CHECK(fetch("/provision/phonebook/001565999999.xml").status == 404);
  CHECK(fetch("/provision/phonebook/%7Bmac%7D.xml").status == 400);
}

TEST_CASE_METHOD(Site, "phone book: a Polycom phone's own directory is replaced only where that is set") {
  CHECK(fetch("/provision/0004f2aabbcc-directory.xml").status == 404);
  use_ours();
  const auto book = fetch("/provision/0004f2aabbcc-directory.xml");
  CHECK(book.status == 200);
  CHECK_THAT(book.body, ContainsSubstring("<fn>Ann Example</fn><ct>1001</ct>"));
}

TEST_CASE_METHOD(Site, "phone book: who tries MAC addresses by it is blocked as by phones' files") {
  set([](config::Settings& settings) { settings.provisioning.access.enumeration_limit = 4; });
  CHECK(fetch("/provision/phonebook/001565999991.xml").status == 404);
  CHECK(fetch("/provision/0004f2999992-directory.xml").status == 404);
  CHECK(fetch("/provision/phonebook/001565999993.xml").status == 404);
  CHECK(fetch("/provision/phonebook/001565999994.xml").status == 404);
  CHECK(fetch("/provision/phonebook/001565123456.xml").status == 429);
}

TEST_CASE_METHOD(Site, "phone book: Cisco's next page is where its key says, with the token it came by") {
  for (int i = 0; i < 40; ++i) add("C" + std::to_string(i), "5" + std::to_string(i));
  use_ours();
  const auto issued = ask("POST", "/api/provisioning/devices/8843e157ddcc/access/token");
  REQUIRE(issued.status == 200);
  const auto url = std::string(issued.json().at("config_url").as_string());
  const auto with_token = url.substr(url.find("/provision"), url.rfind('/') - url.find("/provision"));
  set([](config::Settings& settings) { settings.provisioning.access.allowed_networks = {"192.0.2.0/24"}; });
  CHECK(fetch("/provision/phonebook/8843e157ddcc.xml").status != 200);
  const auto first = fetch(with_token + "/phonebook/8843e157ddcc.xml").body;
  const auto begin = first.find("<URL>http://");
  REQUIRE(begin != std::string::npos);
  const auto next = first.substr(begin + 5, first.find('<', begin + 5) - begin - 5);
  CHECK_THAT(next, ContainsSubstring(with_token + "/phonebook/8843e157ddcc.xml?page=2"));
  const auto second = fetch(next.substr(next.find("/provision")));
  CHECK(second.status == 200);
  CHECK_THAT(second.body, ContainsSubstring("<Title>Ours 2/2</Title>"));
  CHECK(fetch(with_token + "/phonebook/8843e157ddcc.xml?page=3").status == 404);
  CHECK(fetch(with_token + "/phonebook/8843e157ddcc.xml?page=x").status == 404);
}

TEST_CASE_METHOD(Site, "phone book: under the same rules as phones' files") {
  set([](config::Settings& settings) { settings.provisioning.access.require_credentials = true; });
  for (const auto* path : {"/provision/phonebook/yealink.xml", "/provision/phonebook.xml",
                           "/provision/phonebook/001565123456.xml", "/provision/000000000000-directory.xml"}) {
    CAPTURE(path);
    CHECK(fetch(path).status == 403);
  }
  set([](config::Settings& settings) {
    settings.provisioning.access.require_credentials = false;
    settings.provisioning.access.allowed_networks = {"192.0.2.0/24"};
  });
  CHECK(fetch("/provision/phonebook/yealink.xml").status == 403);
}

TEST_CASE_METHOD(Site, "phone book: no change of it makes a phone's file another one") {
  use_ours();
  const std::vector<std::string> files{"/provision/001565123456.cfg", "/provision/0004f2aabbcc.cfg",
                                       "/provision/spa8843e157ddcc.cfg", "/provision/cfg000b82aabbcc.xml"};
  std::vector<std::string> before;
  for (const auto& file : files) before.push_back(fetch(file).header("etag"));
  const auto id = add("Plumber", "1");
  REQUIRE(ask("PATCH", std::string(contacts) + "/" + id, R"({"name":"Painter"})").status == 200);
  REQUIRE(ask("PATCH", "/api/extensions/1002", R"({"listed":false})").status == 200);
  for (std::size_t i = 0; i < files.size(); ++i) CHECK(fetch(files[i]).header("etag") == before[i]);
}

TEST_CASE_METHOD(Site, "phone book: a number as people write it is shown so, and dialled as it is meant") {
  const auto id = add("Berlin",
                      "\xE2\x80\xAA+49 (0)30\xC2\xA0"
                      "1234\xE2\x80\x93"
                      "567\xE2\x80\xAC");
  CHECK(ask("GET", std::string(contacts) + "/" + id).json().at("numbers").at(0).at("number").as_string() ==
        "+49 (0)30 1234\xE2\x80\x93"
        "567");
  for (const auto* file : {"phonebook/001565123456.xml", "phonebook/8843e157ddcc.xml", "phonebook.xml"})
    CHECK_THAT(fetch(std::string("/provision/") + file).body, ContainsSubstring(">+49301234567<"));
  // The same number on a key.
  REQUIRE(ask("PATCH", "/api/provisioning/devices/001565123456/settings",
              R"({"keys":{"5":{"type":"speed_dial","value":"+49 (0)30 1234-567"}}})")
              .status == 200);
  const auto config = fetch("/provision/001565123456.cfg").body;
  CHECK_THAT(config, ContainsSubstring("= +49301234567\n") && ContainsSubstring("+49 (0)30 1234-567"));
}

TEST_CASE_METHOD(Site, "phone book: ten thousand contacts, whole and in pages") {
  constexpr std::size_t count = 10'000;
  for (std::size_t done = 0; done < count;) {
    AppendRequest request;
    for (std::size_t i = 0; i < 1'000; ++i, ++done) {
      const auto id = services->ids.next();
      const auto number = std::to_string(20'000 + done);
      request.facts.push_back({StreamId("contact", id.text()),
                               encode(ContactAdded{id, "Contact " + number, "", {{NumberKind::work, number}}},
                                      Cause{"system", {}, {}}, system_now(), services->ids)});
    }
    REQUIRE(append_and_wait(*log, std::move(request)));
  }
  REQUIRE(strowger::test::eventually([&] {
    return ask("GET", "/api/phonebook").json().at("contacts").as_int64() == static_cast<std::int64_t>(count);
  }));
  const auto whole = fetch("/provision/phonebook/yealink.xml").body;
  std::size_t entries = 0;
  for (auto at = whole.find("<DirectoryEntry>"); at != std::string::npos; at = whole.find("<DirectoryEntry>", at + 1))
    ++entries;
  CHECK(entries == count + 2);
  CHECK_THAT(whole, ContainsSubstring("<Telephone>29999</Telephone>"));
  const auto last = fetch("/provision/phonebook/cisco.xml?page=313").body;
  CHECK_THAT(last, ContainsSubstring("313/313"));
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 100; ++i) CHECK(fetch("/provision/phonebook/yealink.xml").status == 200);
  WARN("a book of "
       << whole.size() << " bytes in "
       << std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - begin).count() / 100
       << " us");
}
