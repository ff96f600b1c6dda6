// StandingFailure: something that is tried again and again is told of when it begins to fail, when it fails otherwise
// than before, and when it works again; not at every try. One thread.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace revertd {

class StandingFailure {
 public:
  // What people are told of this try; empty: nothing that they do not know. `works_again`: once it is over.
  std::string Hear(const Status& status, std::string_view works_again) {
    const std::string words = status.ok() ? std::string() : std::string(MessageOf(status));
    if (words == told_) return {};
    told_ = words;
    return words.empty() ? std::string(works_again) : words;
  }

 private:
  std::string told_;  // empty: it works
};

}  // namespace revertd
