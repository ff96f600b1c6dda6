#include "actions/drift/drift_desk.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "actions/health_json.h"
#include "base/json_writer.h"
#include "base/strings.h"
#include "base/time_format.h"

namespace revertd {
namespace {

constexpr std::string_view kFoundRow = "drift";
constexpr std::string_view kOverRow = "drift_over";
constexpr std::string_view kCursor = "drift";
constexpr int kRowsAtOnce = 500;
constexpr size_t kTextBytesMax = 1000;  // of a finding's, in its row

// Flat, as every row's text: no object inside.
std::string RowText(const DriftFinding& finding, int64_t since_second) {
  JsonWriter json;
  json.BeginObject().Field("kind", finding.kind).Field("subject", finding.subject).Field("since", since_second);
  json.Field("service", finding.service).Field("repo", finding.repo).Field("commit", finding.commit);
  json.Field("text", CutText(finding.text, kTextBytesMax)).Field("area", finding.area);
  return json.EndObject().Take();
}

std::string TextAt(const HealthJson& json, const char* name) {
  const std::optional<JsonValue> value = json.Find({name});
  return value ? value->Text().value_or("") : "";
}

}  // namespace

Notice NoticeOf(const DriftFinding& finding, int64_t since_second, bool is_over, const NoticeContext& context) {
  Notice notice;
  notice.key = "drift:" + finding.key + "@" + std::to_string(since_second);
  notice.event = is_over ? "drift_over" : "drift_found";
  notice.service = finding.service.empty() ? "revertd" : finding.service;
  notice.severity = is_over ? Notice::Severity::kInfo : Notice::Severity::kWarning;
  notice.resolves = is_over;
  notice.summary = (is_over ? "drift is over: " : "drift: ") + finding.text;
  notice.facts = finding.facts;
  notice.facts.insert(
      notice.facts.begin(),
      {{"drift", finding.kind}, {"subject", finding.subject}, {"since", FormatRfc3339(since_second * kSecondNs)}});
  notice.audit_head = context.audit_head;
  notice.at_ns = context.at_ns;
  return Bounded(std::move(notice));
}

DriftDesk::~DriftDesk() {
  stop_.store(true);
  if (scanning_.valid()) scanning_.wait();
}

void DriftDesk::Restore(const AuditRow& row) {
  if (row.kind == kOverRow) standing_->erase(row.subject);
  if (row.kind != kFoundRow) return;
  const HealthJson json(row.text);
  StandingDrift standing;
  standing.seq = row.seq;
  standing.since_second = static_cast<int64_t>(ParseUnsigned(TextAt(json, "since")).value_or(0));
  standing.finding.kind = TextAt(json, "kind");
  standing.finding.subject = TextAt(json, "subject");
  standing.finding.key = row.subject;
  standing.finding.text = TextAt(json, "text");
  standing.finding.area = TextAt(json, "area");
  standing.finding.service = TextAt(json, "service");
  standing.finding.repo = TextAt(json, "repo");
  standing.finding.commit = TextAt(json, "commit");
  standing_->insert_or_assign(row.subject, std::move(standing));
}

Status DriftDesk::Load() {
  const StatusOr<int64_t> cursor = journal_->ReadCursor(kCursor);
  if (!cursor.ok()) return cursor.status();
  standing_.emplace();
  for (int64_t seq = *cursor;;) {
    const StatusOr<std::vector<AuditRow>> rows = journal_->ReadAuditAfter(seq, kRowsAtOnce);
    if (!rows.ok()) {
      standing_.reset();
      return rows.status();
    }
    if (rows->empty()) break;
    for (const AuditRow& row : *rows) Restore(row);
    seq = rows->back().seq;
  }
  return WriteCursor(*standing_);
}

// Rows after it are read at the next start: from the oldest finding that stands.
Status DriftDesk::WriteCursor(const Standing& standing) {
  const StatusOr<AuditHead> head = journal_->ReadAuditHead();
  if (!head.ok()) return head.status();
  int64_t cursor = head->seq;
  for (const auto& [key, each] : standing) cursor = std::min(cursor, each.seq - 1);
  return journal_->WriteCursor(kCursor, cursor);
}

Status DriftDesk::RunOnce() {
  if (!scan_) return OkStatus();
  const TimeNs monotonic = clock_->Monotonic();
  if (!next_scan_ns_) next_scan_ns_ = monotonic + kFirstAfter;
  if (scanning_.valid() && scanning_.wait_for(std::chrono::seconds(0)) == std::future_status::ready) {
    DriftReport report = scanning_.get();
    if (!report.stopped) pending_ = Report{std::move(report), clock_->Now(), scan_begun_ns_, monotonic};
    next_take_ns_ = monotonic;
  }
  if (pending_ && monotonic >= next_take_ns_) {
    next_take_ns_ = monotonic + kRetryWait;
    if (!standing_) REVERTD_RETURN_IF_ERROR(Load());
    REVERTD_RETURN_IF_ERROR(Take(*pending_));
    ScanWhenDue(pending_->begun_ns);
    const size_t found = pending_->report.findings.size();
    pending_.reset();
    if (found > kStandingMax) {
      return FailedPrecondition(std::to_string(found) + " findings of drift, of which no more than " +
                                std::to_string(kStandingMax) + " are told: `revertd drift scan` prints them all");
    }
  }
  if (!scanning_.valid() && !pending_ && monotonic >= *next_scan_ns_) {
    next_scan_ns_ = monotonic + every_;
    scan_begun_ns_ = monotonic;
    scanning_ = std::async(std::launch::async, [this] { return scan_(stop_); });
  }
  return OkStatus();
}

DriftDesk::WaitingByKey DriftDesk::WaitingAfter(const Report& taken) const {
  WaitingByKey waiting;
  for (const auto& [key, each] : waiting_) {
    if (taken.report.unseen.contains(each.area)) waiting.emplace(key, each);
  }
  for (const DriftFinding& finding : taken.report.findings) {
    if (finding.told_after <= 0 || standing_->contains(finding.key)) continue;
    const auto known = waiting_.find(finding.key);
    const TimeNs due_ns = known != waiting_.end() ? known->second.due_ns : taken.ended_ns + finding.told_after;
    waiting.insert_or_assign(finding.key, Waiting{due_ns, finding.area});
  }
  return waiting;
}

void DriftDesk::ScanWhenDue(TimeNs begun_ns) {
  for (const auto& [key, each] : waiting_) {
    if (each.due_ns > begun_ns) next_scan_ns_ = std::min(*next_scan_ns_, each.due_ns);
  }
}

Status DriftDesk::Take(const Report& taken) {
  const int64_t second = FloorToSecond(taken.at_ns);
  std::map<std::string_view, const DriftFinding*> found;
  for (const DriftFinding& finding : taken.report.findings) found.emplace(finding.key, &finding);
  WaitingByKey waiting = WaitingAfter(taken);
  Standing standing = *standing_;
  bool is_changed = false;
  Status status = journal_->Together([&]() -> Status {
    for (auto each = standing.begin(); each != standing.end();) {
      const DriftFinding& finding = each->second.finding;
      if (found.contains(each->first) || taken.report.unseen.contains(finding.area)) {
        ++each;
        continue;
      }
      is_changed = true;
      REVERTD_RETURN_IF_ERROR(Write(kOverRow, finding, each->second.since_second, taken.at_ns, nullptr));
      each = standing.erase(each);
    }
    for (const DriftFinding& finding : taken.report.findings) {
      if (standing.contains(finding.key) || standing.size() >= kStandingMax) continue;
      const auto waits = waiting.find(finding.key);
      if (waits != waiting.end() && waits->second.due_ns > taken.begun_ns) continue;
      is_changed = true;
      StandingDrift added = {finding, second, 0};
      added.finding.facts.clear();
      REVERTD_RETURN_IF_ERROR(Write(kFoundRow, finding, second, taken.at_ns, &added.seq));
      standing.emplace(finding.key, std::move(added));
    }
    return is_changed ? WriteCursor(standing) : OkStatus();
  });
  if (status.ok()) {
    standing_ = std::move(standing);
    waiting_ = std::move(waiting);
  }
  return status;
}

Status DriftDesk::Write(std::string_view kind, const DriftFinding& finding, int64_t since_second, TimeNs at_ns,
                        int64_t* seq) {
  REVERTD_RETURN_IF_ERROR(journal_->Audit(kind, finding.key, RowText(finding, since_second), at_ns));
  const StatusOr<AuditHead> head = journal_->ReadAuditHead();
  if (!head.ok()) return head.status();
  if (seq != nullptr) *seq = head->seq;
  return notifier_->Tell(NoticeOf(finding, since_second, kind == kOverRow, {at_ns, head->text()}));
}

}  // namespace revertd
