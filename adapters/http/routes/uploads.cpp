// /api/provisioning/uploads: what phones left here.
#include "adapters/http/provision/firmware.hpp"
#include "adapters/http/routes/context.hpp"

#include <spdlog/logger.h>

namespace strowger::http::routes {
namespace {

namespace bj = boost::json;

constexpr std::string_view uploads_path = "/api/provisioning/uploads";

constexpr std::string_view upload_schema = R"({
  "type": "object",
  "required": ["id", "mac_address", "file", "size", "received_at", "path"],
  "properties": {
    "id": {"type": "string"},
    "mac_address": {"type": "string", "pattern": "^[0-9a-f]{12}$"},
    "file": {"type": "string", "examples": ["0004f2aabbcc-app.log"]},
    "size": {"type": "integer", "description": "Bytes."},
    "received_at": {"type": "string", "format": "date-time"},
    "path": {"type": "string", "description": "Where it is downloaded."}
  }
})";
constexpr std::string_view uploads_schema = R"({
  "type": "object",
  "required": ["enabled", "total", "total_size", "max_file_size", "max_total_size", "max_files_per_device", "uploads"],
  "properties": {
    "enabled": {"type": "boolean", "description": "Whether phones may leave files: provisioning.uploads.enabled."},
    "total": {"type": "integer", "description": "That fit what was asked for."},
    "total_size": {"type": "integer", "description": "Bytes, of all that is kept."},
    "max_file_size": {"type": "integer"},
    "max_total_size": {"type": "integer"},
    "max_files_per_device": {"type": "integer"},
    "uploads": {"type": "array", "items": {"$ref": "#/components/schemas/Upload"}}
  }
})";

std::string path_of(const provision::Upload& upload) {
  return std::string(uploads_path) + "/" + upload.mac.text() + "/" + percent_encode(upload.id);
}

Error missing_upload() {
  return not_found("upload_not_found", "There is no such upload; GET /api/provisioning/uploads lists them.");
}

Result<Response> list_uploads(Context& context, const Request& request) {
  const auto page = page_of(request, 1000);
  if (!page) return page.error();
  std::optional<MacAddress> mac;
  const auto query = request.query();
  if (const auto text = query.find("mac")) {
    const auto read = MacAddress::parse(*text);
    if (!read) return read.error();
    mac = *read;
  }
  const auto& uploads = context.files.uploads();
  const auto settings = context.services.settings();
  const auto& limits = settings->provisioning.uploads;
  const auto found = uploads.list(mac);
  bj::array items;
  for (std::size_t i = 0; i < std::min(found.size(), page->limit); ++i)
    items.push_back(bj::object{{"id", text(found[i].id)},
                               {"mac_address", text(found[i].mac.text())},
                               {"file", text(found[i].file)},
                               {"size", found[i].size},
                               {"received_at", iso(found[i].received_at)},
                               {"path", text(path_of(found[i]))}});
  return json_response(bj::object{{"enabled", limits.enabled},
                                  {"total", found.size()},
                                  {"total_size", uploads.total_size()},
                                  {"max_file_size", limits.max_file_size},
                                  {"max_total_size", limits.max_total_size},
                                  {"max_files_per_device", limits.max_files_per_device},
                                  {"uploads", std::move(items)}});
}

Result<Response> download(Context& context, const Request& request) {
  const auto mac = mac_parameter(request);
  if (!mac) return mac.error();
  const auto upload = context.files.uploads().find(*mac, request.parameter(1));
  if (!upload) return missing_upload();
  auto file = context.files.uploads().open(*upload);
  if (!file) return file.error();
  auto response = provision::firmware_response(request, std::move(*file), context.file_lanes.files);
  // A stranger wrote it: no browser shall take it for a page.
  response.set("Content-Disposition", "attachment; filename=\"" + upload->file + "\"");
  response.set("X-Content-Type-Options", "nosniff");
  return response;
}

Awaitable<Result<Response>> remove_upload(Context& context, const Request& request) {
  const auto mac = mac_parameter(request);
  if (!mac) co_return mac.error();
  const auto work = [&uploads = context.files.uploads(), mac = *mac, id = request.parameter(1)] {
    return uploads.remove(mac, id);
  };
  const auto upload = co_await offloaded(request, context.file_lanes.uploads, work);
  if (!upload) co_return upload.error();
  auto& services = context.services;
  AppendRequest append;
  append.facts.push_back(
      {StreamId::activity_of(*mac), encode(UploadRemoved{*mac, upload->file, upload->id},
                                           Cause{request.who.by(), {}, {}}, services.clock(), services.ids)});
  services.log.append(std::move(append), [&logger = services.logger](const Result<Receipt>& receipt) {
    if (!receipt) logger.error("That an upload was removed was not recorded: {}", receipt.error().message);
  });
  co_return json_response(bj::object{{"success", true}, {"message", "Upload removed"}});
}

Parameter upload_id_parameter() {
  return {.name = "id", .description = "The upload's id.", .in = Parameter::In::path};
}

}  // namespace

void add_uploads(Router& router, const ContextPtr& context) {
  router.add_schema("Upload", std::string(upload_schema));
  router.add_schema("Uploads", std::string(uploads_schema));
  router.add({.method = Method::get,
              .pattern = std::string(uploads_path),
              .id = "listUploads",
              .tag = "uploads",
              .summary = "List what phones left here",
              .role = Role::admin,
              .parameters = {{.name = "mac", .description = "Of this device alone."}, limit_parameter()},
              .replies = {{.status = 200, .description = "The newest first", .schema = "#Uploads"}},
              .errors = {400},
              .handler = Handler([context](const Request& request) { return list_uploads(*context, request); })});
  router.add({.method = Method::get,
              .pattern = std::string(uploads_path) + "/{mac}/{id}",
              .id = "downloadUpload",
              .tag = "uploads",
              .summary = "Download what a phone left here",
              .description = "It may hold passwords that were set at the phone.",
              .role = Role::admin,
              .parameters = {mac_path_parameter(), upload_id_parameter()},
              .replies = {{.status = 200,
                           .description = "As the phone sent it",
                           .schema = R"({"type":"string","format":"binary"})",
                           .content_type = "application/octet-stream",
                           .headers = {"ETag", "Last-Modified", "Content-Disposition"}},
                          {.status = 206,
                           .description = "A part of it",
                           .schema = R"({"type":"string","format":"binary"})",
                           .content_type = "application/octet-stream",
                           .headers = {"Content-Range", "ETag", "Last-Modified"}},
                          {.status = 304, .description = "What was downloaded is current", .headers = {"ETag"}}},
              .errors = {400, 404},
              .handler = Handler([context](const Request& request) { return download(*context, request); })});
  router.add({.method = Method::delete_,
              .pattern = std::string(uploads_path) + "/{mac}/{id}",
              .id = "removeUpload",
              .tag = "uploads",
              .summary = "Remove what a phone left here",
              .role = Role::admin,
              .parameters = {mac_path_parameter(), upload_id_parameter()},
              .replies = {{.status = 200, .description = "Removed", .schema = "#Done"}},
              .errors = {400, 404},
              .handler = AsyncHandler([context](const Request& request) { return remove_upload(*context, request); })});
}

}  // namespace strowger::http::routes
