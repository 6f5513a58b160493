#include "actors/provisioning/file_rules.hpp"

namespace strowger::provisioning {
namespace {

using enum FileRole;

constexpr FileRule kRules[] = {
    // Polycom: the master for phones without one of their own, then what it and the phone itself name.
    {"000000000000.cfg", common, "polycom"},
    {"000000000000-directory.xml", extra, "polycom"},
    {"000000000000-license.cfg", probe, "polycom"},
    {"<mac>-registration.cfg", per_mac, "polycom"},
    {"<mac>-user.cfg", per_mac, "polycom"},
    {"phone<mac>.cfg", per_mac, "polycom"},
    {"<mac>-phone.cfg", probe, "polycom"},
    {"<mac>-web.cfg", probe, "polycom"},
    {"<mac>-license.cfg", probe, "polycom"},
    {"<mac>-directory.xml", extra, "polycom"},
    {"<mac>-calls.xml", probe, "polycom"},
    {"<mac>-app.log", upload, "polycom"},
    {"<mac>-boot.log", upload, "polycom"},
    {"sip.ver", firmware, "polycom"},
    {"sip.ld", firmware, "polycom"},
    {"*.sip.ld", firmware, "polycom"},

    // Cisco enterprise names, for which SPA phones also ask by TFTP habit.
    {"CTLSEP<mac>.tlv", probe, "cisco"},
    {"ITLSEP<mac>.tlv", probe, "cisco"},
    {"CTLFile.tlv", probe, "cisco"},
    {"ITLFile.tlv", probe, "cisco"},
    {"SEP<mac>.cnf.xml", probe, "cisco"},
    {"ATA<mac>.cnf.xml", probe, "cisco"},
    {"XMLDefault.cnf.xml", probe, "cisco"},
    {"dialplan.xml", probe, "cisco"},
    // Cisco SPA: the factory rule /spa$PSN.cfg, and the names that administrators give the phone's own file.
    {"spa<mac>.cfg", per_mac, "cisco"},
    {"spa<mac>.xml", per_mac, "cisco"},
    {"<model:spa>.cfg", boot, "cisco"},
    {"init.cfg", probe, "cisco"},
    {"<model>-3PCC.xml", probe, "cisco"},

    // Yealink and Zultys: boot files name others; without one the phone asks for its hardware's file, then its own.
    {"y000000000000.boot", probe, "yealink"},
    {"y000000000000.cfg", probe, "yealink"},
    {"y<hw>.boot", probe, "yealink"},
    {"y<hw>.cfg", common, "yealink"},
    {"zip33g_common.cfg", common, "zultys"},
    {"zip37g_common.cfg", common, "zultys"},
    {"<mac>.boot", probe, "yealink"},
    {"<mac>-local.cfg", upload, "yealink"},
    {"<mac>-contact.xml", probe, "yealink"},
    {"<mac>-calllog.xml", probe, "yealink"},
    {"favorite_setting.xml", extra, "yealink"},
    {"super_search.xml", extra, "yealink"},
    {"directory_setting.xml", extra, "yealink"},
    {"*.rom", firmware, "yealink"},

    // Grandstream: the binary forms first, then XML by MAC, by model, for all.
    {"cfg<mac>.xml", per_mac, "grandstream"},
    {"cfg<mac>.bin", probe, "grandstream"},
    {"cfg<mac>", probe, "grandstream"},
    {"cfg.xml", probe, "grandstream"},
    {"cfg<model>.xml", probe, "grandstream"},
    {"phonebook.xml", extra, "grandstream"},
    {"gs_phonebook.xml", extra, "grandstream"},
    {"<model>fw.bin", firmware, "grandstream"},
    {"ring<model>.bin", extra, "grandstream"},

    // Names that nobody's MAC is in, but that are asked for out of habit.
    {"default.cfg", probe, ""},
    {"index.cfg", probe, ""},
    {"master.cfg", probe, ""},

    // A phone's own file: Yealink, Zultys, Polycom, and whatever URL an administrator typed.
    {"<mac>.cfg", per_mac, ""},
    {"<mac>.xml", per_mac, ""},
    {"<mac>.txt", per_mac, ""},
    {"<mac>", per_mac, ""},
    // What cannot be a MAC but stands where one belongs.
    {"<mac?>.cfg", per_mac, ""},
};

}  // namespace

std::span<const FileRule> file_rules() {
  return kRules;
}

}  // namespace strowger::provisioning
