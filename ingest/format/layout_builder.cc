#include "ingest/format/layout_builder.h"

#include <algorithm>
#include <map>
#include <utility>

namespace revertd {
namespace {

// What a field says, where several fields can say the same.
enum class Meaning : uint8_t {
  kNone,
  kTime,
  kRequest,
  kStatus,
  kBytes,
  kDuration,
  kUpstreamTime,
  kConnectTime,
  kHost,
  kUpstream,
  kBackend,
  kRelease,
  kConnection
};

Meaning MeaningOf(LayoutField field) {
  switch (field) {
    case LayoutField::kTimeClf:
    case LayoutField::kTimeIso:
    case LayoutField::kTimeEpochSeconds:
    case LayoutField::kTimeEpochMillis:
    case LayoutField::kTimeEpochMicros:
    case LayoutField::kTimeOther: return Meaning::kTime;
    case LayoutField::kRequestLine: return Meaning::kRequest;
    case LayoutField::kStatus: return Meaning::kStatus;
    case LayoutField::kBytes: return Meaning::kBytes;
    case LayoutField::kDurationSeconds:
    case LayoutField::kDurationWholeSeconds:
    case LayoutField::kDurationMillis:
    case LayoutField::kDurationMicros: return Meaning::kDuration;
    case LayoutField::kUpstreamSeconds: return Meaning::kUpstreamTime;
    case LayoutField::kConnectSeconds: return Meaning::kConnectTime;
    case LayoutField::kHost: return Meaning::kHost;
    case LayoutField::kUpstream: return Meaning::kUpstream;
    case LayoutField::kBackend: return Meaning::kBackend;
    case LayoutField::kRelease: return Meaning::kRelease;
    case LayoutField::kConnection: return Meaning::kConnection;
    case LayoutField::kMethod:
    case LayoutField::kTarget:
    case LayoutField::kPathAndArgs:
    case LayoutField::kPath:  // the compilers rank them against the request line as kRequest's parts
    case LayoutField::kIgnored:
    case LayoutField::kIgnoredWord:
    case LayoutField::kIgnoredList:
    case LayoutField::kIgnoredNumber:
    case LayoutField::kIgnoredQuoted:
    case LayoutField::kSecondsAgain: break;
  }
  return Meaning::kNone;
}

bool IsIgnored(LayoutField field) {
  return field == LayoutField::kIgnored || field == LayoutField::kIgnoredWord || field == LayoutField::kIgnoredList ||
         field == LayoutField::kIgnoredNumber;
}

// The same text with nothing read from it.
LayoutField IgnoredTwin(LayoutField field) {
  switch (MeaningOf(field)) {
    case Meaning::kStatus: return LayoutField::kIgnoredWord;
    case Meaning::kBytes: return LayoutField::kIgnoredNumber;
    case Meaning::kDuration:
      return field == LayoutField::kDurationWholeSeconds ? LayoutField::kSecondsAgain : LayoutField::kIgnoredNumber;
    case Meaning::kUpstreamTime:
    case Meaning::kConnectTime:
    case Meaning::kUpstream: return LayoutField::kIgnoredList;
    default: return LayoutField::kIgnored;
  }
}

std::string WithPercentsDoubled(std::string_view text) {
  std::string doubled;
  for (const char c : text) doubled += c == '%' ? "%%" : std::string(1, c);
  return doubled;
}

constexpr std::string_view kClfLetters = "%d/%b/%Y:%H:%M:%S %z";
constexpr std::string_view kIsoLetters = "%Y-%m-%dT%H:%M:%S%z";
constexpr std::string_view kIsoFractionLetters = "%Y-%m-%dT%H:%M:%S.%f%z";

// The kind of time that is read faster than by its letters.
LayoutField TimeField(std::string_view letters) {
  if (letters == kClfLetters) return LayoutField::kTimeClf;
  if (letters == kIsoLetters || letters == kIsoFractionLetters) return LayoutField::kTimeIso;
  if (letters == "%s" || letters == "%s.%f") return LayoutField::kTimeEpochSeconds;
  return LayoutField::kTimeOther;
}

// Times with a fraction before times without one.
int TimeRank(const std::string& letters) { return letters.find("%f") == std::string::npos ? 1 : 2; }

}  // namespace

Status LayoutError(const LayoutDirective& directive, std::string_view what) {
  return InvalidArgument("\"" + std::string(directive.text) + "\" at byte " + std::to_string(directive.place) + " " +
                         std::string(what));
}

LayoutBuilder::LayoutBuilder(Layout empty) : layout_(std::move(empty)) {}

Status LayoutBuilder::Append(Item item, const LayoutDirective& directive) {
  const bool runs_together = pending_.empty() && !items_.empty();
  if (runs_together) {
    const LayoutField before = items_.back().item.field;
    if (IsIgnored(before) && IsIgnored(item.item.field)) {
      items_.back().item.field = LayoutField::kIgnored;
      return OkStatus();
    }
    if (!IsTarget(item.item.field) || IsTarget(before)) {
      return LayoutError(directive, "stands right behind another field: where one ends nobody can tell");
    }
  }
  item.item.literal = std::exchange(pending_, {});
  items_.push_back(std::move(item));
  is_time_open_ = false;
  return OkStatus();
}

Status LayoutBuilder::Field(LayoutField field, int rank, const LayoutDirective& directive) {
  return Append({.item = {.literal = {}, .field = field, .time_format = {}}, .rank = rank}, directive);
}

Status LayoutBuilder::Time(std::string_view strftime_letters, bool is_start, const LayoutDirective& directive) {
  auto piece = TimePattern::Compile(strftime_letters);
  if (!piece.ok()) return LayoutError(directive, "is no time: " + std::string(piece.status().message()));
  if (is_time_open_ && items_.back().is_start == is_start) {
    LayoutItem& open = items_.back().item;
    const auto so_far = TimePattern::Compile(open.time_format);
    if (!so_far->IsComplete() || !piece->IsComplete()) {
      open.time_format += WithPercentsDoubled(std::exchange(pending_, {})) + piece->letters();
      return OkStatus();
    }
  }
  Item item{.item = {.literal = {}, .field = LayoutField::kTimeOther, .time_format = piece->letters()},
            .is_start = is_start};
  if (Status status = Append(std::move(item), directive); !status.ok()) return status;
  is_time_open_ = true;
  return OkStatus();
}

Status LayoutBuilder::EpochTime(LayoutField field, bool is_start, const LayoutDirective& directive) {
  const int rank = field == LayoutField::kTimeEpochMicros ? 4 : 3;
  return Append({.item = {.literal = {}, .field = field, .time_format = {}}, .rank = rank, .is_start = is_start},
                directive);
}

Status LayoutBuilder::Port(const LayoutDirective& directive) {
  if (pending_ == ":" && !items_.empty() && items_.back().item.field == LayoutField::kHost) {
    pending_.clear();
    return OkStatus();
  }
  return Field(LayoutField::kIgnoredNumber, 0, directive);
}

Status LayoutBuilder::Query(bool may_be_dash, const LayoutDirective& directive) {
  if (pending_.empty() && !items_.empty()) {
    LayoutField& before = items_.back().item.field;
    if (before == LayoutField::kPath) before = LayoutField::kTarget;
    if (before == LayoutField::kTarget && may_be_dash) before = LayoutField::kPathAndArgs;
    if (IsTarget(before)) return OkStatus();
  }
  return Field(LayoutField::kIgnored, 0, directive);
}

// A merged time is whole by now, or it is no time at all.
Status LayoutBuilder::FinishTimes() {
  for (Item& item : items_) {
    if (item.item.field != LayoutField::kTimeOther) continue;
    const auto pattern = TimePattern::Compile(item.item.time_format);
    if (!pattern.ok()) return pattern.status();
    if (!pattern->IsComplete()) {
      item.item.field = LayoutField::kIgnored;
      item.item.time_format.clear();
      continue;
    }
    item.rank = TimeRank(pattern->letters());
    item.item.field = TimeField(pattern->letters());
    item.item.time_format = item.item.field == LayoutField::kTimeOther ? pattern->letters() : "";
  }
  return OkStatus();
}

void LayoutBuilder::KeepTheBest() {
  std::map<Meaning, Item*> best;
  bool has_request_line = false;
  for (Item& item : items_) {
    const Meaning meaning = MeaningOf(item.item.field);
    if (meaning == Meaning::kNone) continue;
    has_request_line = has_request_line || meaning == Meaning::kRequest;
    Item*& kept = best[meaning];
    if (kept != nullptr && kept->rank >= item.rank) {
      item.item = {std::move(item.item.literal), IgnoredTwin(item.item.field), {}};
      continue;
    }
    if (kept != nullptr) kept->item = {std::move(kept->item.literal), IgnoredTwin(kept->item.field), {}};
    kept = &item;
  }
  const auto has_query = [](LayoutField field) { return IsTarget(field) && field != LayoutField::kPath; };
  const bool has_target = std::ranges::any_of(items_, [&](const Item& item) { return has_query(item.item.field); });
  for (Item& item : items_) {
    LayoutField& field = item.item.field;
    if (field == LayoutField::kMethod && has_request_line) field = LayoutField::kIgnoredWord;
    if (has_query(field) && has_request_line) field = LayoutField::kIgnored;
    if (field == LayoutField::kPath && (has_request_line || has_target)) field = LayoutField::kIgnored;
  }
  layout_.time_is_start = best.contains(Meaning::kTime) && best[Meaning::kTime]->is_start;
}

StatusOr<Layout> LayoutBuilder::Finish() {
  if (Status status = FinishTimes(); !status.ok()) return status;
  KeepTheBest();
  bool has_time = false;
  for (Item& item : items_) {
    has_time = has_time || MeaningOf(item.item.field) == Meaning::kTime;
    layout_.items.push_back(std::move(item.item));
  }
  if (!has_time) return InvalidArgument("the format says no date and time of a request");
  layout_.tail = std::move(pending_);
  return std::move(layout_);
}

}  // namespace revertd
