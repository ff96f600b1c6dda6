#include "analysis/analysis_loop.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace revertd {
namespace {

constexpr int64_t kNever = std::numeric_limits<int64_t>::max();
// So many other services that fail their health checks at once: no deploy of this one did that.
constexpr int64_t kSharedFailures = 2;
constexpr double kNoRival = -std::numeric_limits<double>::infinity();

}  // namespace

AnalysisLoop::AnalysisLoop(const Config& config, const ServiceTable& services, ReadGateFacts facts, AnalysisSink* sink,
                           const Rollups* rollups)
    : config_(config),
      services_(services),
      sink_(sink),
      rollups_(rollups),
      graph_(config),
      registry_(config.detect.observe / kSecondNs),
      desk_(config, registry_, std::move(facts), sink),
      errors_(config.limits.services, sink),
      shadows_(JudgingSettings(config.detect), graph_,
               [sink](std::string_view service, const ShadowResult& result) {
                 sink->OnShadow(service, result.start_second, Encode(result));
               }),
      late_(config, series_, registry_, &desk_, sink),
      follow_ups_(config, registry_, &desk_, sink) {}

WatchSources AnalysisLoop::Sources() {
  return {config_, series_, parts_, registry_, graph_, desk_, shadows_, rollups_, memo_, errors_};
}

Series& AnalysisLoop::SeriesOf(ServiceId service) {
  if (service >= series_by_id_.size()) series_by_id_.resize(service + 1, nullptr);
  Series*& series = series_by_id_[service];
  if (series == nullptr) series = &series_[std::string(services_.NameOf(service))];
  return *series;
}

void AnalysisLoop::OnWindow(const Window& window) {
  if (window.service == ServiceTable::kOther) return;  // many services in one: counted, never judged
  CountParts(window);
  Series& series = SeriesOf(window.service);
  const std::string_view name = services_.NameOf(window.service);
  const std::optional<HistoryBlock> block = series.Append({window.second, window.by_age});
  if (block) sink_->OnHistoryBlock(name, *block);
  // What is kept, not what came: after a restart in mid second the two differ.
  if (const AgeCounts* kept = series.Find(window.second)) sink_->OnSecond(name, {window.second, *kept});
}

void AnalysisLoop::CountParts(const Window& window) {
  if (window.routes.empty() && window.cohorts.empty()) return;
  ServiceParts& kept = parts_[std::string(services_.NameOf(window.service))];
  part_counts_.clear();
  for (const RouteCounts& route : window.routes) {
    part_counts_.push_back({route.key, route.name.text(), {route.requests, route.errors}});
  }
  kept.routes.Append(window.second, part_counts_);
  part_counts_.clear();
  for (const CohortCounts& cohort : window.cohorts) {
    part_counts_.push_back({cohort.key, cohort.name.text(), AllAges(cohort.by_age)});
  }
  kept.cohorts.Append(window.second, part_counts_);
}

void AnalysisLoop::StartClock(int64_t second) {
  follow_ups_.StartAt(second);
  clock_ = second;
  for (const DeployRecord* record : waiting_) {
    if (record->deploy.finished()) clock_ = std::min(clock_, record->first_second());
  }
  clock_ = std::max(clock_, reach_);
}

void AnalysisLoop::SealedThrough(int64_t second) {
  if (second < sealed_) return;
  // Judging anew what was registered late, or before a restart, needs seconds that are still kept.
  reach_ = (clock_ == kNoSecond ? second : clock_) - kLateRegistrationSeconds;
  if (clock_ == kNoSecond) StartClock(second);
  sealed_ = second;
  for (auto& [service, series] : series_) {
    if (const std::optional<HistoryBlock> block = series.SealThrough(second)) sink_->OnHistoryBlock(service, *block);
  }
  errors_.SealThrough(second);
  OpenDue(clock_ - 1);
  while (clock_ <= sealed_) {
    if (open_.empty() && NextDue() > clock_) {
      clock_ = std::min(sealed_ + 1, NextDue());
      continue;
    }
    shadows_.SealedThrough(clock_ - 1, series_, registry_);
    OpenDue(clock_);
    StepAll(clock_);
    late_.SealedThrough(clock_);
    FollowUp(clock_);
    ++clock_;
  }
  shadows_.SealedThrough(sealed_, series_, registry_);
  memo_.by_service.clear();
}

void AnalysisLoop::AwaitHealth() {
  for (const ServiceConfig& service : config_.services) {
    for (const HealthCheckConfig& check : service.health.checks) {
      if (check.fatal) health_.Await(service.name, check.name);
    }
  }
}

