// /api/phonebook: what phones' directories hold, and the contacts in it.
#include "actors/provisioning/config_url.hpp"
#include "adapters/http/json_body.hpp"
#include "adapters/http/routes/context.hpp"
#include "adapters/http/routes/listed.hpp"

#include <simdjson.h>

namespace strowger::http::routes {
namespace {

namespace bj = boost::json;

constexpr std::string_view phonebook_path = "/api/phonebook/contacts";

constexpr std::string_view contact_schema = R"({
  "type": "object",
  "required": ["id", "name", "company", "numbers", "created_at", "updated_at", "version"],
  "properties": {
    "id": {"type": "string", "format": "uuid"},
    "name": {"type": "string", "description": "What phones show."},
    "company": {"type": "string"},
    "numbers": {"type": "array", "items": {"$ref": "#/components/schemas/ContactNumber"}},
    "created_at": {"type": "string", "format": "date-time"},
    "updated_at": {"type": "string", "format": "date-time"},
    "version": {"type": "integer", "description": "The stream version that the ETag shows."}
  }
})";
constexpr std::string_view number_schema = R"({
  "type": "object",
  "required": ["number"],
  "additionalProperties": false,
  "properties": {
    "kind": {"enum": ["work", "mobile", "home", "other"], "default": "work"},
    "number": {"type": ["string", "integer"], "examples": ["+49 30 1234567"], "description": "What a phone can dial; spaces and the like are left out where it is dialled."}
  }
})";
constexpr std::string_view create_contact_schema = R"({
  "type": "object",
  "required": ["name", "numbers"],
  "additionalProperties": false,
  "properties": {
    "name": {"type": "string", "maxLength": 128},
    "company": {"type": "string", "maxLength": 128},
    "numbers": {"type": "array", "minItems": 1, "maxItems": 8, "items": {"$ref": "#/components/schemas/ContactNumber"}}
  }
})";
constexpr std::string_view change_contact_schema = R"({
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "name": {"type": "string", "maxLength": 128},
    "company": {"type": "string", "maxLength": 128},
    "numbers": {"type": "array", "minItems": 1, "maxItems": 8, "items": {"$ref": "#/components/schemas/ContactNumber"}}
  }
})";
constexpr std::string_view book_schema = R"({
  "type": "object",
  "required": ["entries", "extensions", "contacts", "books"],
  "properties": {
    "entries": {"type": "integer", "description": "What phones' directories hold: listed extensions and contacts."},
    "extensions": {"type": "integer"},
    "contacts": {"type": "integer"},
    "books": {
      "type": "array",
      "description": "Where it is found in each vendor's form. A device whose phonebook_url is strowger is told its own address.",
      "items": {
        "type": "object",
        "required": ["vendor", "url"],
        "properties": {"vendor": {"type": "string"}, "url": {"type": "string"}}
      }
    }
  }
})";

bj::object view(const ContactRow& row) {
  bj::array numbers;
  for (const auto& number : row.numbers)
    numbers.push_back(bj::object{{"kind", text(json::word(number.kind))}, {"number", text(number.number)}});
  return {{"id", text(row.contact.text())},    {"name", text(row.name)},
          {"company", text(row.company)},      {"numbers", std::move(numbers)},
          {"created_at", iso(row.created_at)}, {"updated_at", iso(row.updated_at)},
          {"version", number(row.version)}};
}

Response shown(const ContactRow& row, std::uint16_t status = 200) {
  auto response = json_response(view(row), status);
  response.set("ETag", etag_of(row.version));
  return response;
}

Error missing_contact() {
  return not_found("contact_not_found", "This contact does not exist; GET /api/phonebook/contacts lists them.");
}

Result<Uuid> id_of(const Request& request) {
  return Uuid::parse(request.parameter(0));
}

Result<std::vector<ContactNumber>> numbers_of(const std::vector<simdjson::dom::element>& items) {
  std::vector<ContactNumber> out;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const auto place = "numbers[" + std::to_string(i) + "].";
    Fields item(items[i], place);
    const auto kind = item.text("kind").value_or("work");
    ContactNumber number;
    number.number = item.required_text_or_number("number");
    if (auto fault = item.fault()) return std::move(*fault);
    if (!json::from_word(kind, number.kind))
      return unacceptable("bad_contact", "Field '" + place + "kind' must be work, mobile, home or other.")
          .with("field", text(place + "kind"));
    out.push_back(std::move(number));
  }
  return out;
}

