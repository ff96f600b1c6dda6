// `revertd explain ID`: of a trigger or a deploy, what happened and why.
#include <simdjson.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "analysis/rollups.h"
#include "analysis/series.h"
#include "daemon/doors/told.h"
#include "daemon/error_sample.h"
#include "daemon/explain.h"
#include "daemon/output.h"
#include "daemon/with_state.h"

namespace revertd {
namespace {

template <typename T>
Status Take(StatusOr<T> value, T* into) {
  if (!value.ok()) return value.status();
  *into = *std::move(value);
  return OkStatus();
}

Status ReadDeployFacts(const StateStore& store, const std::string& deploy_id, ExplainFacts* facts) {
  REVERTD_RETURN_IF_ERROR(Take(store.ReadDeploy(deploy_id), &facts->deploy));
  REVERTD_RETURN_IF_ERROR(Take(store.ReadVerdicts(deploy_id), &facts->verdicts));
  return Take(store.ReadDecisions(deploy_id), &facts->decisions);
}

Status ReadTriggerFacts(const StateStore& store, const Config& config, ExplainFacts* facts) {
  const std::string& id = facts->trigger->id;
  REVERTD_RETURN_IF_ERROR(Take(store.ReadRecovery(id), &facts->recovery));
  auto journal = ExecutorStore::Open(ExecutorDatabaseOf(config), ExecutorStore::Access::kReadOnly);
  if (!journal.ok()) return journal.status();
  return Take((*journal)->ReadJournal(id), &facts->journal);
}

// Configured services that no trigger since the deploy has named.
Status FindUntouched(const StateStore& store, const Config& config, ExplainFacts* facts) {
  std::vector<RollbackTrigger> triggers;
  REVERTD_RETURN_IF_ERROR(Take(store.ReadTriggers(), &triggers));
  const TimeNs since = facts->deploy ? facts->deploy->start_ns : facts->trigger->created_ns;
  for (const ServiceConfig& service : config.services) {
    const bool touched = std::any_of(triggers.begin(), triggers.end(), [&](const RollbackTrigger& trigger) {
      return trigger.service == service.name && trigger.created_ns >= since;
    });
    if (!touched) facts->services_untouched.push_back(service.name);
  }
  return OkStatus();
}

Status Gather(const StateStore& store, const Config& config, const std::string& id, ExplainFacts* facts) {
  REVERTD_RETURN_IF_ERROR(Take(store.ReadTrigger(id), &facts->trigger));
  if (facts->trigger && !facts->trigger->deploy_id.empty()) {
    REVERTD_RETURN_IF_ERROR(ReadDeployFacts(store, facts->trigger->deploy_id, facts));
  } else if (!facts->trigger) {
    REVERTD_RETURN_IF_ERROR(ReadDeployFacts(store, id, facts));
    if (!facts->deploy)
      return InvalidArgument("no trigger and no deploy \"" + id +
                             "\"; `revertd trigger list` and `revertd deploy list` show all");
    for (const Decision& decision : facts->decisions) {
      if (decision.trigger_id.empty()) continue;
      REVERTD_RETURN_IF_ERROR(Take(store.ReadTrigger(decision.trigger_id), &facts->trigger));
    }
  }
  if (!facts->trigger) return OkStatus();
  REVERTD_RETURN_IF_ERROR(ReadTriggerFacts(store, config, facts));
  return FindUntouched(store, config, facts);
}

Status ReadSamples(const StateStore& store, ExplainFacts* facts) {
  const std::vector<NamedError>* errors = ErrorsOf(*facts);
  if (errors == nullptr) return OkStatus();
  const std::string& service = facts->verdicts.back().service;
  for (size_t i = 0; i < std::min(kSamplesMax, errors->size()); ++i) {
    std::optional<ErrorGroupRecord> group;
    REVERTD_RETURN_IF_ERROR(Take(store.ReadErrorGroup(service, (*errors)[i].fingerprint), &group));
    if (group) facts->samples.push_back({group->fingerprint, SampleLines(group->sample)});
  }
  return OkStatus();
}

// What revertd itself did stands in the timeline, or is a matter of the record.
bool IsOfADoor(const Event& event) {
  constexpr std::array kDoorKinds = {ToldKind::kPush,     ToldKind::kMerge,      ToldKind::kReview, ToldKind::kCheck,
                                     ToldKind::kPipeline, ToldKind::kDeployment, ToldKind::kRelease};
  return std::any_of(kDoorKinds.begin(), kDoorKinds.end(), [&](ToldKind kind) { return NameOf(kind) == event.kind; });
}

ToldMoment MomentOf(const Event& event) {
  ToldMoment moment;
  moment.at_ns = event.at_ns;
  moment.kind = event.kind;
  simdjson::dom::parser parser;
  simdjson::dom::element element;
  if (parser.parse(event.text).get(element)) return moment;
  const auto text_of = [&element](std::string_view name) {
    std::string_view text;
    return element[name].get(text) ? std::string() : std::string(text);
  };
  moment.state = text_of("state");
  moment.title = text_of("title");
  if (moment.title.empty()) moment.title = text_of("name");  // of a check or a pipeline
  moment.author = text_of("author");
  moment.url = text_of("url");
  return moment;
}

Status ReadTold(const StateStore& store, ExplainFacts* facts) {
  if (!facts->deploy) return OkStatus();
  std::vector<Event> events;
  REVERTD_RETURN_IF_ERROR(Take(store.ReadEventsOfDeploy(*facts->deploy), &events));
  for (const Event& event : events) {
    if (IsOfADoor(event)) facts->told.push_back(MomentOf(event));
  }
  return OkStatus();
}

// One rate a minute from `from` on; minutes that nothing is kept of have none.
Status ReadMinuteRates(const StateStore& store, const Evidence& evidence, std::string_view service, int64_t from,
                       int64_t minutes, MinuteRates* rates) {
  constexpr int64_t kMinuteSeconds = kMinuteTier.grain_seconds;
  rates->assign(static_cast<size_t>(minutes), std::nullopt);
  int64_t kept = 0;
  const auto accept = [&](int64_t start_second, std::string_view bytes) {
    Totals totals;
    if (!DecodeInto(bytes, &totals)) return;
    const int64_t minute = (start_second - from) / kMinuteSeconds;
    (*rates)[static_cast<size_t>(minute)] = RateOf(evidence, totals);
    kept = std::max(kept, minute + 1);
  };
  REVERTD_RETURN_IF_ERROR(store.ReadMinutes(service, from, from + minutes * kMinuteSeconds, accept));
  rates->resize(static_cast<size_t>(kept));
  return OkStatus();
}

// The minute of the finish belongs to both versions and stands with what came after it.
Status ReadCourse(const StateStore& store, ExplainFacts* facts) {
  const Evidence* evidence = EvidenceOf(*facts);
  if (evidence == nullptr || !facts->deploy || !facts->deploy->finished()) return OkStatus();
  constexpr int64_t kMinuteSeconds = kMinuteTier.grain_seconds;
  // What began later (a late call) is not in the minutes around the deploy.
  if (evidence->onset_ns >= facts->deploy->finish_ns + kMinutesAfter * kMinuteNs) return OkStatus();
  const int64_t finish = BlockStart(FloorToSecond(facts->deploy->finish_ns), kMinuteSeconds);
  const std::string& service = facts->deploy->service;
  REVERTD_RETURN_IF_ERROR(ReadMinuteRates(store, *evidence, service, finish - kMinutesBefore * kMinuteSeconds,
                                          kMinutesBefore, &facts->minutes_before));
  return ReadMinuteRates(store, *evidence, service, finish, kMinutesAfter, &facts->minutes_after);
}

}  // namespace

ExitCode ExplainCommand(const std::string& config_path, const std::string& id) {
  return WithState(config_path, StateStore::Access::kReadOnly, [&](const Config& config, StateStore& store) -> Status {
    ExplainFacts facts;
    REVERTD_RETURN_IF_ERROR(Gather(store, config, id, &facts));
    REVERTD_RETURN_IF_ERROR(ReadCourse(store, &facts));
    REVERTD_RETURN_IF_ERROR(ReadTold(store, &facts));
    REVERTD_RETURN_IF_ERROR(ReadSamples(store, &facts));
    OutputWriter out(STDOUT_FILENO);
    const std::string text = ExplainText(facts);
    REVERTD_RETURN_IF_ERROR(out.Line(std::string_view(text).substr(0, text.size() - 1)));
    return out.Flush();
  });
}

}  // namespace revertd
