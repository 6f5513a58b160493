#include "actors/phone_settings/phone_settings.hpp"

#include "actors/router_actor.hpp"

template class strowger::actors::Entities<strowger::actors::PhoneSettings>;
