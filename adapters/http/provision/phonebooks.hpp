// The phone book as phones are given it: all extensions that are listed and have a name, and all contacts. Made anew
// when one of them changed, and kept until then. Any thread.
#pragma once

#include "actors/provisioning/phonebook.hpp"
#include "adapters/http/prepared.hpp"
#include "events/clock.hpp"

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace strowger {
class ContactsProjection;
class ExtensionsProjection;
}  // namespace strowger

namespace strowger::http::provision {

class Phonebooks {
 public:
  // Both outlive it; there may be no contacts.
  Phonebooks(const ExtensionsProjection& extensions, const ContactsProjection* contacts, Clock clock);

  // The entries that stood together at one moment, sorted.
  struct Book {
    std::uint64_t extensions_at = 0;  // changes() of what it was made of
    std::uint64_t contacts_at = 0;
    std::vector<provisioning::PhonebookEntry> entries;
    std::size_t extensions = 0;  // of the entries
    std::size_t contacts = 0;
    Timestamp made_at{};
  };
  using BookPtr = std::shared_ptr<const Book>;
  BookPtr book();

  // None: the book has no such page. Whole books are kept until they change; pages of one are made for who asks.
  std::shared_ptr<const Representation> get(provisioning::PhonebookForm form, const provisioning::PhonebookPage& page);

 private:
  using Key = std::pair<provisioning::PhonebookForm, std::string>;  // with the title
  BookPtr make() const;

  const ExtensionsProjection& extensions_;
  const ContactsProjection* contacts_;
  const Clock clock_;
  std::mutex mutex_;  // guards all below; who comes while a book is made waits for it, and does not make another
  BookPtr book_;
  std::map<Key, std::shared_ptr<const Representation>> whole_;  // of book_; bounded
};

}  // namespace strowger::http::provision
