#include "actors/provisioning/vendor_catalog.hpp"

#include "tests/support/catch.hpp"
#include "tests/unit/provisioning/fixture.hpp"

using namespace strowger;
using namespace strowger::provisioning;
using namespace strowger::provisioning::test;

TEST_CASE("every address prefix of the table finds its own vendor") {
  std::size_t prefixes = 0;
  for (const auto& vendor : catalog().vendors()) {
    for (const auto oui : vendor.ouis) {
      CHECK(catalog().vendor_of(MacAddress::from_bits(std::uint64_t{oui} << 24 | 0xABCDEF)) == &vendor);
      ++prefixes;
    }
  }
  CHECK(prefixes > 50);
  CHECK(catalog().vendor_of(MacAddress::parse("000bea85abcd").value())->vendor == "zultys");
  CHECK(catalog().vendor_of(MacAddress::parse("02:00:00:00:00:01").value()) == nullptr);
}

TEST_CASE("models are known in the forms that people and phones write") {
  const std::vector<std::pair<std::string, std::vector<std::string>>> forms{
      {"t46s", {"T46S", "t46s", "SIP-T46S", "sip t46s", "Yealink SIP-T46S", "YEALINK T46S"}},
      {"zip33g", {"ZIP 33G", "zip33g", "ZIP-33G", "Zultys ZIP_33G"}},
      {"zip37g", {"ZIP 37G", "zip37g"}},
      {"vvx450", {"VVX_450", "vvx 450", "VVX450", "Polycom VVX 450", "Poly VVX-450"}},
      {"spa504g", {"SPA504G", "spa504g", "SPA-504G", "Cisco SPA504G"}},
      {"gxp2170", {"GXP2170", "gxp-2170", "Grandstream GXP2170"}}};
  for (const auto& sample : samples()) {
    const auto vendor = catalog().vendor(sample.vendor);
    REQUIRE(vendor);
    for (const auto& [model, texts] : forms) {
      if (model != sample.model) continue;
      for (const auto& text : texts) {
        CAPTURE(text);
        const auto found = catalog().model(**vendor, text);
        REQUIRE(found);
        CHECK((*found)->model == sample.model);
      }
    }
  }
  CHECK(catalog().vendor("YEALINK").value()->vendor == "yealink");
  CHECK(catalog().vendor(" Poly ").value()->vendor == "polycom");
}

TEST_CASE("an unknown vendor or model names the nearest") {
  const auto vendor = catalog().vendor("yelink");
  REQUIRE_FALSE(vendor);
  CHECK(vendor.error().kind == ErrorKind::unacceptable);
  CHECK(vendor.error().code == "unknown_vendor");
  CHECK_THAT(vendor.error().message, ContainsSubstring("did you mean yealink"));
  CHECK(vendor.error().details.at("nearest").at(0) == "yealink");

  const auto model = catalog().model(*catalog().find_vendor("zultys"), "zip38g");
  REQUIRE_FALSE(model);
  CHECK(model.error().code == "unknown_model");
  CHECK_THAT(model.error().message, ContainsSubstring("zip33g or zip37g"));

  const auto elsewhere = catalog().model(*catalog().find_vendor("zultys"), "T46S");
  REQUIRE_FALSE(elsewhere);
  CHECK_THAT(elsewhere.error().message, ContainsSubstring("vendor 'yealink'"));
}

TEST_CASE("each vendor is told to restart and to fetch again in its own words") {
  const auto reboot = [](std::string_view vendor) {
    return catalog().notify_event(vendor, RebootVerb::reboot).value();
  };
  const auto resync = [](std::string_view vendor) {
    return catalog().notify_event(vendor, RebootVerb::resync).value();
  };
  CHECK(reboot("yealink") == "check-sync;reboot=true");
  CHECK(resync("yealink") == "check-sync;reboot=false");
  CHECK(reboot("zultys") == "check-sync;reboot=true");
  CHECK(resync("zultys") == "check-sync;reboot=false");
  CHECK(reboot("polycom") == "check-sync");
  CHECK(resync("polycom") == "check-sync");
  CHECK(reboot("cisco") == "reboot");
  CHECK(resync("cisco") == "resync");
  CHECK(reboot("grandstream") == "check-sync;reboot=true");
  CHECK(resync("grandstream") == "check-sync");
  CHECK_FALSE(catalog().notify_event("nobody", RebootVerb::reboot));
  CHECK(catalog().find_vendor("cisco")->challenges_notify);
  CHECK_FALSE(catalog().find_vendor("yealink")->challenges_notify);
}

