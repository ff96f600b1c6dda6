#include "analysis/watched_errors.h"

#include <algorithm>
#include <map>
#include <utility>

namespace revertd {
namespace {

constexpr int64_t kHourSeconds = 3600;

// Before it, all would be new. kNoSecond: nothing is known.
bool IsKnownLongEnough(int64_t known_since, const ErrorTimes& times) {
  return known_since != kNoSecond && known_since <= times.before_second - kErrorsKnownSeconds;
}

const Series* SeriesOf(const std::string& service, const SeriesByService& all) {
  const auto found = all.find(service);
  return found == all.end() ? nullptr : &found->second;
}

FingerprintHistory HistoryOf(const ServiceErrors& service, const ErrorTimes& times, const ErrorSources& sources,
                             double absolute_margin) {
  const std::vector<SecondInterval> left_out = sources.registry.LeftOut(service.name);
  const Series* series = SeriesOf(service.name, sources.series);
  const RateHistory log = series != nullptr ? HistoryBefore(*series, times.before_second, left_out) : RateHistory{};
  return ErrorHistory(sources.book, service, times, log, left_out, absolute_margin);
}

// Those with the most events first.
std::vector<const ServiceErrors*> ChooseErrorControls(const ServiceErrors& target, const ErrorTimes& times,
                                                      const ErrorSources& sources) {
  std::map<uint32_t, int64_t> events;
  const SecondInterval hour{times.before_second - kHourSeconds, times.before_second};
  sources.book.blocks().ForEach(hour, [&](int64_t, const ErrorCount& count) { events[count.service] += count.events; });
  std::vector<std::pair<int64_t, const ServiceErrors*>> candidates;
  for (const auto& [name, service] : sources.book.services()) {
    const auto sent = events.find(service.number);
    if (name == target.name || sent == events.end() || sources.graph.Related(name, target.name)) continue;
    if (!IsKnownLongEnough(service.known_since, times)) continue;
    if (sources.registry.MayBeControl(name, times.first_second)) candidates.emplace_back(sent->second, &service);
  }
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  if (candidates.size() > kErrorControlsMax) candidates.resize(kErrorControlsMax);
  std::vector<const ServiceErrors*> chosen;
  chosen.reserve(candidates.size());
  for (const auto& [sent, service] : candidates) chosen.push_back(service);
  return chosen;
}

}  // namespace

WatchedErrors::WatchedErrors(const ServiceErrors& service, const ErrorTimes& times, const Deploy& deploy,
                             const ErrorSources& sources)
    : book_(&sources.book),
      service_(&service),
      times_(times),
      split_(sources.book, service, deploy, times.before_second, times.first_second),
      scale_(TimeOfDayScale(sources.book, service, times)) {
  for (const ServiceErrors* control : ChooseErrorControls(service, times, sources)) {
    controls_.push_back(
        {control, SeriesOf(control->name, sources.series), TimeOfDayScale(sources.book, *control, times)});
  }
  control_seconds_.resize(controls_.size());
}

ErrorPlan WatchedErrors::Plan(const FingerprintSettings& settings, const ErrorSources& sources) const {
  ErrorPlan plan;
  const double margin = settings.margins.absolute;
  plan.history = HistoryOf(*service_, times_, sources, margin);
  plan.settings = settings;
  plan.sessions = SessionHistory(*book_, *service_, times_.before_second, sources.registry.LeftOut(service_->name));
  for (const Control& control : controls_) {
    plan.controls.push_back({control.service->name, HistoryOf(*control.service, times_, sources, margin)});
  }
  plan.is_young = !IsKnownLongEnough(service_->known_since, times_);
  plan.describe = [service = service_](NamedError* error) {
    const KnownErrorGroup* group = service->groups.Find(error->fingerprint);
    if (group == nullptr) return;
    const ErrorGroupRecord& record = group->record;
    error->type = record.type;
    error->culprit = record.culprit;
    error->title = record.title;
    if (!record.releases.empty()) error->release = record.releases.back();
    error->event_id = record.event_id;
    error->first_seen_ns = record.first_seen_ns;
  };
  return plan;
}

const ErrorSecond& WatchedErrors::Read(const DeployRegistry& registry, int64_t second, const Requests& requests) {
  split_.Read(second, &events_);
  for (size_t i = 0; i < controls_.size(); ++i) {
    Control& control = controls_[i];
    ReadEvents(*book_, *control.service, second, &control.events);
    const AgeCounts* counts = control.series != nullptr ? control.series->Find(second) : nullptr;
    control_seconds_[i] = {.may_tell = registry.MayBeControl(control.service->name, second),
                           .requests = counts != nullptr ? AllAges(*counts).requests : 0,
                           .scale = control.scale,
                           .events = control.events};
  }
  fresh_names_ = split_.tells_apart() ? split_.fresh_names() : "";
  old_names_ = split_.tells_apart() ? split_.old_names() : "";
  // Events that name no version are of all that serve: held against the new one's requests alone they would be too
  // many.
  second_ = {.requests = split_.tells_apart() ? requests.fresh : requests.all,
             .scale = scale_,
             .fresh = events_.fresh,
             .old = events_.old,
             .sessions = events_.sessions,
             .old_sessions = events_.old_sessions,
             .fresh_names = fresh_names_,
             .old_names = old_names_,
             .controls = control_seconds_};
  return second_;
}

std::optional<WatchedErrors> WatchErrors(const Deploy& deploy, const ErrorTimes& times, const ErrorSources& sources) {
  if (!IsKnownLongEnough(sources.book.known_since(), times)) return std::nullopt;
  const ServiceErrors* service = sources.book.PageOf(deploy.service);
  if (service == nullptr) return std::nullopt;
  return WatchedErrors(*service, times, deploy, sources);
}

RateCounts CountsOf(const Evidence& evidence, const ErrorBook& book, std::string_view service, int64_t second,
                    int64_t requests) {
  const ServiceErrors* errors = book.Find(service);
  if (errors == nullptr || second < book.seen_from()) return {};
  const SecondInterval now{second, second + 1};
  if (evidence.signal == kCrashedSessions) {
    RateCounts sessions;
    book.session_seconds().ForEachOf(errors->number, now, [&](int64_t, const SessionCount& count) {
      sessions += {count.sessions, count.crashed};
    });
    return sessions;
  }
  RateCounts counts{requests, 0};
  const std::optional<uint64_t> group = FingerprintOf(evidence.group);
  book.seconds().ForEachOf(errors->number, now, [&](int64_t, const ErrorCount& count) {
    if (group && count.fingerprint == *group) counts.errors += count.events;
  });
  return counts;
}

}  // namespace revertd