// What a body says of a contact; `whole`: what is not given is empty.
Result<actors::ChangeContact> read_body(std::string_view body_text, bool whole) {
  const auto body = JsonBody::parse(body_text);
  if (!body) return body.error();
  Fields fields(body->root());
  actors::ChangeContact change;
  change.name = whole ? std::optional(fields.required_text("name")) : fields.text("name");
  change.company = fields.text("company");
  const auto items = fields.list("numbers");
  if (auto fault = fields.fault()) return std::move(*fault);
  if (items) {
    auto numbers = numbers_of(*items);
    if (!numbers) return numbers.error();
    change.numbers = std::move(*numbers);
  }
  if (whole) {
    change.company = change.company.value_or("");
    if (!change.numbers) change.numbers.emplace();
  }
  return change;
}

Result<Response> list_contacts(const Context& context, const Request& request) {
  const auto page = page_of(request);
  if (!page) return page.error();
  const auto after = cursor_of<Uuid>(*page);
  if (!after) return after.error();
  const auto& rows = *context.services.contact_rows;
  const auto found = rows.list(*after, page->limit + 1);
  bj::array items;
  for (std::size_t i = 0; i < std::min(found.size(), page->limit); ++i) items.push_back(view(*found[i]));
  const bool more = found.size() > page->limit;
  return page_response(request, std::move(items), rows.size(), more ? found[page->limit - 1]->contact.text() : "");
}

Result<Response> read_contact(const Context& context, const Request& request) {
  const auto id = id_of(request);
  if (!id) return id.error();
  const auto row = context.services.contact_rows->find(*id);
  if (!row) return missing_contact();
  return shown(*row);
}

Awaitable<Result<Response>> create_contact(Context& context, const Request& request) {
  auto meta = ask_meta(request);
  if (!meta) co_return meta.error();
  auto wanted = read_body(request.body, true);
  if (!wanted) co_return wanted.error();
  auto& services = context.services;
  auto id = id_of_new(services, *meta);
  const auto add = [&] {
    actors::Contact::Command command = actors::AddContact{id, *wanted->name, *wanted->company, *wanted->numbers};
    return decide(context, request, *services.contacts, id.text(), std::move(command), *meta);
  };
  auto outcome = co_await add();
  if (!outcome && outcome.error().code == "contact_exists") {  // by a key that was forgotten since
    id = services.ids.next();
    outcome = co_await add();
  }
  if (!outcome) co_return outcome.error();
  const auto row = services.contact_rows->find(id);
  if (!row) co_return missing_contact();
  auto response = shown(*row, 201);
  response.set("Location", std::string(phonebook_path) + "/" + id.text());
  co_return response;
}

Awaitable<Result<Response>> change_contact(Context& context, const Request& request, bool whole) {
  auto meta = ask_meta(request);
  if (!meta) co_return meta.error();
  const auto id = id_of(request);
  if (!id) co_return id.error();
  auto wanted = read_body(request.body, whole);
  if (!wanted) co_return wanted.error();
  auto& services = context.services;
  if (!services.contact_rows->find(*id)) co_return missing_contact();
  actors::Contact::Command command = std::move(*wanted);
  const auto outcome =
      co_await decide(context, request, *services.contacts, id->text(), std::move(command), std::move(*meta));
  if (!outcome) co_return outcome.error();
  const auto row = services.contact_rows->find(*id);
  if (!row) co_return missing_contact();
  co_return shown(*row);
}

Awaitable<Result<Response>> remove_contact(Context& context, const Request& request) {
  auto meta = ask_meta(request);
  if (!meta) co_return meta.error();
  const auto id = id_of(request);
  if (!id) co_return id.error();
  if (!context.services.contact_rows->find(*id)) co_return missing_contact();
  actors::Contact::Command command = actors::RemoveContact{};
  const auto outcome =
      co_await decide(context, request, *context.services.contacts, id->text(), std::move(command), std::move(*meta));
  if (!outcome) co_return outcome.error();
  co_return json_response(bj::object{{"success", true}, {"message", "Contact removed"}});
}

Result<Response> whole_book(Context& context) {
  const auto book = context.files.phonebooks().book();
  const auto parts = provisioning::url_parts(context.files.present()->config_url("{mac}"));
  bj::array books;
  for (const auto& vendor : context.services.vendors.vendors())
    if (provisioning::phonebook_form(vendor.vendor))
      books.push_back(bj::object{{"vendor", text(vendor.vendor)},
                                 {"url", text(parts.base + "/" + provisioning::phonebook_name(vendor.vendor))}});
  return json_response(bj::object{{"entries", book->entries.size()},
                                  {"extensions", book->extensions},
                                  {"contacts", book->contacts},
                                  {"books", std::move(books)}});
}

