#include "actors/device/device.hpp"

#include "actors/router_actor.hpp"

template class strowger::actors::Entities<strowger::actors::Device>;
