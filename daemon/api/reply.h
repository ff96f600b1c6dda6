// Replies that several handlers give. Pure, any thread.
#pragma once

#include <string>
#include <utility>

#include "base/json_writer.h"
#include "base/status.h"
#include "daemon/http/http_call.h"

namespace revertd {

inline HttpReply JsonReply(std::string body, int status = 200) { return {.status = status, .body = std::move(body)}; }

// What went wrong, as a status that callers understand: their mistake, what is not there, what does not fit, the world.
inline HttpReply StatusReply(const Status& status) {
  const std::string_view words = MessageOf(status);
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument: return HttpError(400, "bad_request", words);
    case absl::StatusCode::kNotFound: return HttpError(404, "not_found", words);
    case absl::StatusCode::kFailedPrecondition: return HttpError(409, "conflict", words);
    case absl::StatusCode::kUnavailable: return HttpError(503, "unavailable", words);
    default: return HttpError(500, "internal", words);
  }
}

// {"NAME":[ITEMS]}, each item made by `append`.
template <typename Items, typename Append>
HttpReply ListReply(std::string_view name, const Items& items, Append append) {
  JsonWriter json;
  json.BeginObject().Key(name).BeginArray();
  for (const auto& item : items) append(json, item);
  return JsonReply(json.EndArray().EndObject().Take());
}

}  // namespace revertd
