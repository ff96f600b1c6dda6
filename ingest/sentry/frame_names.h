// What code is called in a stack, without what differs from build to build and from request to request.
//
// Pure functions, any thread.
#pragma once

#include <string>
#include <string_view>

#include "ingest/sentry/event_fields.h"

namespace revertd {

inline constexpr size_t kFrameNameMax = 512;  // bytes of a module or function that count

// The module, else the file without its folders: "checkout.views", "app.js" of ".../42/app.3f2a9c1b.js?v=7". Parts that
// are hashes or figures alone are left out.
std::string PlaceName(const ErrorFrame& frame);
// Without addresses and the numbers that compilers give; "<anonymous>" where it has no name.
std::string FunctionName(std::string_view function);
// "GET /items/:id": of a path what changes from request to request left out, of other names as TemplateOf.
std::string TransactionName(std::string_view transaction);

}  // namespace revertd
