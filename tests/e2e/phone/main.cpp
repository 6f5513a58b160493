// A desk phone on sofia-sip's user agent: registers with a digest and accepts what it is notified of. Says on stdout
// what happens to it: `REGISTERED`, `REFUSED <status>`, `NOTIFY <Event header>`.
//
//   sofia_phone <udp|tcp> <sip port> <extension> <password>

#include <cstdio>
#include <string>

#include <sofia-sip/msg_header.h>
#include <sofia-sip/nua.h>
#include <sofia-sip/sip_status.h>
#include <sofia-sip/su_tag.h>

namespace {

struct Phone {
  std::string extension;
  std::string password;
  bool challenged = false;
};

void say(const std::string& line) {
  std::puts(line.c_str());
  std::fflush(stdout);
}

std::string event_of(const sip_t* sip) {
  if (sip == nullptr || sip->sip_event == nullptr || sip->sip_event->o_type == nullptr) return "without Event";
  std::string text = sip->sip_event->o_type;
  for (auto* const* parameter = sip->sip_event->o_params; parameter != nullptr && *parameter != nullptr; ++parameter)
    text += std::string(";") + *parameter;
  return text;
}

void answer_challenge(Phone& phone, nua_handle_t* handle, const sip_t* sip) {
  if (phone.challenged || sip == nullptr || sip->sip_www_authenticate == nullptr) return say("REFUSED 401");
  phone.challenged = true;
  const auto* realm = msg_params_find(sip->sip_www_authenticate->au_params, "realm=");
  const auto credentials =
      std::string("Digest:") + (realm != nullptr ? realm : "\"\"") + ":" + phone.extension + ":" + phone.password;
  nua_authenticate(handle, NUTAG_AUTH(credentials.c_str()), TAG_END());
}

void on_event(nua_event_t event, int status, char const*, nua_t* nua, nua_magic_t* magic, nua_handle_t* handle,
              nua_hmagic_t*, sip_t const* sip, tagi_t[]) {
  auto& phone = *reinterpret_cast<Phone*>(magic);
  if (event == nua_r_register && status == 401) return answer_challenge(phone, handle, sip);
  if (event == nua_r_register && status == 200) return say("REGISTERED");
  if (event == nua_r_register && status >= 300) return say("REFUSED " + std::to_string(status));
  if (event == nua_i_notify) {
    say("NOTIFY " + event_of(sip));
    if (status < 200) nua_respond(handle, SIP_200_OK, NUTAG_WITH_THIS(nua), TAG_END());
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fputs("usage: sofia_phone <udp|tcp> <sip port> <extension> <password>\n", stderr);
    return 2;
  }
  const std::string transport = argv[1];
  Phone phone{argv[3], argv[4]};
  const auto local = "sip:127.0.0.1:*;transport=" + transport;
  const auto registrar = "sip:127.0.0.1:" + std::string(argv[2]) + ";transport=" + transport;
  const auto aor = "sip:" + phone.extension + "@127.0.0.1";

  su_init();
  su_root_t* root = su_root_create(nullptr);
  nua_t* nua = nua_create(root, on_event, reinterpret_cast<nua_magic_t*>(&phone), NUTAG_URL(local.c_str()),
                          NUTAG_ALLOW("NOTIFY"), NUTAG_APPL_METHOD("NOTIFY"), NUTAG_M_USERNAME(phone.extension.c_str()),
                          SIPTAG_USER_AGENT_STR("sofia phone"), TAG_END());
  if (nua == nullptr) {
    say("REFUSED to start");
    return 1;
  }
  nua_handle_t* handle = nua_handle(nua, nullptr, SIPTAG_TO_STR(aor.c_str()), SIPTAG_FROM_STR(aor.c_str()), TAG_END());
  nua_register(handle, NUTAG_REGISTRAR(registrar.c_str()), SIPTAG_EXPIRES_STR("600"), TAG_END());
  su_root_run(root);  // until it is killed
}
