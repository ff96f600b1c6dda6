#include "actions/record_tables.h"

#include <algorithm>

#include "actions/git.h"
#include "actions/markdown.h"
#include "base/strings.h"
#include "base/time_format.h"

namespace revertd {
namespace {

std::string RowOf(const Evidence& evidence) {
  std::string signal = MarkdownCellCode(SubjectOf(evidence));
  if (evidence.slower_than_ns > 0) {
    const double milliseconds = static_cast<double>(evidence.slower_than_ns) / static_cast<double>(kMillisecondNs);
    signal += ", slower than " + FormatNumber(milliseconds) + " ms";
  }
  const bool counts_seconds = evidence.signal == "traffic" || evidence.per_second;
  std::string control = "none usable";
  if (!evidence.control.empty()) {
    control = MarkdownCellCode(evidence.control) + " " + RateText(evidence, evidence.control_before) + " -> " +
              RateText(evidence, evidence.control_after) + " of " + std::to_string(evidence.control_n_after) +
              ", e-value " + FormatNumber(evidence.control_e_value);
  }
  return "| " + signal + " | " + RateText(evidence, evidence.before) + " | " + RateText(evidence, evidence.after) +
         " | x " + FormatNumber(evidence.effect, 3) + " | " + RateText(evidence, evidence.after_low) + " to " +
         RateText(evidence, evidence.after_high) + " | " + std::to_string(evidence.n_before) + " / " +
         std::to_string(evidence.n_after) + (counts_seconds ? " s" : "") + " | " + FormatNumber(evidence.e_value) +
         " of " + FormatNumber(evidence.e_value_needed) + " | " + control + " |\n";
}

}  // namespace

std::vector<RecordMoment> DeployMoments(const std::optional<Deploy>& deploy, const std::vector<Verdict>& verdicts,
                                        const std::vector<Decision>& decisions) {
  std::vector<RecordMoment> moments;
  if (deploy) {
    const std::string revision = deploy->head.empty() ? "" : " of " + MarkdownCellCode(ShortRevision(deploy->head));
    moments.push_back({deploy->start_ns, "deploy " + MarkdownCellCode(deploy->id) + revision + " starts"});
    if (deploy->finished()) moments.push_back({deploy->finish_ns, "deploy finished: the new version serves"});
  }
  TimeNs onset_told = 0;
  for (const Verdict& verdict : verdicts) {
    const TimeNs onset = verdict.evidence.empty() ? 0 : verdict.evidence.front().onset_ns;
    if (verdict.state == VerdictState::kRegressed && onset != 0 && onset != onset_told) {
      moments.push_back({onset, "first second that may be bad"});
      onset_told = onset;
    }
    moments.push_back({verdict.at_ns, "verdict: **" + std::string(NameOf(verdict.state)) + "** (" +
                                          MarkdownCellCode(verdict.reason) + ")" +
                                          (verdict.calibrated ? "" : ", uncalibrated")});
  }
  for (const Decision& decision : decisions) {
    moments.push_back({decision.at_ns, "decision: **" + std::string(NameOf(decision.kind)) + "** (" +
                                           MarkdownCellCode(decision.reason) + ")"});
  }
  return moments;
}

std::string TimelineTable(std::vector<RecordMoment> moments) {
  if (moments.empty()) return "";
  std::stable_sort(moments.begin(), moments.end(),
                   [](const RecordMoment& a, const RecordMoment& b) { return a.at_ns < b.at_ns; });
  std::string table = "| time (UTC) | what |\n| --- | --- |\n";
  for (const RecordMoment& moment : moments) {
    table += "| " + FormatRfc3339(moment.at_ns) + " | " + moment.what + " |\n";
  }
  return table;
}

std::string EvidenceTable(const std::vector<Evidence>& evidence) {
  if (evidence.empty()) return "";
  std::string table =
      "| signal | before | after | effect | 95 % interval of after | n before / after | e-value of needed | control |\n"
      "| --- | --- | --- | --- | --- | --- | --- | --- |\n";
  for (const Evidence& one : evidence) table += RowOf(one);
  return table;
}

std::string ErrorsTable(const std::vector<NamedError>& errors) {
  if (errors.empty()) return "";
  std::string table =
      "| error | seen before | events | release | first seen (UTC) | e-value of needed | group |\n"
      "| --- | --- | --- | --- | --- | --- | --- |\n";
  for (const NamedError& error : errors) {
    const std::string first_seen = error.first_seen_ns != 0 ? FormatRfc3339(error.first_seen_ns) : "-";
    table += "| " + MarkdownCellCode(SubjectOf(error)) + " | " + (error.is_new ? "no" : "yes") + " | " +
             std::to_string(error.events) + " | " + MarkdownCellCode(error.release) + " | " + first_seen + " | " +
             FormatNumber(error.e_value) + " of " + FormatNumber(error.e_value_needed) + " | `" +
             FingerprintText(error.fingerprint) + "` |\n";
  }
  return table;
}

}  // namespace revertd
