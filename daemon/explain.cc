#include "daemon/explain.h"

#include <algorithm>
#include <cstdio>

#include "actions/git.h"
#include "actions/http_client.h"
#include "actions/step.h"
#include "analysis/deploy_registry.h"
#include "analysis/late_desk.h"
#include "base/strings.h"
#include "base/time_format.h"

namespace revertd {
namespace {

struct Moment {
  TimeNs at_ns;
  std::string what;
};

const JournalRow* FindStep(const std::vector<JournalRow>& journal, std::string_view step) {
  const auto row = std::find_if(journal.begin(), journal.end(), [&](const JournalRow& r) { return r.step == step; });
  return row == journal.end() ? nullptr : &*row;
}

// The last word there is: recovery, else how the rollback ended, else the decision, else the verdict.
std::string Headline(const ExplainFacts& facts) {
  if (facts.recovery && facts.recovery->state != RecoveryState::kWatching) {
    return "rolled back, production " + std::string(NameOf(facts.recovery->state));
  }
  if (!facts.journal.empty()) {
    const JournalRow& last = facts.journal.back();
    if (last.finished_ns == 0) return "rollback under way: " + last.step;
    return last.outcome == kDone ? "rollback under way: " + last.step + " done"
                                 : "rollback ended at " + last.step + ": " + last.outcome;
  }
  if (facts.trigger && facts.trigger->state != TriggerState::kPending) {
    return "rollback " + std::string(NameOf(facts.trigger->state));
  }
  if (facts.trigger) return "rollback waits for the executor";
  if (facts.verdicts.empty()) return "not judged yet";
  const Verdict& last = facts.verdicts.back();
  return std::string(NameOf(last.state)) + " (" + last.reason + ")";
}

std::string FirstBad(const Evidence& evidence) {
  if (evidence.signal == kCrashedSessions) return "first crashed session (its second)";
  return IsErrorSignal(evidence.signal) ? "first such error event (its second)" : "first bad request (its second)";
}

void AddDeployMoments(const ExplainFacts& facts, std::vector<Moment>& moments) {
  if (facts.deploy) {
    const Deploy& deploy = *facts.deploy;
    moments.push_back({deploy.start_ns, "deploy of " + ShortRevision(deploy.head) + " starts (" + deploy.id + ")"});
    if (deploy.finished()) moments.push_back({deploy.finish_ns, "deploy finished: the new version serves"});
  }
  for (const Verdict& verdict : facts.verdicts) {
    if (verdict.state == VerdictState::kWatching) continue;
    const bool has_onset = !verdict.evidence.empty() && verdict.evidence.front().onset_ns != 0;
    if (has_onset && verdict.state == VerdictState::kRegressed) {
      moments.push_back({verdict.evidence.front().onset_ns, FirstBad(verdict.evidence.front())});
    }
    if (has_onset && verdict.reason == kLateErrors) {
      moments.push_back({verdict.evidence.front().onset_ns, "errors begin to rise (estimated)"});
    }
    moments.push_back({verdict.at_ns, "verdict: " + std::string(NameOf(verdict.state)) + " (" + verdict.reason + ")"});
  }
  for (const Decision& decision : facts.decisions) {
    moments.push_back(
        {decision.at_ns, "decision: " + std::string(NameOf(decision.kind)) + " (" + decision.reason + ")"});
  }
}

void AddJournalMoments(const ExplainFacts& facts, std::vector<Moment>& moments) {
  for (const JournalRow& row : facts.journal) {
    if (row.step == "pushed") moments.push_back({row.begun_ns, "push begins"});
    if (row.finished_ns == 0) continue;
    std::string words = row.step == "push_verified" ? "push verified" : row.step;
    if (row.outcome != kDone) words += ": " + row.outcome;
    if (row.step == "push_verified" && row.outcome == kDone)
      words += ": the remote answers " + ShortRevision(row.detail);
    moments.push_back({row.finished_ns, words});
  }
}

std::vector<Moment> MomentsOf(const ExplainFacts& facts) {
  std::vector<Moment> moments;
  AddDeployMoments(facts, moments);
  AddJournalMoments(facts, moments);
  std::stable_sort(moments.begin(), moments.end(), [](const Moment& a, const Moment& b) { return a.at_ns < b.at_ns; });
  return moments;
}

bool IsSinceDeploy(const ExplainFacts& facts) { return facts.deploy && facts.deploy->finished(); }

// Whence the seconds are counted.
TimeNs ZeroOf(const ExplainFacts& facts, const std::vector<Moment>& moments) {
  return IsSinceDeploy(facts) ? facts.deploy->finish_ns : moments.front().at_ns;
}

std::string SecondsSince(TimeNs zero, TimeNs at_ns) {
  char seconds[32];
  std::snprintf(seconds, sizeof(seconds), "%9.1f  ", static_cast<double>(at_ns - zero) / 1e9);
  return seconds;
}

std::string Timeline(const ExplainFacts& facts, const std::vector<Moment>& moments) {
  if (moments.empty()) return "";
  std::string text =
      IsSinceDeploy(facts) ? "  seconds since the deploy finished, " : "  seconds since the first moment, ";
  const TimeNs zero = ZeroOf(facts, moments);
  text += FormatRfc3339(zero) + "\n";
  for (const Moment& moment : moments) text += SecondsSince(zero, moment.at_ns) + moment.what + "\n";
  return text;
}

// On the timeline's clock. Whoever sent a delivery chose its words: they are Printable.
std::string ToldText(const ExplainFacts& facts, const std::vector<Moment>& moments) {
  if (facts.told.empty() || moments.empty()) return "";
  std::string text = "\n  told\n";
  const size_t first = facts.told.size() - std::min(facts.told.size(), kToldMax);
  if (first != 0) text += "             (" + std::to_string(first) + " before these)\n";
  for (size_t i = first; i < facts.told.size(); ++i) {
    const ToldMoment& told = facts.told[i];
    std::string words = told.kind;
    if (!told.state.empty()) words += " " + told.state;
    if (!told.title.empty()) words += ": " + told.title;
    if (!told.author.empty()) words += " (" + told.author + ")";
    if (!told.url.empty()) words += " " + told.url;
    text += SecondsSince(ZeroOf(facts, moments), told.at_ns) + Printable(words) + "\n";
  }
  return text;
}

// What a rate is of, in a person's words.
bool IsTraffic(const Evidence& evidence) { return evidence.signal == "traffic"; }

// What n counts.
std::string_view UnitOf(const Evidence& evidence) {
  if (IsTraffic(evidence) || evidence.per_second) return " seconds";
  return evidence.signal == kCrashedSessions ? " sessions" : " requests";
}

std::string RateWords(const Evidence& evidence, double rate, int64_t n) {
  const bool counts_events = evidence.signal == kNewErrors || evidence.signal == kErrorGroups;
  return RateText(evidence, rate) + (IsTraffic(evidence) || counts_events ? " over " : " of ") + std::to_string(n) +
         std::string(UnitOf(evidence));
}

std::string EvidenceText(const Evidence& evidence) {
  std::string text = "\n  evidence (" + SubjectOf(evidence);
  if (evidence.slower_than_ns != 0) {
    text += ", the share slower than " +
            FormatNumber(static_cast<double>(evidence.slower_than_ns) / static_cast<double>(kMillisecondNs)) + " ms";
  }
  if (evidence.signal == "saturation") text += ", the share that waited in a queue or a second to be connected";
  text += ")\n";
  text += "    before   " + RateWords(evidence, evidence.before, evidence.n_before) +
          (IsTraffic(evidence) ? " (down to " : " (up to ") + RateText(evidence, evidence.before_null) +
          " would count as not worse)\n";
  text += "    after    " + RateWords(evidence, evidence.after, evidence.n_after) + " (95 % interval " +
          RateText(evidence, evidence.after_low) + " to " + RateText(evidence, evidence.after_high) + ")\n";
  text +=
      "    e-value  " + FormatNumber(evidence.e_value) + " (" + FormatNumber(evidence.e_value_needed) + " needed)\n";
  if (evidence.control.empty()) return text + "    control  none was usable\n";
  text += "    control  " + Printable(evidence.control) + (evidence.cohort.empty() ? "" : ", still serving beside it") +
          ": " + RateText(evidence, evidence.control_before) + " before, " +
          RateWords(evidence, evidence.control_after, evidence.control_n_after) + " after; e-value against it " +
          FormatNumber(evidence.control_e_value) + "\n";
  return text;
}

std::string CountOf(int64_t events) { return std::to_string(events) + (events == 1 ? " event" : " events"); }

// Whoever sent the events chose their words: all of it is Printable.
std::string ErrorText(const NamedError& error, std::string_view service) {
  std::string text = std::string(error.is_new ? "    new      " : "    more     ") + SubjectOf(error) + "\n";
  text += "             " + CountOf(error.events) + " since the deploy";
  if (!error.release.empty()) text += ", release " + Printable(error.release);
  if (error.first_seen_ns != 0) text += ", first seen " + FormatRfc3339(error.first_seen_ns);
  text += "; e-value " + FormatNumber(error.e_value) + " (" + FormatNumber(error.e_value_needed) + " needed)\n";
  return text + "             GET /v1/errors/" + FingerprintText(error.fingerprint) + "?service=" + UrlEncode(service) +
         "\n";
}

std::string ErrorsText(const ExplainFacts& facts, std::string_view service) {
  const std::vector<NamedError>* errors = ErrorsOf(facts);
  if (errors == nullptr) return "";
  std::string text = "\n  errors told by the application\n";
  for (const NamedError& error : *errors) {
    text += ErrorText(error, service);
    const auto sample = std::find_if(facts.samples.begin(), facts.samples.end(),
                                     [&](const ErrorSampleText& one) { return one.fingerprint == error.fingerprint; });
    if (sample == facts.samples.end()) continue;
    for (const std::string& line : sample->lines) text += "               " + Printable(line) + "\n";
  }
  return text;
}

// Before and after on one scale, so that what changed is seen.
std::string CourseText(const ExplainFacts& facts, const Evidence& evidence) {
  double highest = 0;
  for (const MinuteRates* minutes : {&facts.minutes_before, &facts.minutes_after}) {
    for (const std::optional<double>& rate : *minutes) highest = std::max(highest, rate.value_or(0));
  }
  if (highest <= 0) return "";
  return "    minutes  [" + Sparkline(facts.minutes_before, highest) + "] deploy [" +
         Sparkline(facts.minutes_after, highest) + "]  highest " + RateText(evidence, highest) + "\n";
}

std::string RevertText(const ExplainFacts& facts) {
  std::string text;
  if (const JournalRow* row = FindStep(facts.journal, "push_verified"); row != nullptr && row->outcome == kDone) {
    text += "\n  revert     " + row->detail + "\n";
    text += "  undoes     " + facts.trigger->head + " in " + facts.trigger->repo + "\n";
  }
  if (facts.recovery && facts.recovery->state != RecoveryState::kWatching) {
    const Evidence* const judged = EvidenceOf(facts);
    const Evidence& of = judged != nullptr ? *judged : Evidence{};
    text += "  recovery   " + RateText(of, facts.recovery->rate_bad) + " -> " +
            RateWords(of, facts.recovery->rate_now, facts.recovery->n_now) + ", e-value " +
            FormatNumber(facts.recovery->e_value) + "\n";
  }
  if (!facts.services_untouched.empty()) text += "  untouched  " + Join(facts.services_untouched, ", ") + "\n";
  return text;
}

}  // namespace

const Evidence* EvidenceOf(const ExplainFacts& facts) {
  if (facts.trigger && !facts.trigger->evidence.signal.empty()) return &facts.trigger->evidence;
  for (auto verdict = facts.verdicts.rbegin(); verdict != facts.verdicts.rend(); ++verdict) {
    if (!verdict->evidence.empty()) return &verdict->evidence.front();
  }
  return nullptr;
}

const std::vector<NamedError>* ErrorsOf(const ExplainFacts& facts) {
  for (auto verdict = facts.verdicts.rbegin(); verdict != facts.verdicts.rend(); ++verdict) {
    if (!verdict->errors.empty()) return &verdict->errors;
  }
  return nullptr;
}

std::string ExplainText(const ExplainFacts& facts) {
  const std::string service = facts.trigger ? facts.trigger->service : facts.deploy ? facts.deploy->service : "";
  const std::vector<Moment> moments = MomentsOf(facts);
  std::string text = service + ": " + Headline(facts) + "\n\n" + Timeline(facts, moments) + ToldText(facts, moments);
  if (const Evidence* evidence = EvidenceOf(facts)) text += EvidenceText(*evidence) + CourseText(facts, *evidence);
  const bool is_judged = !facts.verdicts.empty() && facts.verdicts.back().reason != kAbandoned;
  if (is_judged && !facts.verdicts.back().calibrated) {
    text += "    note     uncalibrated: no shadow deploys on this service's own history chose the settings\n";
  }
  text += ErrorsText(facts, service);
  return text + RevertText(facts);
}

}  // namespace revertd
