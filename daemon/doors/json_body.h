// JsonBody: a body that others wrote, read leniently: a field that is missing or of another type reads as empty, so
// that a parser takes what is there and old, new and look-alike senders need no branch each. Only what is no JSON at
// all, too long or too deep is an error.
//
// Thread contract: one thread. A JsonField does not outlive its body.
#pragma once

#include <simdjson.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/status.h"

namespace revertd {

inline constexpr size_t kBodyBytesMax = size_t{25} * 1024 * 1024;  // GitHub's own cap of a delivery, the largest known
inline constexpr size_t kBodyDepthMax = 64;                        // the deepest seen, of all forges, is 9
inline constexpr size_t kBodyItemsMax = 10'000;                    // of one list; what follows is not read

class JsonField {
 public:
  JsonField() = default;  // not there
  explicit JsonField(simdjson::dom::element element) : element_(element) {}

  JsonField operator[](std::string_view key) const;
  bool IsThere() const;  // and not null
  std::string Text() const;
  bool Truth() const;
  int64_t Integer() const;
  TimeNs Time() const;           // of a text as TimeIn reads it, or of Unix seconds; 0: none
  std::string Revision() const;  // a full revision in lower case; empty: none, or the zeros that stand for none
  std::vector<JsonField> Items() const;

 private:
  std::optional<simdjson::dom::element> element_;
};

class JsonBody {
 public:
  explicit JsonBody(std::string_view body);
  JsonBody(const JsonBody&) = delete;
  JsonBody& operator=(const JsonBody&) = delete;

  JsonField root() const { return root_; }  // empty where the status is not ok
  const Status& status() const { return status_; }

 private:
  simdjson::dom::parser parser_;
  JsonField root_;
  Status status_;
};

}  // namespace revertd
