// ReadBody: the JSON object that a caller sends, flat and strict: a misspelt member is refused by name, not ignored.
// Pure, any thread.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace revertd {

class Body {
 public:
  explicit Body(std::map<std::string, std::string, std::less<>> members = {}) : members_(std::move(members)) {}
  // Strings as they are, numbers and truths as they are written; empty: not there, or null.
  const std::string& operator[](std::string_view name) const;

 private:
  std::map<std::string, std::string, std::less<>> members_;
};

// InvalidArgument names what is wrong: no object, an unknown member, a member that is an object or a list. An empty
// text is an empty object.
StatusOr<Body> ReadBody(std::string_view text, const std::vector<std::string_view>& known);

}  // namespace revertd
