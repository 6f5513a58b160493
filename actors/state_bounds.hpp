// Whether every collection in an entity's state is among its decider's bounds (decider.hpp); at compile time.
#pragma once

#include "actors/decider.hpp"
#include "events/secret.hpp"
#include "events/time.hpp"

#include <optional>
#include <ranges>
#include <string>
#include <type_traits>

#include <boost/describe.hpp>
#include <boost/mp11.hpp>

namespace strowger::actors {

template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};

// Strings are no collections: a name or a phrase, whose length is judged where it comes in.
template <class T>
inline constexpr bool is_collection = std::ranges::range<T> && !std::convertible_to<T, std::string_view>;

// That no collection of `T`, however deep, is missing in D's bounds.
template <class D, class T>
consteval bool collections_are_bounded() {
  if constexpr (IsOptional<T>::value) {
    return collections_are_bounded<D, typename T::value_type>();
  } else if constexpr (boost::describe::has_describe_members<T>::value) {
    bool all = true;
    using Members = boost::describe::describe_members<T, boost::describe::mod_any_access>;
    boost::mp11::mp_for_each<Members>([&](auto member) {
      using Value = std::remove_cvref_t<decltype(std::declval<T&>().*member.pointer)>;
      if constexpr (is_collection<Value>) {
        bool named = false;
        for (const auto& bound : D::bounds) named = named || bound.member == member.name;
        all = all && named;
      } else {
        all = all && collections_are_bounded<D, Value>();
      }
    });
    return all;
  } else {
    return true;
  }
}

}  // namespace strowger::actors