void AnalysisLoop::FollowUp(int64_t second) {
  if (follow_ups_.NextDue().value_or(kNever) > second) return;
  const Rivals rivals = RivalsNow();
  follow_ups_.SealedThrough(
      second, Sources(), [this, &rivals](const OpenWatch& watch, int64_t at) { return AroundAt(watch, at, rivals); });
}

int64_t AnalysisLoop::NextDue() const {
  int64_t due = std::min(late_.NextDue(clock_).value_or(kNever), follow_ups_.NextDue().value_or(kNever));
  for (const DeployRecord* record : waiting_) {
    if (record->deploy.finished()) due = std::min(due, record->first_second());
  }
  return due;
}

// Opens the watches of deploys whose first second is `second` or earlier; one that is late is folded up to `second`.
void AnalysisLoop::OpenDue(int64_t second) {
  std::vector<DeployRecord*> due;
  std::erase_if(waiting_, [second, &due](DeployRecord* record) {
    const bool is_due = record->deploy.finished() && record->first_second() <= second;
    if (is_due) due.push_back(record);
    return is_due;
  });
  std::stable_sort(due.begin(), due.end(),
                   [](const DeployRecord* a, const DeployRecord* b) { return a->first_second() < b->first_second(); });
  for (DeployRecord* record : due) {
    if (AdoptPreparedRevert(&record->deploy)) sink_->OnDeploy(record->deploy);
    Open(record);
    CatchUp(&open_.back(), second);
    if (record->phase != DeployRecord::Phase::kClosed) continue;
    const DecisionTrack decisions = std::move(open_.back().decisions);
    open_.pop_back();
    late_.Take(record, second);
    follow_ups_.Take(record, second, decisions);
  }
}

void AnalysisLoop::Open(DeployRecord* record) {
  series_.try_emplace(record->deploy.service);  // a service may be seen for the first time after its deploy
  open_.push_back(OpenFor(record, Sources()));
  record->phase = DeployRecord::Phase::kOpen;
  OpenWatch& watch = open_.back();
  if (watch.recovery) {
    if (record->recovery_told && record->recovery != RecoveryState::kWatching) {
      record->phase = DeployRecord::Phase::kClosed;
    } else {
      TellRecovery(&watch);
    }
    return;
  }
  if (record->told_verdict) TakeUpFromBeforeRestart(&watch);
  TellVerdict(&watch);
}

void AnalysisLoop::TakeUpFromBeforeRestart(OpenWatch* watch) {
  DeployRecord* record = watch->record;
  const Verdict& told = *record->told_verdict;
  watch->decisions.told = record->told_decision;
  int64_t asked_second = FloorToSecond(told.at_ns) - 1;
  if (record->told_decision) {
    // A decision older than the verdict answers an earlier one.
    const bool answers = record->told_decision->at_ns >= told.at_ns;
    watch->decisions.asked_for = answers ? told.state : VerdictState::kAmbiguous;
    if (answers) asked_second = FloorToSecond(record->told_decision->at_ns) - 1 + kAskAgainSeconds;
  }
  if (told.state == VerdictState::kInconclusive) record->phase = DeployRecord::Phase::kClosed;
  if (told.state == VerdictState::kRegressed || watch->next_second < reach_) {
    watch->release->Adopt(told);
    watch->decisions.next_ask_second = asked_second;
  }
}

// Folds the seconds before `clock_` that a watch missed because its deploy was registered late.
void AnalysisLoop::CatchUp(OpenWatch* watch, int64_t second) {
  DeployRecord* record = watch->record;
  if (record->phase == DeployRecord::Phase::kClosed) return;
  const bool out_of_reach = watch->next_second < reach_;
  const int64_t end = registry_.WatchEnd(*record);
  if (out_of_reach || watch->next_second >= end) {
    const int64_t last = std::max(watch->next_second, std::min(end, clock_)) - 1;
    watch->next_second = last + 1;
    if (watch->release) desk_.Step(*record, watch->release->verdict(), last, &watch->decisions);
    EndIfDue(watch, last, out_of_reach ? "registered_too_late" : "superseded");
    return;
  }
  while (watch->next_second <= second && watch->next_second < clock_) {
    const int64_t missed = watch->next_second;
    Fold(Sources(), watch);
    Judge(watch, missed, RivalsNow());
    if (EndIfDue(watch, missed, "")) return;
  }
}

