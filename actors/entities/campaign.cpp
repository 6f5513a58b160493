#include "actors/campaign/campaign.hpp"

#include "actors/router_actor.hpp"

template class strowger::actors::Entities<strowger::actors::Campaign>;
