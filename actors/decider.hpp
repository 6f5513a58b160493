// The pattern of every entity (ARCHITECTURE section 3): a pure decider, with no I/O, clock or CAF in it.
#pragma once

#include "events/event.hpp"
#include "events/overloaded.hpp"

#include <array>
#include <concepts>
#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

namespace strowger::actors {

// What a decision may use of the world.
struct Context {
  Timestamp now;
  std::string_view by;
  IdSource& ids;
};

// A collection in a State and how many it has at most. A state is read, copied and written whole, so nothing in it may
// grow with the fleet or with time: each collection has a bound that its decider keeps (state_bounds.hpp checks that
// all are named).
struct Bound {
  std::string_view member;
  std::size_t most;
};

template <class D>
concept Decider = std::default_initializable<typename D::State> &&
                  requires(const typename D::State& state, typename D::State&& moved,
                           const typename D::Command& command, const Context& context, const Event& event) {
                    // Of its streams: extension, device, user.
                    { D::category } -> std::convertible_to<std::string_view>;
                    // Of State's layout in snapshots; a snapshot of another one is not read.
                    { D::snapshot_schema } -> std::convertible_to<std::uint32_t>;
                    { D::bounds.size() } -> std::convertible_to<std::size_t>;
                    { D::initial() } -> std::same_as<typename D::State>;
                    { D::decide(state, command, context) } -> std::same_as<Result<std::vector<Event>>>;
                    { D::evolve(std::move(moved), event) } -> std::same_as<typename D::State>;
                    // Whether the event changes what the entity *is* (its version for ETag and If-Match), and not
                    // only what happened around it.
                    { D::defines(event) } -> std::same_as<bool>;
                  };

}  // namespace strowger::actors