void AnalysisLoop::StepAll(int64_t second) {
  // Everyone observes before anyone is judged: blame compares watches at the same second.
  for (OpenWatch& watch : open_) {
    if (watch.next_second == second) Fold(Sources(), &watch);
  }
  const Rivals rivals = RivalsNow();
  for (OpenWatch& watch : open_) Judge(&watch, second, rivals);
  for (OpenWatch& watch : open_) EndIfDue(&watch, second, "");
  std::erase_if(open_, [this, second](const OpenWatch& watch) {
    if (watch.record->phase != DeployRecord::Phase::kClosed) return false;
    late_.Take(watch.record, second);
    follow_ups_.Take(watch.record, second, watch.decisions);
    return true;
  });
}

// One pass for all: where each of a thousand watches asks all the others, a second takes longer than a second.
AnalysisLoop::Rivals AnalysisLoop::RivalsNow() const {
  Rivals rivals{.first_service = {}, .first = kNoRival, .second = kNoRival};
  for (const OpenWatch& watch : open_) {
    if (!watch.release) continue;
    const std::string_view service = watch.record->deploy.service;
    const double blame = watch.release->LogBlame();
    if (blame > rivals.first) {
      if (service != rivals.first_service) rivals.second = rivals.first;
      rivals.first_service = service;
      rivals.first = blame;
    } else if (service != rivals.first_service) {
      rivals.second = std::max(rivals.second, blame);
    }
  }
  return rivals;
}

void AnalysisLoop::Judge(OpenWatch* watch, int64_t second, const Rivals& rivals) {
  if (watch->recovery) {
    if (!watch->undone_for_check.empty()) watch->recovery->ObserveCheck(second, FailsStill(*watch, second));
    if (watch->recovery->state() != watch->record->recovery) TellRecovery(watch);
    return;
  }
  if (watch->release->Judge(second, AroundAt(*watch, second, rivals))) TellVerdict(watch);
  desk_.Step(*watch->record, watch->release->verdict(), second, &watch->decisions);
}

// Services that call this one suffer from it: their blame is no rival of its own.
double AnalysisLoop::LargestRival(std::string_view service, const Rivals& rivals) const {
  if (!graph_.HasCallers(service)) return rivals.LargestBeside(service);
  double largest = kNoRival;
  for (const OpenWatch& watch : open_) {
    const std::string_view other = watch.record->deploy.service;
    if (!watch.release || other == service || graph_.Reaches(other, service)) continue;
    largest = std::max(largest, watch.release->LogBlame());
  }
  return largest;
}

std::string_view AnalysisLoop::MovedCallee(const OpenWatch& watch, int64_t second) const {
  if (!watch.callees.moved().empty()) return watch.callees.moved();
  for (const std::string_view callee : watch.callees.names()) {
    if (health_.IsFailing(callee, second)) return callee;
  }
  return {};
}

// Nothing where it is not known; a push is no rollout, and what the bad version does says nothing of the revert.
std::optional<bool> AnalysisLoop::FailsStill(const OpenWatch& watch, int64_t second) const {
  const Deploy& revert = watch.record->deploy;
  const bool fails = health_.IsFailing(revert.service, second, watch.undone_for_check);
  if (health_.IsAwaited(revert.service) || (fails && revert.finish_guessed)) return std::nullopt;
  return fails;
}

Surroundings AnalysisLoop::AroundAt(const OpenWatch& watch, int64_t second, const Rivals& rivals) {
  const DeployRecord& record = *watch.record;
  const std::string& service = record.deploy.service;
  Surroundings around;
  around.rival_log_blame = LargestRival(service, rivals);
  around.moved_callee = MovedCallee(watch, second);
  around.shared_outage = watch.release->ErrorsFired() &&
                         health_.OthersFailing(service, FloorToSecond(record.deploy.start_ns)) >= kSharedFailures;
  around.may_be_healthy = !is_blind_ && !health_.IsAwaited(service) && !health_.IsFailing(service, second);
  const ServiceConfig* config = config_.FindService(service);
  if (config == nullptr) return around;
  // A follow-up asks whether a check failed since it began to look.
  const int64_t first = watch.release->first_second();
  const bool is_follow_up = first > record.first_second();
  const int64_t settled = record.first_second() + config_.detect.stabilise / kSecondNs;
  const HealthRule rule{.before_second = is_follow_up ? first : FloorToSecond(record.deploy.start_ns),
                        .from_second = std::max(first, settled),
                        .fatals_needed = config->health.fatals_needed};
  failed_check_.reset();
  if (const auto failed = health_.Failed(service, rule, second)) failed_check_ = EvidenceOf(*failed);
  if (failed_check_) {
    around.rule = &*failed_check_;
  } else if (watch.rule && watch.rule->fired()) {
    around.rule = &*watch.rule->fired();
  } else {
    return around;
  }
  const int64_t onset = FloorToSecond(around.rule->onset_ns);
  around.rule_waits = second < onset + kBlameWaitSeconds && !health_.OthersAsked(service, onset);
  if (health_.OthersFailing(service, rule.before_second) >= kSharedFailures) {
    around.rule_doubt = kSharedOutage;
  } else if (!around.moved_callee.empty()) {
    around.rule_doubt = kCalleeMoved;
  } else if (is_follow_up) {
    around.rule_doubt = around.rule->signal;  // hours later the world has moved: a person is asked
  }
  return around;
}

