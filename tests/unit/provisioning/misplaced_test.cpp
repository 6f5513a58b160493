#include "actors/provisioning/misplaced.hpp"

#include "tests/support/catch.hpp"

using namespace strowger;
using namespace strowger::provisioning;

TEST_CASE("misplaced: a phone's file is told by its name below the folders of another server") {
  static constexpr auto mac = "805ec0d57d72";
  for (const auto* target :
       {"/app/provision/805ec0d57d72.cfg", "/provisioning/abc/cfg805EC0D57D72.xml", "/tftpboot//805ec0d57d72.cfg",
        "/a/b/c/spa805ec0d57d72.cfg", "/old/phonebook/805ec0d57d72.xml", "/x/805ec0d57d72-directory.xml?page=2",
        "http://pbx/app/provision/805ec0d57d72.cfg"}) {
    CAPTURE(target);
    const auto file = misplaced_file(target);
    REQUIRE(file);
    CHECK(file->role != FileRole::unknown);
    REQUIRE(file->mac);
    CHECK(file->mac->text() == mac);
  }
  CHECK(misplaced_file("/app/provision/y000000000028.cfg").value().role == FileRole::common);
  CHECK(misplaced_file("/app/provision/{mac}.cfg").value().placeholder);
}

TEST_CASE("misplaced: a MAC address in a folder, a name or a query tells a phone too") {
  for (const auto* target :
       {"/prov.php?mac=805ec0d57d72", "/prov.php?file=cfg805ec0d57d72.bin", "/prov.php?m=80%3A5e%3Ac0%3Ad5%3A7d%3A72",
        "/phones/805ec0d57d72/settings.bin", "/phones/80-5E-C0-D5-7D-72/settings.bin",
        "/phones/805e.c0d5.7d72/settings.bin", "/phone_805ec0d57d72.bin"}) {
    CAPTURE(target);
    const auto file = misplaced_file(target);
    REQUIRE(file);
    CHECK(file->role == FileRole::unknown);
    CHECK(file->mac.value().text() == "805ec0d57d72");
  }
}

TEST_CASE("misplaced: what names no phone is none") {
  for (const auto* target : {"", "/", "?", "/favicon.ico", "/index.html?id=12", "/wp-login.php", "/a/b/c.css",
                             "/x/550e8400-e29b-41d4-a716-446655440000", "/hash/0123456789abcdef0123",
                             "/x?0000000000000000", "/000000000000/x.png"}) {
    CAPTURE(target);
    CHECK_FALSE(misplaced_file(target));
  }
  CHECK_FALSE(misplaced_file("/" + std::string(1'100, 'a') + "/805ec0d57d72.cfg"));
}
