#include "daemon/recorded_errors.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "base/strings.h"
#include "daemon/log_input.h"
#include "daemon/output.h"

namespace revertd {
namespace {

constexpr size_t kReadBytes = size_t{256} * 1024;

}  // namespace

std::string_view RecordedErrors::NameOf(Refusal refusal) {
  switch (refusal) {
    case Refusal::kUnreadable: return "unreadable";
    case Refusal::kTooLong: return "too_long";
    case Refusal::kNoTime: return "no_time";
    case Refusal::kNoService: return "no_service";
    case Refusal::kAfterLog: return "after_log";
    case Refusal::kCount: break;
  }
  return "unknown";
}

Status RecordedErrors::ReadFile(const std::string& path) {
  auto input = LogInput::Open(path);
  if (!input.ok()) return input.status();
  line_ = 0;
  said_ = false;
  std::vector<char> space(kReadBytes);
  while (true) {
    const auto read = input->source()->Read(space, kSecondNs);
    if (!read.ok()) return Annotate(read.status(), "reading " + path);
    if (read->kind == ReadResult::Kind::kEnd) return AddText("", /*last=*/true, path);
    if (read->kind != ReadResult::Kind::kBytes) continue;
    REVERTD_RETURN_IF_ERROR(AddText({space.data(), read->bytes}, /*last=*/false, path));
  }
}

Status RecordedErrors::AddText(std::string_view text, bool last, std::string_view path) {
  bytes_ += text.size();
  if (bytes_ > kRecordedEventBytesMax) {
    return InvalidArgument(std::string(path) + ": more than " + std::to_string(kRecordedEventBytesMax >> 30) +
                           " GiB of events; replay a shorter time");
  }
  while (true) {
    const size_t end = text.find('\n');
    const bool ends = end != std::string_view::npos;
    const std::string_view piece = text.substr(0, end);
    if (!skipping_ && rest_.size() + piece.size() > kEventLineBytesMax) {
      skipping_ = true;
      rest_.clear();
    }
    if (!skipping_) rest_ += piece;
    if (!ends && !(last && (skipping_ || !rest_.empty()))) return OkStatus();
    ++line_;
    if (std::exchange(skipping_, false)) {
      Refuse(Refusal::kTooLong, path, "longer than " + std::to_string(kEventLineBytesMax) + " bytes");
    } else {
      REVERTD_RETURN_IF_ERROR(AddLine(rest_, path));
    }
    rest_.clear();
    if (!ends) return OkStatus();
    text.remove_prefix(end + 1);
  }
}

Status RecordedErrors::AddLine(std::string_view line, std::string_view path) {
  if (Trim(line).empty()) return OkStatus();
  StatusOr<ErrorEvent> event = ReadSentryLine(line, reading_.project, reading_.event);
  if (!event.ok()) {
    Refuse(Refusal::kUnreadable, path, MessageOf(event.status()));
  } else if (event->at_ns == 0) {
    Refuse(Refusal::kNoTime, path, "no time");
  } else if (event->service = reading_.service_of(*event); event->service.empty()) {
    Refuse(Refusal::kNoService, path, "it names no service that is known");
  } else if (events_.size() == kRecordedEventsMax) {
    return InvalidArgument(std::string(path) + ": more than " + std::to_string(kRecordedEventsMax) +
                           " events; replay a shorter time");
  } else {
    // Nothing that is printed shows one, and it is most of an event's memory.
    event->sample = std::string();
    events_.push_back(*std::move(event));
  }
  return OkStatus();
}

void RecordedErrors::Refuse(Refusal refusal, std::string_view path, std::string_view why) {
  ++refused_[static_cast<size_t>(refusal)];
  if (std::exchange(said_, true)) return;
  Say(std::string(path) + ":" + std::to_string(line_) + ": left out: " + Printable(why) +
      "; the summary counts all such lines");
}

void RecordedErrors::Sort() {
  if (std::exchange(sorted_, true)) return;
  std::stable_sort(events_.begin(), events_.end(),
                   [](const ErrorEvent& a, const ErrorEvent& b) { return a.at_ns < b.at_ns; });
}

std::optional<int64_t> RecordedErrors::NextSecond() {
  Sort();
  return next_ == events_.size() ? std::nullopt : std::optional(FloorToSecond(events_[next_].at_ns));
}

void RecordedErrors::TakeThrough(int64_t second, const std::function<void(const ErrorEvent&)>& accept) {
  Sort();
  for (; next_ < events_.size() && FloorToSecond(events_[next_].at_ns) <= second; ++next_) accept(events_[next_]);
}

void RecordedErrors::RefuseRest() {
  refused_[static_cast<size_t>(Refusal::kAfterLog)] += events_.size() - next_;
  events_.resize(next_);
}

void RecordedErrors::AppendCounts(JsonWriter& json) const {
  json.Field("error_events", events_.size()).Key("refused_error_events").BeginObject();
  for (size_t i = 0; i < refused_.size(); ++i) {
    if (refused_[i] != 0) json.Field(NameOf(static_cast<Refusal>(i)), refused_[i]);
  }
  json.EndObject();
}

}  // namespace revertd
