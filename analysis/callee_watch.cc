#include "analysis/callee_watch.h"

#include <algorithm>
#include <array>
#include <utility>

namespace revertd {
namespace {

// What a caller feels of it. A queue that fills is felt as latency.
constexpr std::array kCalleeSignals = {Signal::kErrors, Signal::kLatencyP50, Signal::kLatencyP90, Signal::kLatencyP99};

}  // namespace

CalleeWatch::CalleeWatch(std::vector<std::string> names, std::vector<ServiceSignals> known, const SignalTimes& times)
    : names_(std::move(names)) {
  for (ServiceSignals& callee : known) {
    Callee& added = callees_.emplace_back(Callee{std::move(callee), {}, {}});
    for (const Signal signal : kCalleeSignals) {
      SignalPlan plan = PlanOf(signal, added.signals, {}, times);
      plan.value_needed = kCalleeValueNeeded;
      added.watches.emplace_back(std::move(plan));
    }
  }
}

void CalleeWatch::Observe(int64_t second) {
  if (!moved_.empty()) return;
  troubled_.clear();
  ServiceSignals::Second read;
  for (Callee& callee : callees_) {
    // Its own version did not change: requests of any age are its own.
    callee.signals.Read(second, kNoSecond, &read);
    for (size_t i = 0; i < kCalleeSignals.size(); ++i) {
      const RateCounts counts = callee.signals.CountsIn(read, kCalleeSignals[i]);
      callee.watches[i].Observe(second, {.target = counts, .told = counts});
      if (callee.watches[i].fired_at()) moved_ = callee.signals.service();
    }
    callee.errors.Add(second, read.errors);
    if (IsTroubled(callee.signals, callee.errors.Sum())) troubled_ = callee.signals.service();
  }
}

CalleeWatch WatchCallees(std::string_view service, const SignalTimes& times, const ServiceSources& sources) {
  std::vector<std::pair<int64_t, std::string>> known;  // requests in the minutes before
  std::vector<std::string> names = sources.graph.CalleesOf(service);
  for (const std::string& callee : names) {
    const auto series = sources.series.find(callee);
    if (series == sources.series.end()) continue;
    known.emplace_back(series->second.Sum(times.minutes_before()).requests, callee);
  }
  std::sort(known.rbegin(), known.rend());
  if (known.size() > kCalleesMax) known.resize(kCalleesMax);
  std::vector<ServiceSignals> callees;
  callees.reserve(known.size());
  for (const auto& [requests, callee] : known) callees.push_back(SignalsOf(callee, times, sources));
  return {std::move(names), std::move(callees), times};
}

}  // namespace revertd