Parameter contact_id_parameter() {
  return {.name = "id",
          .description = "The contact's id.",
          .in = Parameter::In::path,
          .schema = R"({"type":"string","format":"uuid"})"};
}

}  // namespace

void add_phonebook(Router& router, const ContextPtr& context) {
  if (context->services.contacts == nullptr) return;
  router.add_schema("Contact", std::string(contact_schema));
  router.add_schema("ContactNumber", std::string(number_schema));
  router.add_schema("ContactCreate", std::string(create_contact_schema));
  router.add_schema("ContactChange", std::string(change_contact_schema));
  router.add_schema("Phonebook", std::string(book_schema));
  const auto one = std::string(phonebook_path) + "/{id}";
  router.add({.method = Method::get,
              .pattern = "/api/phonebook",
              .id = "getPhonebook",
              .tag = "phone book",
              .summary = "What phones' directories hold, and where they find it",
              .replies = {{.status = 200, .description = "As of now", .schema = "#Phonebook"}},
              .handler = Handler([context](const Request&) { return whole_book(*context); })});
  router.add({.method = Method::get,
              .pattern = std::string(phonebook_path),
              .id = "listContacts",
              .tag = "phone book",
              .summary = "List the contacts",
              .parameters = {limit_parameter(), cursor_parameter()},
              .replies = {{.status = 200,
                           .description = "A page of them, in the order of their ids",
                           .schema = R"({"type":"array","items":{"$ref":"#/components/schemas/Contact"}})",
                           .headers = {"Link", "X-Total-Count"}}},
              .errors = {400},
              .handler = Handler([context](const Request& request) { return list_contacts(*context, request); })});
  router.add(
      {.method = Method::post,
       .pattern = std::string(phonebook_path),
       .id = "createContact",
       .tag = "phone book",
       .summary = "Add a contact",
       .role = Role::operator_,
       .parameters = {idempotency_parameter()},
       .body_schema = "#ContactCreate",
       .replies = {{.status = 201, .description = "Added", .schema = "#Contact", .headers = {"ETag", "Location"}}},
       .errors = {422},
       .handler = AsyncHandler([context](const Request& request) { return create_contact(*context, request); })});
  router.add({.method = Method::get,
              .pattern = one,
              .id = "getContact",
              .tag = "phone book",
              .summary = "Read a contact",
              .parameters = {contact_id_parameter()},
              .replies = {{.status = 200, .description = "The contact", .schema = "#Contact", .headers = {"ETag"}}},
              .errors = {400, 404},
              .handler = Handler([context](const Request& request) { return read_contact(*context, request); })});
  router.add(
      {.method = Method::put,
       .pattern = one,
       .id = "replaceContact",
       .tag = "phone book",
       .summary = "Write a contact as a whole",
       .role = Role::operator_,
       .parameters = {contact_id_parameter(), if_match_parameter(), idempotency_parameter()},
       .body_schema = "#ContactCreate",
       .replies = {{.status = 200, .description = "Written", .schema = "#Contact", .headers = {"ETag"}}},
       .errors = {404, 412, 422},
       .handler = AsyncHandler([context](const Request& request) { return change_contact(*context, request, true); })});
  router.add({.method = Method::patch,
              .pattern = one,
              .id = "changeContact",
              .tag = "phone book",
              .summary = "Change what is given of a contact",
              .role = Role::operator_,
              .parameters = {contact_id_parameter(), if_match_parameter(), idempotency_parameter()},
              .body_schema = "#ContactChange",
              .replies = {{.status = 200, .description = "Changed", .schema = "#Contact", .headers = {"ETag"}}},
              .errors = {404, 412, 422},
              .handler = AsyncHandler(
                  [context](const Request& request) { return change_contact(*context, request, false); })});
  router.add(
      {.method = Method::delete_,
       .pattern = one,
       .id = "removeContact",
       .tag = "phone book",
       .summary = "Remove a contact",
       .role = Role::operator_,
       .parameters = {contact_id_parameter(), if_match_parameter(), idempotency_parameter()},
       .replies = {{.status = 200, .description = "Removed", .schema = "#Done"}},
       .errors = {400, 404, 412},
       .handler = AsyncHandler([context](const Request& request) { return remove_contact(*context, request); })});
}

}  // namespace strowger::http::routes