TEST_CASE("a new model is known by what its phones say of themselves, and by other names it has") {
  const auto canonical = [](std::string_view vendor, std::string_view model) {
    const auto* known = catalog().find_vendor(vendor);
    REQUIRE(known);
    const auto* found = VendorCatalog::find_model(*known, model);
    return found == nullptr ? std::string() : found->model;
  };
  CHECK(canonical("yealink", "SIP-T21P E2") == "t21pe2");
  CHECK(canonical("yealink", "T19P") == "t19pe2");
  CHECK(canonical("yealink", "W60B") == "w60b");
  CHECK(canonical("cisco", "CP-8841-3PCC") == "8841");
  CHECK(canonical("cisco", "8841-3PCC") == "8841");
  CHECK(canonical("cisco", "ATA191-MPP") == "ata191");
  CHECK(canonical("polycom", "Trio 8800") == "trio8800");
  CHECK(canonical("polycom", "SPIP_335") == "spip335");
  CHECK(canonical("polycom", "SoundPoint IP 335") == "spip335");
  CHECK(canonical("polycom", "Edge E450") == "edgee450");
  CHECK(canonical("snom", "snomD785") == "d785");
  CHECK(canonical("aastra", "Aastra 6731i") == "6731i");
  CHECK(canonical("mitel", "6920w") == "6920w");
  CHECK(canonical("fanvil", "X210 V2") == "x210v2");
  CHECK(canonical("hanlong", "UC926") == "uc926");
}

TEST_CASE("each model has its counts, as far as they were published, and a family with a template") {
  const auto& yealink = *catalog().find_vendor("yealink");
  const auto* t46s = VendorCatalog::find_model(yealink, "t46s");
  CHECK(t46s->lines == 16);
  CHECK(t46s->keys == 27);
  CHECK(t46s->sidecars == 3);
  CHECK(t46s->sidecar_keys == 60);
  CHECK(t46s->family == "t4s");
  CHECK(t46s->kind == "deskphone");
  const auto* t19 = VendorCatalog::find_model(yealink, "t19p e2");
  CHECK(t19->lines == 1);
  CHECK(t19->keys == 0);
  CHECK_FALSE(VendorCatalog::find_model(*catalog().find_vendor("zultys"), "zip33g")->lines);
  CHECK(VendorCatalog::find_model(*catalog().find_vendor("cisco"), "ata192")->kind == "ata");
  std::size_t models = 0;
  for (const auto& vendor : catalog().vendors()) {
    CHECK_FALSE(vendor.models.empty());
    for (const auto& model : vendor.models) {
      CAPTURE(vendor.vendor, model.model);
      CHECK_FALSE(model.family.empty());
      CHECK(VendorCatalog::find_model(vendor, model.name) == &model);
      ++models;
    }
  }
  CHECK(catalog().vendors().size() == 11);
  CHECK(models > 380);
}

TEST_CASE("a hardware id finds who asks for that common file") {
  CHECK(catalog().by_hardware_id(66)->second->model == "t46s");
  CHECK(catalog().by_hardware_id(188)->second->model == "t77u");
  CHECK(catalog().by_hardware_id(47)->second->model == "zip33g");
  CHECK(catalog().by_hardware_id(27)->first->vendor == "zultys");
  CHECK_FALSE(catalog().by_hardware_id(1));
  CHECK_FALSE(catalog().by_hardware_id(999));
}

TEST_CASE("a vendor table that is wrong says where") {
  const templates::File broken[] = {{"acme/vendor.json", R"({"vendor": "acme"})"}};
  const auto catalog = VendorCatalog::parse(broken);
  REQUIRE_FALSE(catalog);
  CHECK_THAT(catalog.error().message, ContainsSubstring("acme/vendor.json"));
}
