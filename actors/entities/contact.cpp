#include "actors/contact/contact.hpp"

#include "actors/router_actor.hpp"

template class strowger::actors::Entities<strowger::actors::Contact>;
