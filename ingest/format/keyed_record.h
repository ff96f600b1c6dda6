// From the values of one line to the record of one request. A pure function, any thread.
#pragma once

#include <optional>

#include "base/time_zone.h"
#include "ingest/format/access_record.h"
#include "ingest/format/keyed_fields.h"

namespace revertd {

// The value of each field that `dialect` finds in `line`: of several rows the first with a value.
class KeyedValues {
 public:
  KeyedValues() = default;
  KeyedValues(const KeyedFamily& family, uint16_t dialect, const KeyedLine& line);

  // What a plan found by itself; `text` empty where it is blank.
  void Set(KeyedField field, TimeUnit unit, std::string_view text) {
    slots_[static_cast<size_t>(field)] = {.row = 0, .unit = unit, .text = text};
  }

  // Whether a key of the field is there, blank or not.
  bool Has(KeyedField field) const { return slots_[static_cast<size_t>(field)].row != KeyedFamily::kNone; }
  // Empty where the field is absent or blank.
  std::string_view Text(KeyedField field) const { return slots_[static_cast<size_t>(field)].text; }
  TimeUnit Unit(KeyedField field) const { return slots_[static_cast<size_t>(field)].unit; }
  // Status, time and something that only a request has.
  bool LooksLikeRequest() const;

 private:
  struct Slot {
    uint16_t row = KeyedFamily::kNone;
    TimeUnit unit = TimeUnit::kByForm;
    std::string_view text;
  };
  std::array<Slot, static_cast<size_t>(KeyedField::kCount)> slots_;
};

// The pieces of ReadKeyedRecord, for a plan that reads numbers by itself.
// Sets end and start from the stamps and the duration that `record` has.
ParseError PlaceInTime(std::optional<TimeNs> end, std::optional<TimeNs> start, bool stamps_make_duration,
                       AccessRecord& record);
// Host, backend and `aborted`.
void ReadKeyedService(const KeyedValues& values, AccessRecord& record);
// Method and path.
void ReadKeyedRequest(const KeyedValues& values, AccessRecord& record);
// Upstream and release.
void ReadKeyedCohort(const KeyedValues& values, AccessRecord& record);
bool TellsNoRequest(const KeyedValues& values);

// kHeader: a line of the same server that tells of no request (Azure's firewall, Caddy's errors).
ParseError ReadKeyedRecord(const KeyedValues& values, bool stamps_make_duration, const TimeZone& zone,
                           AccessRecord& record);

}  // namespace revertd
