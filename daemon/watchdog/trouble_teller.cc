#include "daemon/watchdog/trouble_teller.h"

#include <utility>

#include "base/time_format.h"

namespace revertd {
namespace {

constexpr std::string_view kBegan = "trouble_began";
constexpr std::string_view kEnded = "trouble_ended";

// One occurrence is one conversation. As it is kept: of one that is long or has control bytes, that is another text.
std::string KeyOf(const Trouble& trouble) {
  Notice notice;
  notice.key =
      "trouble:" + std::to_string(FloorToSecond(trouble.since_ns)) + ":" + trouble.name + ":" + trouble.subject;
  return Bounded(std::move(notice)).key;
}

std::string CursorOf(const Trouble& trouble) { return "trouble:" + trouble.name + ":" + trouble.subject; }

}  // namespace

Notice NoticeOf(const Trouble& trouble, const NoticeContext& context) {
  const bool has_ended = trouble.ended_ns != 0;
  Notice notice;
  notice.key = KeyOf(trouble);
  notice.event = has_ended ? kEnded : kBegan;
  notice.service = "revertd";
  notice.severity = has_ended ? Notice::Severity::kInfo : Notice::Severity::kWarning;
  notice.resolves = has_ended;
  notice.summary = "revertd: " + TitleOf(trouble) + (has_ended ? " is over" : ": " + trouble.words);
  notice.facts = {{"trouble", trouble.name}, {"subject", trouble.subject}, {"since", FormatRfc3339(trouble.since_ns)}};
  if (has_ended) {
    notice.facts.push_back({"until", FormatRfc3339(trouble.ended_ns)});
  } else {
    notice.facts.push_back(
        {"meanwhile", "No deploy is called healthy, and the heartbeat is silent. See \"Silence\" in the manual."});
  }
  notice.audit_head = context.audit_head;
  notice.at_ns = context.at_ns;
  return Bounded(std::move(notice));
}

Status TroubleTeller::RunOnce() {
  const TimeNs monotonic = clock_->Monotonic();
  if (monotonic < next_look_ns_) return OkStatus();
  next_look_ns_ = monotonic + kLookEvery;
  const StatusOr<std::optional<std::string>> note = state_->ReadNote(kTroublesNote);
  if (!note.ok()) return note.status();
  if (!note->has_value()) return OkStatus();
  const StatusOr<std::vector<Trouble>> troubles = DecodeTroubles(**note);
  if (!troubles.ok()) return troubles.status();
  std::map<std::string, Told> told;
  for (const Trouble& trouble : *troubles) {
    const std::string key = KeyOf(trouble);
    const auto known = told_.find(key);
    const StatusOr<Told> before = known != told_.end() ? known->second : ReadTold(key);
    if (!before.ok()) return before.status();
    Told now = *before;
    REVERTD_RETURN_IF_ERROR(Look(trouble, &now));
    told_[key] = now;
    told[key] = now;
  }
  told_ = std::move(told);
  return OkStatus();
}

Status TroubleTeller::Look(const Trouble& trouble, Told* told) {
  if (trouble.ended_ns != 0) {
    if (!told->began || std::exchange(told->ended, true)) return OkStatus();
    Status status = Tell(trouble);
    told->ended = status.ok();
    return status;
  }
  if (told->began) return OkStatus();
  const StatusOr<int64_t> newest = journal_->ReadCursor(CursorOf(trouble));
  if (!newest.ok()) return newest.status();
  // In the future: written by a clock that was wrong.
  const int64_t now = FloorToSecond(clock_->Now());
  if (*newest != 0 && *newest <= now && now - *newest < kAgainAfter / kSecondNs) return OkStatus();
  REVERTD_RETURN_IF_ERROR(journal_->Together([&]() -> Status {
    REVERTD_RETURN_IF_ERROR(journal_->WriteCursor(CursorOf(trouble), now));
    return Tell(trouble);
  }));
  told->began = true;
  return OkStatus();
}

StatusOr<TroubleTeller::Told> TroubleTeller::ReadTold(const std::string& key) const {
  const auto rows = journal_->ReadDeliveries(key);
  if (!rows.ok()) return rows.status();
  Told told;
  for (const Delivery& row : *rows) (row.event == kEnded ? told.ended : told.began) = true;
  return told;
}

Status TroubleTeller::Tell(const Trouble& trouble) {
  const StatusOr<AuditHead> head = journal_->ReadAuditHead();
  if (!head.ok()) return head.status();
  const Notice notice = NoticeOf(trouble, {clock_->Now(), head->seq == 0 ? "" : head->text()});
  if (trouble.name == trouble::kChannelFailing) return notifier_->TellAllBut(trouble.subject, notice);
  return notifier_->Tell(notice);
}

}  // namespace revertd
