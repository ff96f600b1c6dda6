#include "ingest/format/access_record.h"

#include "base/check.h"

namespace revertd {

std::string_view NameOf(ParseError error) {
  switch (error) {
    case ParseError::kNone: return "none";
    case ParseError::kEmpty: return "empty";
    case ParseError::kNoFormat: return "no_format";
    case ParseError::kBadTime: return "bad_time";
    case ParseError::kBadStatus: return "bad_status";
    case ParseError::kBadField: return "bad_field";
    case ParseError::kHeader: return "header";
    case ParseError::kPartial: return "partial";
    case ParseError::kTooLong: return "too_long";
  }
  REVERTD_CHECK(false);
}

Counter CounterOf(ParseError error) {
  switch (error) {
    case ParseError::kNone: break;
    case ParseError::kEmpty: return Counter::kLinesEmpty;
    case ParseError::kNoFormat: return Counter::kLinesNoFormat;
    case ParseError::kBadTime: return Counter::kLinesBadTime;
    case ParseError::kBadStatus: return Counter::kLinesBadStatus;
    case ParseError::kBadField: return Counter::kLinesBadField;
    case ParseError::kHeader: return Counter::kLinesHeader;
    case ParseError::kPartial: return Counter::kLinesPartial;
    case ParseError::kTooLong: return Counter::kLinesTooLong;
  }
  REVERTD_CHECK(false);
}

}  // namespace revertd
