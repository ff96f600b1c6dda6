// TimePattern: reads a time that a server wrote with strftime.
//
// The letters are strftime's in the C locale: Y y m d e H k I l M S p b B h a A z Z s T D F R, and %f for a fraction of
// a second of any length (Apache's msec_frac and usec_frac). Thread contract: an immutable value, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/status.h"
#include "base/time_zone.h"

namespace revertd {

class TimePattern {
 public:
  // InvalidArgument for a letter that is not in the list above.
  static StatusOr<TimePattern> Compile(std::string_view letters);

  // Whether a text of this pattern says a whole date and a time of day, to the second.
  bool IsComplete() const;
  // The letters with T, D, F and R written out.
  const std::string& letters() const { return letters_; }

  // `zone` is that of a text without an offset. Nullopt where the text does not fit or is no time.
  std::optional<TimeNs> Parse(std::string_view text, const TimeZone& zone) const;

 private:
  explicit TimePattern(std::string letters) : letters_(std::move(letters)) {}
  std::string letters_;
};

}  // namespace revertd
