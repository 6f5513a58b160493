#include "actors/extension/extension.hpp"

#include "actors/router_actor.hpp"

template class strowger::actors::Entities<strowger::actors::Extension>;
