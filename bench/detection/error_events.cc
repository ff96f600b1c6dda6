#include "bench/detection/error_events.h"

#include <algorithm>
#include <cmath>

#include "analysis/draw.h"
#include "analysis/fingerprint_watch.h"
#include "bench/detection/bounds.h"
#include "bench/detection/figures.h"
#include "bench/detection/table.h"

namespace revertd::bench {
namespace {

constexpr int kGroups = 30;
constexpr uint64_t kOrigins = 10;
constexpr double kRarest = 1e-5;  // events for each request, of the rarest group and of the commonest
constexpr double kCommonest = 2e-3;
constexpr double kHarmlessPerDeploy = 5;  // newcomers, on average
constexpr double kHarmlessRate = 1e-4;    // their mean, events for each request; it differs exponentially
constexpr int64_t kHarmlessBefore = 200;  // that the history tells of, each watched for half of the time
constexpr uint64_t kRenamedFrom = 1000, kHarmlessFrom = 2000, kAddedName = 3000;
constexpr int64_t kDaySeconds = 24 * 3600;

enum SeedPart : uint64_t { kPast, kTrial, kClimate, kDraws };

// A group, and from which second on it sends how many events a second.
struct Source {
  ErrorGroup group;
  double rate = 0;
  double from_second = 0;
};

std::vector<Source> KnownSources(const ErrorEventCell& cell) {
  std::vector<Source> sources;
  for (int i = 0; i < kGroups; ++i) {
    const double share = kRarest * std::pow(kCommonest / kRarest, static_cast<double>(i) / (kGroups - 1));
    const auto name = static_cast<uint64_t>(i);
    sources.push_back({{name, name % kOrigins}, share * cell.requests_per_second});
  }
  return sources;
}

double Exponential(double mean, Random& random) { return -mean * std::log(DrawUniform(random)); }

// Half of the harmless ones, and every other real one, share their type and transaction with known groups.
std::vector<Source> SourcesAfter(const ErrorEventCell& cell, int64_t observe_seconds, Random& random) {
  std::vector<Source> sources = KnownSources(cell);
  if (cell.renamed) {
    for (Source& source : sources) source.group.fingerprint += kRenamedFrom;
  }
  const int64_t harmless = DrawPoisson(kHarmlessPerDeploy, random);
  for (uint64_t i = 0; i < static_cast<uint64_t>(harmless); ++i) {
    const double from = DrawUniform(random) * static_cast<double>(observe_seconds);
    const double rate = Exponential(kHarmlessRate * cell.requests_per_second, random);
    sources.push_back({{kHarmlessFrom + i, i % 2 == 0 ? kHarmlessFrom + i : i % kOrigins}, rate, from});
  }
  if (cell.added_rate > 0) {
    const uint64_t origin = random() % 2 == 0 ? kAddedName : random() % kOrigins;
    sources.push_back({{kAddedName, origin}, cell.added_rate});
  }
  return sources;
}

FingerprintHistory PastOf(const ErrorEventCell& cell, const TrialSettings& settings, uint64_t seed) {
  FingerprintHistory history;
  history.before_second = settings.history_days * kDaySeconds;
  ClimatePath climate(cell.noise, 0, SeedOf(seed, kClimate));
  Random random(SeedOf(seed, kDraws));
  const std::vector<Source> sources = KnownSources(cell);
  for (const Source& source : sources) history.known.push_back({source.group, {}});
  for (int64_t start = 0; start < history.before_second; start += kHistoryBlockSeconds) {
    double requests = 0, events = 0;  // in seconds of the usual rate
    for (int64_t second = 0; second < kHistoryBlockSeconds; ++second) {
      const Climate now = climate.Next();
      requests += now.requests, events += now.requests * now.errors;
    }
    history.blocks.push_back({start, DrawRequests(requests * cell.requests_per_second, random), 0});
    for (size_t i = 0; i < sources.size(); ++i) {
      const int64_t count = DrawPoisson(events * sources[i].rate, random);
      if (count > 0) history.known[i].blocks.push_back({start, count});
    }
  }
  const int64_t watched = settings.observe_seconds / 2;
  for (int64_t i = 0; i < kHarmlessBefore; ++i) {
    const double rate = Exponential(kHarmlessRate * cell.requests_per_second, random);
    history.benign += {DrawPoisson(rate * static_cast<double>(watched), random), watched};
  }
  return history;
}

struct EventOutcome {
  int64_t second = kNever;
  bool newcomers = false;
  bool known = false;
};

EventOutcome RunEventTrial(const ErrorEventCell& cell, FingerprintWatch watch, const FingerprintHistory& history,
                           int64_t observe_seconds, uint64_t seed) {
  ClimatePath climate(cell.noise, history.before_second, SeedOf(seed, kClimate));
  Random random(SeedOf(seed, kDraws));
  const std::vector<Source> sources = SourcesAfter(cell, observe_seconds, random);
  std::vector<GroupEvents> events;
  for (int64_t second = 1; second <= observe_seconds; ++second) {
    const Climate now = climate.Next();
    events.clear();
    for (const Source& source : sources) {
      if (static_cast<double>(second) <= source.from_second) continue;
      const int64_t count = DrawPoisson(source.rate * now.requests * now.errors, random);
      if (count > 0) events.push_back({source.group, count});
    }
    watch.Observe({DrawRequests(cell.requests_per_second * now.requests, random), events});
    if (!watch.fired()) continue;
    const FingerprintReport report = watch.Report();
    return {second, report.newcomers_fired, report.known_fired};
  }
  return {};
}

}  // namespace

std::string Describe(const ErrorEventCell& cell) {
  std::string text = std::string(cell.noise.name) + ", " + Number(cell.requests_per_second) + " req/s, " +
                     (cell.renamed ? "new names" : "old names");
  if (cell.added_rate > 0) text += ", a new group of " + Number(cell.added_rate) + "/s";
  return text;
}

std::vector<ErrorEventCell> HealthyErrorEvents(const Grid& grid) {
  std::vector<ErrorEventCell> cells;
  for (const NoiseModel& noise : grid.models) {
    for (const double rate : grid.requests_per_second) {
      for (const bool renamed : {false, true}) cells.push_back({noise, rate, renamed, 0});
    }
  }
  return cells;
}

std::vector<ErrorEventCell> AddedErrorEvents(const Grid& grid) {
  std::vector<ErrorEventCell> cells;
  for (const ErrorEventCell& healthy : HealthyErrorEvents(grid)) {
    for (const double added : {0.2, 1.0, 5.0}) {
      cells.push_back(healthy);
      cells.back().added_rate = added;
    }
  }
  return cells;
}

std::vector<ErrorEventResult> RunErrorEvents(const std::vector<ErrorEventCell>& cells, const RunSettings& settings) {
  const int64_t observe_seconds = settings.trial.observe_seconds;
  std::vector<std::vector<EventOutcome>> outcomes(cells.size(),
                                                  std::vector<EventOutcome>(static_cast<size_t>(settings.runs)));
  ForEachShare(cells.size(), settings, [&](const RunShare& share) {
    const ErrorEventCell& cell = cells[share.cell];
    uint64_t seed = settings.seed;
    for (const char c : Describe(cell)) seed = SeedOf(seed, static_cast<unsigned char>(c));
    const FingerprintHistory history = PastOf(cell, settings.trial, SeedOf(SeedOf(seed, kPast), share.history));
    FingerprintSettings judged;
    judged.horizon_seconds = observe_seconds;
    const FingerprintWatch watch(history, judged);
    for (size_t run = share.begin; run < share.end; ++run) {
      outcomes[share.cell][run] =
          RunEventTrial(cell, watch, history, observe_seconds, SeedOf(SeedOf(seed, kTrial), run));
    }
  });
  std::vector<ErrorEventResult> results;
  for (size_t i = 0; i < cells.size(); ++i) {
    ErrorEventResult result{.cell = cells[i], .runs = settings.runs, .seconds = {}};
    for (const EventOutcome& outcome : outcomes[i]) {
      result.fired += outcome.second != kNever ? 1 : 0;
      result.newcomers_fired += outcome.newcomers ? 1 : 0;
      result.known_fired += outcome.known ? 1 : 0;
      result.seconds.push_back(outcome.second);
    }
    std::sort(result.seconds.begin(), result.seconds.end());
    results.push_back(result);
  }
  return results;
}

Lines ErrorEventTable(const std::vector<ErrorEventResult>& results) {
  Lines lines = {"### Error events: fired per 1000 (upper 95 % limit); seconds from the finish, median / p95",
                 "| cell | runs | fired | by newcomers | by known groups | seconds |",
                 "| --- | --- | --- | --- | --- | --- |"};
  for (const ErrorEventResult& result : results) {
    lines.push_back(TableLine({Describe(result.cell), std::to_string(result.runs), WithLimit(result.fired, result.runs),
                               std::to_string(result.newcomers_fired), std::to_string(result.known_fired),
                               MedianAndP95(result.seconds)}));
  }
  return lines;
}

std::vector<std::string> ErrorEventMisses(const std::vector<ErrorEventResult>& results) {
  std::vector<std::string> misses;
  for (const ErrorEventResult& result : results) {
    if (result.cell.added_rate > 0 || PerThousand(result.fired, result.runs) <= kHealthyCellMax) continue;
    misses.push_back("error events, " + Describe(result.cell) + ": " + Number(PerThousand(result.fired, result.runs)) +
                     " per 1000 fire, at most " + Number(kHealthyCellMax));
  }
  return misses;
}

std::string ErrorEventText(const ErrorEventResult& result) {
  JsonWriter json;
  json.BeginObject().Field("cell", Describe(result.cell)).Field("runs", result.runs).Field("fired", result.fired);
  json.Field("fired_upper_95", UpperLimit(result.fired, result.runs));
  json.Field("newcomers_fired", result.newcomers_fired).Field("known_fired", result.known_fired);
  AddMedianAndP95("seconds_median_p95", result.seconds, &json);
  return json.EndObject().Take();
}

}  // namespace revertd::bench
