#include "base/counters.h"

namespace revertd {
namespace {

struct Row {
  std::string_view name;
  bool drop;
};

// In the order of Counter, one a line.
// clang-format off
constexpr std::array<Row, kCounterCount> kRows = {{
    {"bytes_read", false},
    {"lines_read", false},
    {"lines_sampled", false},
    {"lines_slow_path", false},
    {"lines_empty", true},
    {"lines_too_long", true},
    {"lines_no_format", true},
    {"lines_bad_time", true},
    {"lines_bad_status", true},
    {"lines_bad_field", true},
    {"lines_header", true},
    {"lines_partial", true},
    {"lines_unterminated", false},
    {"lines_late", false},
    {"lines_too_late", true},
    {"lines_already_counted", true},
    {"lines_from_future", true},
    {"lines_no_room_in_ring", true},
    {"services_overflow", false},
    {"routes_overflow", false},
    {"cohorts_overflow", false},
    {"read_errors", false},
    {"time_jumps", false},
    {"files_rotated", false},
    {"files_truncated", false},
    {"files_lost", false},
    {"datagrams", false},
    {"datagrams_truncated", false},
    {"kernel_drops", false},
    {"connections", false},
    {"connections_refused", false},
    {"framing_errors", false},
}};
// clang-format on

}  // namespace

std::string_view NameOf(Counter counter) { return kRows[static_cast<size_t>(counter)].name; }
bool IsDrop(Counter counter) { return kRows[static_cast<size_t>(counter)].drop; }

CounterValues Counters::Read() const {
  CounterValues values{};
  for (size_t i = 0; i < kCounterCount; ++i) values[i] = values_[i].load(std::memory_order_relaxed);
  return values;
}

}  // namespace revertd
