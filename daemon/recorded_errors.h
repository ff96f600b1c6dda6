// RecordedErrors: error events out of files of NDJSON, for `replay --events`: read whole, named by service, and handed
// out in order of time, second by second, as the log beside them passes.
//
// One thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error_event.h"
#include "base/json_writer.h"
#include "base/status.h"
#include "ingest/sentry/sentry_body.h"

namespace revertd {

// Of one event's line: Sentry takes no larger one.
inline constexpr size_t kEventLineBytesMax = size_t{1} << 20;
// All files together: so many events are some hundred megabytes, and a day of a service that fails in every request.
inline constexpr size_t kRecordedEventsMax = 500'000;
inline constexpr uint64_t kRecordedEventBytesMax = uint64_t{8} << 30;

class RecordedErrors {
 public:
  struct Reading {
    std::string project = {};  // of every event; empty: not known
    SentryReadOptions event = {};
    std::function<std::string(const ErrorEvent&)> service_of;  // empty: none
  };
  enum class Refusal { kUnreadable, kTooLong, kNoTime, kNoService, kAfterLog, kCount };
  static std::string_view NameOf(Refusal refusal);

  explicit RecordedErrors(Reading reading) : reading_(std::move(reading)) {}

  // A file, or "-" for standard input; before the first Take. Lines that are no event are counted by name, the first
  // one of each file is said. InvalidArgument beyond the bounds above.
  Status ReadFile(const std::string& path);
  // The same of a file's text as it comes in pieces; `path` for messages. The last line need not end: AddText("",
  // true).
  Status AddText(std::string_view text, bool last, std::string_view path);

  // The second of the next event; nullopt: there is none any more. The first call of these two sorts.
  std::optional<int64_t> NextSecond();
  // Gives the events of up to `second`, oldest first, in the order read where they are of the same instant.
  void TakeThrough(int64_t second, const std::function<void(const ErrorEvent&)>& accept);
  // What is left came after the log's end: nobody can say what requests it belongs to.
  void RefuseRest();

  size_t size() const { return events_.size(); }
  uint64_t refused(Refusal refusal) const { return refused_[static_cast<size_t>(refusal)]; }
  // "error_events" and "refused_error_events" by name: members of an object that the caller has opened.
  void AppendCounts(JsonWriter& json) const;

 private:
  Status AddLine(std::string_view line, std::string_view path);
  void Refuse(Refusal refusal, std::string_view path, std::string_view why);
  void Sort();

  Reading reading_;
  std::vector<ErrorEvent> events_;
  std::string rest_;       // of a line that has not ended
  bool skipping_ = false;  // a line that is too long, up to its end
  bool sorted_ = false;
  bool said_ = false;  // of this file
  int64_t line_ = 0;   // of this file
  uint64_t bytes_ = 0;
  size_t next_ = 0;
  std::array<uint64_t, static_cast<size_t>(Refusal::kCount)> refused_{};
};

}  // namespace revertd
