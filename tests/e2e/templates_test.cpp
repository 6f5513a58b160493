// An administrator edits templates in an editor, with the program running.
#include "tests/e2e/site.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/eventually.hpp"

#include <csignal>
#include <fstream>

using namespace strowger::test;
namespace fs = std::filesystem;

namespace {

struct Editor {
  Site site;
  fs::path templates = site.folder() / "own";
  fs::path file = templates / "yealink_t46s.template";

  void save(const std::string& text) const { std::ofstream(file) << "#!version:1.0.0.1\n" << text << "\n"; }
  // As most editors do it.
  void save_by_rename(const std::string& text) const {
    std::ofstream(templates / ".swap") << "#!version:1.0.0.1\n" << text << "\n";
    fs::rename(templates / ".swap", file);
  }
  bool phone_gets(const std::string& text) const {
    return eventually([&] { return site.fetch("/provision/001565123456.cfg").body.find(text) != std::string::npos; });
  }
};

}  // namespace

TEST_CASE_METHOD(Editor, "a template that is edited is in force by itself, a bad one changes nothing over a restart") {
  site.write_settings("provisioning: {custom_templates_dir: " + templates.string() + "}\n");
  site.send(SIGHUP);
  site.create_extension("1001", "Ann", "s3cret-1001");
  REQUIRE(site.register_device("001565123456", "1001", "yealink", "t46s").status == 201);
  REQUIRE(phone_gets("account.1.user_name"));  // the built-in one

  fs::create_directory(templates);  // it was not there at the start
  save("first = {{EXTENSION_NAME}}");
  CHECK(phone_gets("first = Ann"));
  save_by_rename("second = {{EXTENSION_NAME}}");
  CHECK(phone_gets("second = Ann"));

  save("third = {{NOBODY}}");
  REQUIRE(eventually([&] { return site.log().find("what was in force before stays so") != std::string::npos; }));
  CHECK(site.log().find("NOBODY") != std::string::npos);
  CHECK(phone_gets("second = Ann"));
  site.kill_hard();
  site.start();
  CHECK(phone_gets("second = Ann"));

  fs::remove(file);
  CHECK(phone_gets("account.1.user_name"));

  // Another folder, by SIGHUP, is followed as well.
  templates = site.folder() / "other";
  file = templates / "yealink_t46s.template";
  fs::create_directory(templates);
  site.write_settings("provisioning: {custom_templates_dir: " + templates.string() + "}\n");
  site.send(SIGHUP);
  save("fourth = {{EXTENSION_NAME}}");
  CHECK(phone_gets("fourth = Ann"));
}
