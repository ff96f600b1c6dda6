#include "base/verdict.h"

#include <array>
#include <utility>

#include "base/strings.h"

namespace revertd {
namespace {

template <typename E>
using Names = std::pair<E, std::string_view>;

constexpr std::array<Names<VerdictState>, 5> kVerdictStates = {{{VerdictState::kWatching, "watching"},
                                                                {VerdictState::kHealthy, "healthy"},
                                                                {VerdictState::kRegressed, "regressed"},
                                                                {VerdictState::kInconclusive, "inconclusive"},
                                                                {VerdictState::kAmbiguous, "ambiguous"}}};
constexpr std::array<Names<DecisionKind>, 5> kDecisionKinds = {{{DecisionKind::kAct, "act"},
                                                                {DecisionKind::kPropose, "propose"},
                                                                {DecisionKind::kAlert, "alert"},
                                                                {DecisionKind::kTriage, "triage"},
                                                                {DecisionKind::kHold, "hold"}}};
constexpr std::array<Names<RecoveryState>, 4> kRecoveryStates = {{{RecoveryState::kWatching, "watching"},
                                                                  {RecoveryState::kRecovered, "recovered"},
                                                                  {RecoveryState::kNotRecovered, "not_recovered"},
                                                                  {RecoveryState::kUndecided, "undecided"}}};

template <typename E, size_t N>
std::string_view Find(const std::array<Names<E>, N>& names, E value) {
  for (const auto& [known, name] : names) {
    if (known == value) return name;
  }
  return "unknown";
}

template <typename E, size_t N>
std::optional<E> FindNamed(const std::array<Names<E>, N>& names, std::string_view wanted) {
  for (const auto& [known, name] : names) {
    if (name == wanted) return known;
  }
  return std::nullopt;
}

}  // namespace

std::string SubjectOf(const Evidence& evidence) {
  std::string subject = evidence.signal;
  if (!evidence.route.empty()) subject += " of " + Printable(evidence.route);
  if (!evidence.cohort.empty()) subject += " of " + Printable(evidence.cohort);
  if (!evidence.group.empty()) subject += " of group " + Printable(evidence.group);
  return subject;
}

std::string RateText(const Evidence& evidence, double rate) {
  if (evidence.signal == "traffic") return FormatNumber(rate) + " requests/s";
  // One request may bring many events: a share above one would be no share.
  const bool counts_events = evidence.signal == kNewErrors || evidence.signal == kErrorGroups;
  if (!counts_events) return FormatPercent(rate);
  return FormatNumber(rate) + (evidence.per_second ? " events/s" : " events/request");
}

std::string_view NameOf(VerdictState state) { return Find(kVerdictStates, state); }
std::optional<VerdictState> VerdictStateNamed(std::string_view name) { return FindNamed(kVerdictStates, name); }
std::string_view NameOf(DecisionKind kind) { return Find(kDecisionKinds, kind); }
std::optional<DecisionKind> DecisionKindNamed(std::string_view name) { return FindNamed(kDecisionKinds, name); }
std::string_view NameOf(RecoveryState state) { return Find(kRecoveryStates, state); }
std::optional<RecoveryState> RecoveryStateNamed(std::string_view name) { return FindNamed(kRecoveryStates, name); }

}  // namespace revertd
