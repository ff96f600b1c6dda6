#include "actions/guards.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

#include "base/strings.h"

namespace revertd {
namespace {

// An id stands in trailers, refs and rows: longer ones than any that MakeTriggerId can give are not ours.
constexpr size_t kTriggerIdBytesMax = 320;

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
  const bool automatic = !trigger.deploy_id.empty();
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

std::optional<Hold> AskGuards(const GuardFacts& facts, const GuardConfig& limits, const PlanAnswer& plan) {
  if (facts.kill_switch == KillSwitch::kOn) return Hold{"kill_switch", limits.kill_switch};
  if (facts.kill_switch == KillSwitch::kUnreadable) return Hold{"kill_switch_unreadable", limits.kill_switch};
  if (facts.dismissed) return Hold{"dismissed", ""};
  const DurationNs age = facts.now_ns - facts.deploy_finish_ns;
  if (facts.deploy_finish_ns != 0 && age > limits.commit_age_push) {
    return Hold{"deploy_too_old", std::to_string(age / kMinuteNs) + " min"};
  }
  if (facts.automatic && facts.pushes_today >= limits.pushes_per_day) {
    return Hold{"pushes_per_day", std::to_string(facts.pushes_today) + " of " + std::to_string(limits.pushes_per_day)};
  }
  if (const auto* refusal = std::get_if<PlanRefusal>(&plan)) return Hold{refusal->reason, refusal->detail};
  return std::nullopt;
}

}  // namespace revertd
