#include "actions/guards.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <numeric>
#include <string_view>

#include "base/strings.h"

namespace revertd {
namespace {

// An id stands in trailers, refs and rows: longer ones than any that MakeTriggerId can give are not ours.
constexpr size_t kTriggerIdBytesMax = 320;

// So unlikely are so few errors while the fault lasts, that it is over.
constexpr double kFixedChance = 0.01;

// The code that decides about rollbacks is never rolled back by itself, whatever the configuration forgot to say.
bool IsOwnRepo(const RepoConfig& repo) {
  std::string_view name = repo.url;
  while (name.ends_with('/')) name.remove_suffix(1);
  if (name.ends_with(".git")) name.remove_suffix(4);
  return name.substr(name.find_last_of("/:") + 1) == "revertd";
}

bool IsTriggerId(std::string_view id) {
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  return !id.empty() && id.size() <= kTriggerIdBytesMax && Trim(id) == id &&
         std::none_of(id.begin(), id.end(), control);
}

}  // namespace

std::optional<Hold> RefuseRequest(const RollbackTrigger& trigger, const Config& config) {
  if (!IsTriggerId(trigger.id)) return Hold{"bad_trigger_id", ""};
  const ServiceConfig* service = config.FindService(trigger.service);
  if (service == nullptr) return Hold{"service_not_configured", trigger.service};
  const RepoConfig* repo = config.FindRepo(trigger.repo);
  if (repo == nullptr) return Hold{"repo_not_configured", trigger.repo};
  if (service->repo != trigger.repo) return Hold{"repo_of_another_service", trigger.repo};
  if (!IsRevision(trigger.head)) return Hold{"bad_revision", "head"};
  if (!trigger.base.empty() && !IsRevision(trigger.base)) return Hold{"bad_revision", "base"};
  if (repo->url.empty() || repo->url.starts_with('-')) return Hold{"bad_remote", "url"};
  if (repo->branch.empty() || repo->branch.starts_with('-')) return Hold{"bad_remote", "branch"};
  const bool automatic = IsAutomatic(trigger);
  if (automatic && (repo->alert_only || IsOwnRepo(*repo))) return Hold{"repo_alert_only", trigger.repo};
  if (automatic && (service->mode == Mode::kObserve || service->mode == Mode::kAlert)) {
    return Hold{"mode_does_not_act", std::string(NameOf(service->mode))};
  }
  // Decided while the mode was push; lowered since, it is a person's to say.
  if (automatic && service->mode == Mode::kPropose && trigger.reason == "mode_push") {
    return Hold{"mode_does_not_act", std::string(NameOf(service->mode))};
  }
  return std::nullopt;
}

KillSwitch ReadKillSwitch(const std::string& path) {
  if (path.empty()) return KillSwitch::kOff;
  struct stat found {};
  // lstat: a link to nowhere is there too.
  if (lstat(path.c_str(), &found) == 0) return KillSwitch::kOn;
  return errno == ENOENT ? KillSwitch::kOff : KillSwitch::kUnreadable;
}

RecentErrors SumOf(const std::vector<SecondCounts>& seconds) {
  RecentErrors sum;
  for (const SecondCounts& second : seconds) {
    const AgeCounts& ages = second.by_age;
    sum.requests = std::accumulate(ages.requests.begin(), ages.requests.end(), sum.requests);
    sum.errors = std::accumulate(ages.errors.begin(), ages.errors.end(), sum.errors);
  }
  return sum;
}

bool IsFixed(const Evidence& evidence, const RecentErrors& recent) {
  if (evidence.signal != "errors" || !evidence.route.empty() || !evidence.cohort.empty()) return false;
  if (recent.requests <= 0 || !(evidence.after_low > 0)) return false;
  const auto requests = static_cast<double>(recent.requests);
  if (static_cast<double>(recent.errors) > evidence.before_null * requests) return false;
  // P(X <= errors) of a Poisson count, summed in its own terms; few errors, so few terms.
  const double mean = requests * evidence.after_low;
  double term = std::exp(-mean);
  double sum = term;
  for (int64_t k = 1; k <= recent.errors; ++k) {
    term *= mean / static_cast<double>(k);
    sum += term;
  }
  return sum < kFixedChance;
}

namespace {

std::string OfLimit(int64_t count, int64_t limit) { return std::to_string(count) + " of " + std::to_string(limit); }

std::optional<Hold> AskLimits(const GuardFacts& facts, const GuardConfig& limits) {
  if (facts.proposes && facts.proposals_today >= limits.proposals_per_day) {
    return Hold{"proposals_per_day", OfLimit(facts.proposals_today, limits.proposals_per_day)};
  }
  if (!facts.proposes && facts.pushes_today >= limits.pushes_per_day) {
    return Hold{"pushes_per_day", OfLimit(facts.pushes_today, limits.pushes_per_day)};
  }
  if (!facts.overdue.empty()) return Hold{"post_mortem_overdue", facts.overdue};
  if (!facts.opted_out.empty()) return Hold{"opted_out_label", facts.opted_out};
  if (!facts.persons_revert.empty()) return Hold{"revert_in_flight_by_person", facts.persons_revert};
  if (IsFixed(facts.evidence, facts.recent)) {
    return Hold{"already_fixed",
                OfLimit(facts.recent.errors, facts.recent.requests) + " requests failed in the newest seconds"};
  }
  return std::nullopt;
}

}  // namespace

std::optional<Hold> AskHardStops(const GuardFacts& facts, const GuardConfig& limits) {
  if (facts.kill_switch == KillSwitch::kOn) return Hold{"kill_switch", limits.kill_switch};
  if (facts.kill_switch == KillSwitch::kUnreadable) return Hold{"kill_switch_unreadable", limits.kill_switch};
  if (facts.dismissed) return Hold{"dismissed", ""};
  return std::nullopt;
}

std::optional<Hold> AskGuards(const GuardFacts& facts, const GuardConfig& limits, const PlanAnswer& plan) {
  if (auto stop = AskHardStops(facts, limits)) return stop;
  const DurationNs age = facts.now_ns - facts.deploy_finish_ns;
  const DurationNs age_max = facts.proposes ? limits.commit_age_propose : limits.commit_age_push;
  if (facts.deploy_finish_ns != 0 && age > age_max) {
    return Hold{"deploy_too_old", std::to_string(age / kMinuteNs) + " min"};
  }
  if (facts.automatic) {
    if (auto hold = AskLimits(facts, limits)) return hold;
  }
  if (!facts.reverts && !facts.newer_deploy.empty()) return Hold{"newer_deploy", facts.newer_deploy};
  if (const auto* refusal = std::get_if<PlanRefusal>(&plan)) return Hold{refusal->reason, refusal->detail};
  const auto* revert = std::get_if<RevertPlan>(&plan);
  if (facts.automatic && !facts.proposes && facts.reverts && revert != nullptr && !revert->changed_again.empty()) {
    const size_t others = revert->changed_again.size() - 1;
    return Hold{"merged_dependants", Printable(revert->changed_again.front()) +
                                         (others > 0 ? " and " + std::to_string(others) + " more" : "")};
  }
  return std::nullopt;
}

}  // namespace revertd
