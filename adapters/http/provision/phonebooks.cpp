#include "adapters/http/provision/phonebooks.hpp"

#include "actors/provisioning/recorded.hpp"
#include "events/projections/contacts.hpp"
#include "events/projections/extensions.hpp"

#include <limits>

namespace strowger::http::provision {
namespace {

constexpr std::size_t most_kept = 32;  // forms, by titles that administrators choose

constexpr auto all = std::numeric_limits<std::size_t>::max();

}  // namespace

Phonebooks::Phonebooks(const ExtensionsProjection& extensions, const ContactsProjection* contacts, Clock clock)
    : extensions_(extensions), contacts_(contacts), clock_(std::move(clock)) {}

Phonebooks::BookPtr Phonebooks::make() const {
  auto made = std::make_shared<Book>();
  // Read before the rows: a change in between makes the next one look again.
  made->extensions_at = extensions_.changes();
  made->contacts_at = contacts_ != nullptr ? contacts_->changes() : 0;
  made->made_at = clock_();
  for (const auto& row : extensions_.list(std::nullopt, all)) {
    if (!row->listed || !row->enabled) continue;
    made->entries.push_back(
        {row->name.empty() ? row->number.text() : row->name, {}, {{NumberKind::work, row->number.text()}}});
  }
  made->extensions = made->entries.size();
  if (contacts_ != nullptr)
    for (const auto& row : contacts_->list(std::nullopt, all))
      made->entries.push_back({row->name, row->company, row->numbers});
  made->contacts = made->entries.size() - made->extensions;
  provisioning::sort_entries(made->entries);
  return made;
}

Phonebooks::BookPtr Phonebooks::book() {
  const std::lock_guard lock(mutex_);
  const auto contacts_at = contacts_ != nullptr ? contacts_->changes() : 0;
  if (book_ && book_->extensions_at == extensions_.changes() && book_->contacts_at == contacts_at) return book_;
  book_ = make();
  whole_.clear();
  return book_;
}

std::shared_ptr<const Representation> Phonebooks::get(provisioning::PhonebookForm form,
                                                      const provisioning::PhonebookPage& page) {
  const auto now = book();
  const auto pages = provisioning::phonebook_pages(form, now->entries);
  if (page.page == 0 || page.page > pages) return nullptr;
  Key key{form, page.title};
  if (page.url.empty()) {
    const std::lock_guard lock(mutex_);
    if (book_ == now)
      if (const auto found = whole_.find(key); found != whole_.end()) return found->second;
  }
  const auto text = provisioning::render_phonebook(form, now->entries, page);
  auto made = std::make_shared<const Representation>(
      represent("text/xml; charset=utf-8", text, "\"" + provisioning::sha256_of(text).substr(0, 32) + "\"",
                now->made_at, {{"Cache-Control", "private, no-cache"}}));
  if (!page.url.empty()) return made;
  const std::lock_guard lock(mutex_);
  if (book_ == now) {
    if (whole_.size() >= most_kept) whole_.clear();
    whole_.emplace(std::move(key), made);
  }
  return made;
}

}  // namespace strowger::http::provision
