#include "actors/contact/contact.hpp"

#include "actors/provisioning/dialled.hpp"
#include "events/controls.hpp"
#include "events/plain_text.hpp"

#include <algorithm>

namespace strowger::actors {
namespace {

using Events = std::vector<Event>;

constexpr std::size_t longest_text = 128;  // bytes; phones cut off far earlier
constexpr std::size_t longest_number = 64;

Error bad(const std::string& field, const std::string& what) {
  return unacceptable("bad_contact", field + ": " + what).with("field", boost::json::value(field));
}

Result<void> check_text(const std::string& field, const std::string& value) {
  if (value.size() > longest_text)
    return bad(field,
               "it has " + std::to_string(value.size()) + " bytes; " + std::to_string(longest_text) + " is the most");
  if (const auto fault = control_fault(value); !fault.empty()) return bad(field, fault);
  return {};
}

// What a phone makes of it is what counts: phones dial the rest as it is (* and # are service codes).
Result<void> check_number(const std::string& field, const std::string& number) {
  const auto dialled = provisioning::dialled(number);
  const bool digits = std::any_of(dialled.begin(), dialled.end(), [](char c) { return c >= '0' && c <= '9'; });
  const bool plain = std::all_of(dialled.begin(), dialled.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("+*#()-./ @:_").find(c) != std::string_view::npos;
  });
  if (!digits || !plain || number.size() > longest_number)
    return bad(field, quoted(number, longest_number) +
                          " is nothing that a phone can dial, such as +49 30 1234567, *98 or sip:ann@example.com");
  return {};
}

// As people see them: pasted numbers bring characters that nobody sees.
std::vector<ContactNumber> as_shown(std::vector<ContactNumber> numbers) {
  for (auto& number : numbers) number.number = plain_text(number.number);
  return numbers;
}

Result<void> check(const Contact::State& contact) {
  if (contact.name.find_first_not_of(' ') == std::string::npos)
    return bad("name", "it is empty; give the name that phones are to show");
  if (auto ok = check_text("name", contact.name); !ok) return ok;
  if (auto ok = check_text("company", contact.company); !ok) return ok;
  if (contact.numbers.empty()) return bad("numbers", "there is none; a contact has at least one");
  if (contact.numbers.size() > Contact::most_numbers)
    return bad("numbers", "there are more than " + std::to_string(Contact::most_numbers));
  for (std::size_t i = 0; i < contact.numbers.size(); ++i) {
    const auto& number = contact.numbers[i].number;
    const auto field = "numbers[" + std::to_string(i) + "].number";
    if (auto ok = check_number(field, number); !ok) return ok;
    const auto same = [&](const ContactNumber& other) { return other.number == number; };
    if (std::any_of(contact.numbers.begin(), contact.numbers.begin() + static_cast<std::ptrdiff_t>(i), same))
      return bad(field, number + " is given twice");
  }
  return {};
}

Error missing() {
  return not_found("contact_not_found", "This contact does not exist; GET /api/phonebook/contacts lists them.");
}

Result<Events> change(Contact::State contact, const ChangeContact& command) {
  if (!contact.exists) return missing();
  const auto before = contact;
  if (command.name) contact.name = *command.name;
  if (command.company) contact.company = *command.company;
  if (command.numbers) contact.numbers = as_shown(*command.numbers);
  if (auto ok = check(contact); !ok) return ok.error();
  if (contact.name == before.name && contact.company == before.company && contact.numbers == before.numbers)
    return Events{};
  return Events{ContactChanged{contact.contact, contact.name, contact.company, contact.numbers}};
}

}  // namespace

Result<Events> Contact::decide(const State& state, const Command& command, const Context&) {
  return std::visit(Overloaded{
                        [&](const AddContact& c) -> Result<Events> {
                          if (state.exists) return conflict("contact_exists", "This contact exists already.");
                          const auto numbers = as_shown(c.numbers);
                          if (auto ok = check({true, c.contact, c.name, c.company, numbers}); !ok) return ok.error();
                          return Events{ContactAdded{c.contact, c.name, c.company, numbers}};
                        },
                        [&](const ChangeContact& c) { return change(state, c); },
                        [&](const RemoveContact&) -> Result<Events> {
                          if (!state.exists) return missing();
                          return Events{ContactRemoved{state.contact}};
                        },
                    },
                    command);
}

Contact::State Contact::evolve(State state, const Event& event) {
  std::visit(Overloaded{
                 [&](const ContactAdded& e) { state = {true, e.contact, e.name, e.company, e.numbers}; },
                 [&](const ContactChanged& e) { state = {true, e.contact, e.name, e.company, e.numbers}; },
                 [&](const ContactRemoved&) { state = initial(); },
                 [](const auto&) {},
             },
             event);
  return state;
}

bool Contact::defines(const Event& event) {
  return std::holds_alternative<ContactAdded>(event) || std::holds_alternative<ContactChanged>(event) ||
         std::holds_alternative<ContactRemoved>(event);
}

}  // namespace strowger::actors
