#include "ingest/fast/haproxy_counts.h"

#include <array>

#include "ingest/format/haproxy_fields.h"

namespace revertd {

bool HaproxyCounts::TakeAny(std::string_view& rest, AccessRecord& record) {
  std::array<DurationNs, 5> timers;
  if (!revertd::ReadTimers(TakeWord(rest), timers)) return false;
  SetTimers(timers, record);
  const auto status = ReadHaproxyStatus(TakeWord(rest));
  const auto size = ReadHaproxySize(TakeWord(rest));
  if (!status || !size) return false;
  record.status = *status;
  record.bytes = *size;
  TakeWord(rest);  // the captured cookies
  TakeWord(rest);
  const std::string_view state = TakeWord(rest);
  if (!IsTerminationState(state, 4) || !IsConnectionCounts(TakeWord(rest))) return false;
  record.aborted = IsClientAbort(state);
  return ReadQueues(TakeWord(rest), record.queue_length);
}

}  // namespace revertd
