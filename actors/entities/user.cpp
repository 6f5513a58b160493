#include "actors/user/user.hpp"

#include "actors/router_actor.hpp"

template class strowger::actors::Entities<strowger::actors::User>;
