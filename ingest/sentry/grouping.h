// Which errors are one: what an event's group is told by, and how it is called.
//
// The group, in this order:
//   1. the SDK's own `fingerprint`; its "{{ default }}" stands for what follows;
//   2. an exception with a stack: its type and the innermost kGroupFramesMax frames of the application's own code, each
//      by module (or file) and function. Lines, columns, addresses, folders and hashes in names are left out, recursion
//      counts once. Where frames are marked and none is the application's own, all of them and the transaction: which
//      library failed does not say on whose behalf. Where the SDK made the exception up (a text that was thrown), its
//      stack is where it was told, and its templated message counts too;
//   3. an exception without: its type and its templated message; without one its type and the transaction;
//   4. a message: its template, as it was before parameters where the SDK says so, and its logger.
// The transaction joins a group only where code and words say nothing of the application: Sentry leaves it out of a
// stack's group too. The stack holds the handler already, and a fault in what all handlers share would else be as many
// groups as there are routes, each of them new when its route is first asked for after a deploy.
//
// The same on every machine and in every release: hashes are Fnv1a.
//
// Pure functions, any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "ingest/sentry/event_fields.h"

namespace revertd {

inline constexpr size_t kGroupFramesMax = 12;
inline constexpr size_t kGroupMessageMax = 1024;  // bytes of a template that count

struct ErrorGrouping {
  uint64_t fingerprint = 0;
  uint64_t origin = 0;       // of type and transaction (the culprit where there is none)
  std::string type = {};     // empty: a message
  std::string culprit = {};  // the transaction, else "function in module"
  std::string title = {};
};

ErrorGrouping GroupingOf(const EventFields& event);

// The exception that the event is about: the last that has a type or a value, unless the SDK made it up to carry the
// stack of a message. nullptr: none.
const ErrorException* MainException(const EventFields& event);

}  // namespace revertd
