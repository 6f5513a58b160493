#include "actors/history/publisher.hpp"

#include "actors/provisioning/recorded.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/memory_log.hpp"

#include <set>

using namespace strowger;
using namespace strowger::history;

namespace {

// Seals by turning the text around; counts how often.
class TurningVault : public Vault {
 public:
  Result<SealedSecret> seal(std::string_view clear) override {
    ++seals;
    return SealedSecret{std::string(clear.rbegin(), clear.rend())};
  }
  Result<SealedSecret> seal_like(const SealedSecret&, std::string_view clear) override { return seal(clear); }
  Result<std::string> open(const SealedSecret& sealed) const override {
    return std::string(sealed.text.rbegin(), sealed.text.rend());
  }
  Result<void> shred(const SealedSecret&) override { return {}; }
  int seals = 0;
};

struct Fixture {
  test::MemoryLog log;
  IdSource ids;
  TurningVault vault;
  provisioning::VendorCatalog catalog = provisioning::VendorCatalog::built_in();
  SettingsApplied settings{true, "http://{{SERVER_IP}}/{mac}.cfg", "192.168.1.14", 8080, "192.168.1.14", 5060, "s",
                           "S"};
  std::unique_ptr<Publisher> publisher = fresh();

  std::unique_ptr<Publisher> fresh() {
    return std::make_unique<Publisher>(log, ids, vault, [] { return Timestamp{}; });
  }
  std::shared_ptr<const provisioning::Renderer> renderer(const std::vector<provisioning::CustomTemplate>& custom = {}) {
    auto made = provisioning::Renderer::make(catalog, custom);
    REQUIRE(made);
    REQUIRE(made->refused.empty());
    return made->renderer;
  }
  std::size_t count(std::string_view type) {
    std::size_t n = 0;
    for (const auto& record : log.records())
      if (record.type == type) ++n;
    return n;
  }
  template <class T>
  T last() {
    for (const auto& records = log.records(); auto& record : std::vector(records.rbegin(), records.rend()))
      if (record.type == T::type) return std::get<T>(decode(record)->event);
    FAIL("no such event");
    return {};
  }
};

const std::string own =
    "#!version:1.0.0.1\naccount.1.password = {{EXTENSION_PASSWORD}}\nuser_password = admin:hunter2\n";

}  // namespace

TEST_CASE_METHOD(Fixture, "templates and settings are recorded once, and never again while they stay the same") {
  const auto first = publisher->publish(*renderer(), settings);
  REQUIRE(first);
  CHECK(count(TemplatePublished::type) == renderer()->templates().size());
  // Hundreds of templates are told in one line, and the settings in another.
  REQUIRE(first->size() == 2);
  CHECK_THAT(first->front(), ContainsSubstring(std::to_string(renderer()->templates().size()) + " templates"));
  const auto all = log.records().size();
  CHECK(publisher->publish(*renderer(), settings)->empty());
  CHECK(fresh()->publish(*renderer(), settings)->empty());  // after a restart
  CHECK(log.records().size() == all);
  CHECK(log.records().front().by == "system");
}

TEST_CASE_METHOD(Fixture, "a text is stored once however often it comes into force") {
  REQUIRE(publisher->publish(*renderer(), settings));
  const auto texts = count(TemplateTextStored::type);
  // A family's models share one template, and a vendor's how their phones write values.
  std::set<std::string> distinct;
  for (const auto& source : renderer()->in_force()) {
    distinct.insert(provisioning::sha256_of(source.text));
    distinct.insert(source.kind.values->sha256());
  }
  CHECK(texts == distinct.size());
  CHECK(texts < renderer()->in_force().size() / 5);
  for (int round = 0; round < 3; ++round) {
    CHECK(publisher->publish(*renderer({{"yealink_t46s.template", own}}), settings)->size() == 1);
    CHECK(last<TemplatePublished>().origin == TemplateOrigin::custom);
    CHECK(last<TemplatePublished>().sha256 == provisioning::sha256_of(own));
    CHECK(fresh()->publish(*renderer(), settings)->size() == 1);
    CHECK(last<TemplatePublished>().origin == TemplateOrigin::built_in);
    publisher = fresh();
  }
  CHECK(count(TemplateTextStored::type) == texts + 1);
  CHECK(vault.seals == 1);
}

TEST_CASE_METHOD(Fixture, "an administrator's own text is never in the log in clear") {
  REQUIRE(publisher->publish(*renderer({{"yealink_t46s.template", own}}), settings));
  for (const auto& record : log.records()) CHECK(record.data.find("hunter2") == std::string::npos);
  const auto stored = log.read_stream(template_text_stream(provisioning::sha256_of(own)), StreamVersion{}, 1);
  const auto event = std::get<TemplateTextStored>(decode(stored->front())->event);
  CHECK_FALSE(event.text);
  CHECK(vault.open(*event.sealed).value() == own);
}

TEST_CASE_METHOD(Fixture, "a failed write leaves nothing half done: the next call goes on") {
  log.fail_next(1);
  CHECK_FALSE(publisher->publish(*renderer(), settings));
  CHECK(publisher->publish(*renderer(), settings));
  settings.sip_port = 5070;
  log.fail_next(1);
  CHECK_FALSE(publisher->publish(*renderer(), settings));
  CHECK(publisher->publish(*renderer(), settings)->size() == 1);
  CHECK(last<SettingsApplied>().sip_port == 5070);
}

TEST_CASE_METHOD(Fixture, "two that publish at once agree") {
  const auto other = fresh();
  REQUIRE(other->publish(*renderer(), settings));
  REQUIRE(publisher->publish(*renderer(), settings));
  settings.server_name = "Other";
  REQUIRE(other->publish(*renderer(), settings));
  CHECK(publisher->publish(*renderer(), settings)->empty());  // met the other's event
  CHECK(count(SettingsApplied::type) == 2);
}

TEST_CASE_METHOD(Fixture, "what could not be read again is refused, not recorded") {
  settings.server_name = "\xFF";
  const auto refused = publisher->publish(*renderer(), settings);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == "not_recordable");
  CHECK(count(SettingsApplied::type) == 0);
}

TEST_CASE_METHOD(Fixture, "what was recorded renders the same bytes") {
  const auto all = renderer({{"yealink_t46s.template", own}});
  for (const auto& source : all->in_force()) {
    provisioning::DeviceValues values{provisioning::server_values(settings),
                                      ExtensionNumber::parse("1001").value(),
                                      "Ann <&>",
                                      "p&w",
                                      MacAddress::parse("001565123456").value(),
                                      provisioning::config_url(settings, "001565123456")};
    const auto then = all->render(source.vendor, source.model, values);
    const auto kept = provisioning::VendorValues::parse(source.kind.values->text()).value();
    const auto now =
        provisioning::render_from(provisioning::in_force(provisioning::published(source), source.text, kept), values);
    REQUIRE(then);
    REQUIRE(now);
    CHECK(now->bytes == then->bytes);
    CHECK(now->etag == then->etag);
    CHECK(now->content_type == then->content_type);
  }
}