// Closes the watch if `second` is its last one, or for `reason` where one is given; whether it is closed.
bool AnalysisLoop::EndIfDue(OpenWatch* watch, int64_t second, std::string_view reason) {
  DeployRecord* record = watch->record;
  const bool superseded = registry_.Superseded(*record, second + 1);
  const bool over = second + 1 >= registry_.WatchEnd(*record);
  if (watch->recovery) {
    if (reason.empty() && !over && watch->recovery->state() == RecoveryState::kWatching) return false;
    watch->recovery->Close();
    if (watch->recovery->state() != record->recovery) TellRecovery(watch);
    record->phase = DeployRecord::Phase::kClosed;
    return true;
  }
  if (reason.empty() && !over) return false;
  if (reason.empty()) reason = superseded ? "superseded" : "observation_ended";
  if (watch->release->Close(second, reason)) {
    TellVerdict(watch);
    desk_.Step(*record, watch->release->verdict(), second, &watch->decisions);
  }
  // A trigger that could not be written is written as soon as it can be, unless a later deploy has made it void.
  if (watch->decisions.trigger_unwritten && !superseded) return false;
  record->phase = DeployRecord::Phase::kClosed;
  return true;
}

void AnalysisLoop::TellVerdict(OpenWatch* watch) {
  const Verdict& verdict = watch->release->verdict();
  DeployRecord* record = watch->record;
  const std::optional<Verdict>& told = record->told_verdict;
  // The fold after a restart passes again through what was told before it.
  if (told && verdict.at_ns < told->at_ns) return;
  if (told && verdict.state == told->state && OnlyAsks(*told) == OnlyAsks(verdict)) return;
  record->state = verdict.state;
  record->told_verdict = verdict;
  sink_->OnVerdict(verdict);
}

void AnalysisLoop::TellRecovery(OpenWatch* watch) {
  Recovery recovery = watch->recovery->Report();
  DeployRecord* record = watch->record;
  if (record->recovery_told && recovery.state == record->recovery) return;
  recovery.trigger_id = record->deploy.trigger_id;
  recovery.deploy_id = record->deploy.id;
  recovery.service = record->deploy.service;
  record->recovery = recovery.state;
  record->recovery_told = true;
  sink_->OnRecovery(recovery);
}

void AnalysisLoop::Finish() {
  errors_.TellChanged();
  if (sealed_ != kNoSecond) OpenDue(sealed_);
  for (OpenWatch& watch : open_) EndIfDue(&watch, sealed_, "stream_ended");
  open_.clear();
  for (DeployRecord* record : waiting_) {
    if (!record->deploy.finished()) record->deploy.finish_ns = record->deploy.start_ns;
    Open(record);
    if (record->phase == DeployRecord::Phase::kOpen) {
      EndIfDue(&open_.back(), record->first_second() - 1, "stream_ended");
    }
  }
  waiting_.clear();
  open_.clear();
  memo_.by_service.clear();
}

std::vector<AnalysisLoop::Watch> AnalysisLoop::OpenWatches() const {
  std::vector<Watch> watches;
  for (const OpenWatch& watch : open_) {
    if (watch.release) watches.push_back({watch.record->deploy, watch.release->Current(watch.next_second - 1)});
  }
  for (const DeployRecord* record : waiting_) {
    if (record->deploy.kind == DeployKind::kRevert) continue;
    Verdict verdict;
    verdict.deploy_id = record->deploy.id;
    verdict.service = record->deploy.service;
    verdict.reason = record->deploy.finished() ? "traffic_not_sealed" : "deploy_unfinished";
    watches.push_back({record->deploy, verdict});
  }
  return watches;
}

uint64_t AnalysisLoop::parts_overflow() const {
  uint64_t sum = 0;
  for (const auto& [service, parts] : parts_) sum += parts.routes.overflow() + parts.cohorts.overflow();
  return sum;
}

Baseline AnalysisLoop::BaselineAt(std::string_view service, int64_t second) const {
  const auto series = series_.find(service);
  if (series == series_.end()) return {};
  return BaselineBefore(series->second, second, registry_.LeftOut(service), JudgingSettings(config_.detect).margins);
}

}  // namespace revertd
