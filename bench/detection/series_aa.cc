// series_aa: pretend deploys on recorded traffic, and how many of them the detector would have blamed.
// bench/detection/series_aa.sh runs it over all series that are at hand.
#include <cstdio>
#include <fstream>
#include <map>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json_writer.h"
#include "base/strings.h"
#include "base/time_format.h"
#include "bench/detection/bounds.h"
#include "bench/detection/figures.h"
#include "bench/detection/pretend_deploys.h"
#include "bench/detection/recorded_series.h"
#include "bench/detection/report.h"
#include "bench/detection/run_file.h"

namespace revertd::bench {
namespace {

constexpr char kUsage[] =
    "usage: series_aa [OPTION]... (--log NAME=PATH | --counts NAME=PATH)...\n"
    "  --log NAME=PATH      an access log\n"
    "  --counts NAME=PATH   lines of service,from,until,requests,4xx,5xx in Unix seconds\n"
    "and, for the series behind them:\n"
    "  --format F           of the log, as revertd parse reads it (auto)\n"
    "  --every SECONDS      from one deploy to the next (3600)\n"
    "  --offsets N          runs, each later by an equal part of that (4)\n"
    "  --before SECONDS     of traffic before the first deploy (600)\n"
    "  --observe SECONDS    (900)\n"
    "  --seed N             of the seconds within an interval of counts (1)\n"
    "  --out FILE, --commit SHA   a run file and the commit that it names\n";

struct Settings {
  PretendSettings pretend;
  std::string format = "auto";
  uint64_t seed = 1;
};

struct SeriesRuns {
  std::string name;
  Settings settings;
  int64_t requests = 0;
  int64_t seconds = 0;
  uint64_t lines_unread = 0;
  std::vector<PretendRun> runs;
};

struct Sums {
  int64_t deploys = 0;
  int64_t regressed = 0;
  int64_t triggered = 0;
  int64_t calibrated = 0;
  std::map<std::string, int64_t> words;  // "STATE REASON"
  void Add(const PretendRun& run) {
    deploys += static_cast<int64_t>(run.deploys.size());
    regressed += run.Count(VerdictState::kRegressed);
    triggered += run.triggered();
    calibrated += run.calibrated();
    for (const PretendDeploy& deploy : run.deploys) {
      ++words[std::string(NameOf(deploy.verdict.state)) + " " + deploy.verdict.reason];
    }
  }
};

Sums SumsOf(const SeriesRuns& series, std::string_view service) {
  Sums sums;
  for (const PretendRun& run : series.runs) {
    if (run.service == service) sums.Add(run);
  }
  return sums;
}

std::vector<std::string> ServicesOf(const SeriesRuns& series) {
  std::vector<std::string> names;
  for (const PretendRun& run : series.runs) {
    if (names.empty() || names.back() != run.service) names.push_back(run.service);
  }
  return names;
}

bool Fired(const PretendDeploy& deploy) {
  return deploy.verdict.state == VerdictState::kRegressed || deploy.verdict.state == VerdictState::kAmbiguous;
}

// "5 of 1000: 5 per 1000, upper 95 % limit 10.5".
std::string Rate(int64_t hits, int64_t deploys) {
  char text[96];
  std::snprintf(text, sizeof text, "%lld of %lld: %.3g per 1000, upper 95 %% limit %.3g", static_cast<long long>(hits),
                static_cast<long long>(deploys), PerThousand(hits, deploys), 1000 * UpperLimit(hits, deploys));
  return text;
}

void Print(const SeriesRuns& series) {
  std::printf("\n%s: %lld requests in %.1f h; a deploy every %lld s, %lld offsets; %llu lines unread\n",
              series.name.c_str(), static_cast<long long>(series.requests), static_cast<double>(series.seconds) / 3600,
              static_cast<long long>(series.settings.pretend.every_seconds),
              static_cast<long long>(series.settings.pretend.offsets),
              static_cast<unsigned long long>(series.lines_unread));
  for (const std::string& service : ServicesOf(series)) {
    const Sums sums = SumsOf(series, service);
    if (sums.deploys == 0) continue;
    std::printf("  %s: regressed %s; triggers %lld; calibrated %lld\n", service.c_str(),
                Rate(sums.regressed, sums.deploys).c_str(), static_cast<long long>(sums.triggered),
                static_cast<long long>(sums.calibrated));
    for (const auto& [words, count] : sums.words)
      std::printf("    %6lld %s\n", static_cast<long long>(count), words.c_str());
  }
  for (const PretendRun& run : series.runs) {
    for (const PretendDeploy& deploy : run.deploys) {
      if (!Fired(deploy)) continue;
      const Evidence& evidence = deploy.verdict.evidence.front();
      std::printf("  FIRED %s deploy %s at %s: %s %s, %s %lld of %lld before, %lld of %lld after, E %.3g of %.3g%s\n",
                  run.service.c_str(), FormatRfc3339(deploy.start_second * kSecondNs).c_str(),
                  FormatRfc3339(deploy.verdict.at_ns).c_str(), std::string(NameOf(deploy.verdict.state)).c_str(),
                  deploy.verdict.reason.c_str(), evidence.signal.c_str(), static_cast<long long>(evidence.x_before),
                  static_cast<long long>(evidence.n_before), static_cast<long long>(evidence.x_after),
                  static_cast<long long>(evidence.n_after), evidence.e_value, evidence.e_value_needed,
                  deploy.triggered ? ", a trigger" : "");
    }
  }
}

void AddRun(const PretendRun& run, JsonWriter* json) {
  Sums sums;
  sums.Add(run);
  json->BeginObject().Field("service", run.service).Field("offset_seconds", run.offset_seconds);
  json->Field("deploys", sums.deploys).Field("regressed", sums.regressed).Field("triggered", sums.triggered);
  if (sums.deploys > 0) json->Field("regressed_upper_95", UpperLimit(sums.regressed, sums.deploys));
  json->Field("calibrated", sums.calibrated).Key("verdicts").BeginObject();
  for (const auto& [words, count] : sums.words) json->Field(words, count);
  json->EndObject().Key("fired").BeginArray();
  for (const PretendDeploy& deploy : run.deploys) {
    if (!Fired(deploy)) continue;
    const Evidence& evidence = deploy.verdict.evidence.front();
    json->BeginObject().Field("start_second", deploy.start_second).Field("told_ns", deploy.verdict.at_ns);
    json->Field("state", NameOf(deploy.verdict.state)).Field("reason", deploy.verdict.reason);
    json->Field("triggered", deploy.triggered).Field("signal", evidence.signal).Field("e_value", evidence.e_value);
    json->Field("x_before", evidence.x_before).Field("n_before", evidence.n_before);
    json->Field("x_after", evidence.x_after).Field("n_after", evidence.n_after).EndObject();
  }
  json->EndArray().EndObject();
}

// One JSON object, a run a line.
std::string RunText(const std::vector<SeriesRuns>& all, std::string_view commit) {
  std::string text;
  for (const SeriesRuns& series : all) {
    JsonWriter json;
    json.BeginObject().Field("series", series.name).Field("requests", series.requests);
    json.Field("seconds", series.seconds).Field("lines_unread", series.lines_unread);
    json.Field("every_seconds", series.settings.pretend.every_seconds);
    json.Field("offsets", series.settings.pretend.offsets);
    json.Field("before_seconds", series.settings.pretend.before_seconds);
    json.Field("observe_seconds", series.settings.pretend.observe_seconds).Field("seed", series.settings.seed);
    json.Key("runs");
    std::string runs;
    for (const PretendRun& run : series.runs) {
      JsonWriter one;
      AddRun(run, &one);
      runs += (runs.empty() ? "\n" : ",\n") + one.Take();
    }
    json.Raw("[" + runs + "]").EndObject();
    text += (text.empty() ? "\n" : ",\n") + json.Take();
  }
  JsonWriter json;
  json.BeginObject().Field("machine", MachineName()).Field("commit", commit).Key("series").Raw("[" + text + "]");
  return json.EndObject().Take() + "\n";
}

StatusOr<RecordedSeries> Read(bool is_log, const std::string& path, const Settings& settings) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream content;
  content << file.rdbuf();
  const std::string text = content.str();
  if (text.empty()) return NotFound("nothing can be read from " + path);
  if (!is_log) return RecordedSeries::OfCounts(text, settings.seed);
  if (settings.format == "auto") return RecordedSeries::OfLog(text, nullptr);
  if (settings.format.find(':') == std::string::npos) return RecordedSeries::OfLog(text, FormatNamed(settings.format));
  const auto format = CustomFormat(settings.format);
  if (!format.ok()) return format.status();
  return RecordedSeries::OfLog(text, format->get());
}

Status PlaySeries(bool is_log, std::string_view named, const Settings& settings, std::vector<SeriesRuns>* all) {
  const size_t equals = named.find('=');
  if (equals == std::string_view::npos) return InvalidArgument("NAME=PATH is wanted, not " + std::string(named));
  const PretendSettings& pretend = settings.pretend;
  if (pretend.every_seconds <= kPretendDeploySeconds + pretend.observe_seconds) {
    return InvalidArgument("deploys would overlap: --every must be above --observe");
  }
  const auto series = Read(is_log, std::string(named.substr(equals + 1)), settings);
  if (!series.ok()) return series.status();
  SeriesRuns runs{.name = std::string(named.substr(0, equals)),
                  .settings = settings,
                  .requests = series->requests(),
                  .seconds = series->last_second() - series->first_second() + 1,
                  .lines_unread = series->lines_unread(),
                  .runs = {}};
  for (const std::string& service : series->ServicesWithTraffic()) {
    for (int64_t i = 0; i < pretend.offsets; ++i) {
      runs.runs.push_back(PlayPretendDeploys(*series, service, pretend, i * pretend.every_seconds / pretend.offsets));
    }
  }
  Print(runs);
  std::fflush(stdout);  // a long run is watched
  all->push_back(std::move(runs));
  return OkStatus();
}

int Main(std::span<const char* const> arguments) {
  Settings settings;
  std::string out, commit = "unknown";
  std::vector<SeriesRuns> all;
  const std::map<std::string_view, int64_t*> numbers = {{"--every", &settings.pretend.every_seconds},
                                                        {"--offsets", &settings.pretend.offsets},
                                                        {"--before", &settings.pretend.before_seconds},
                                                        {"--observe", &settings.pretend.observe_seconds}};
  for (size_t i = 0; i + 1 < arguments.size(); i += 2) {
    const std::string_view name = arguments[i], value = arguments[i + 1];
    const auto number = ParseUnsigned(value);
    Status status;
    if (name == "--log" || name == "--counts") {
      status = PlaySeries(name == "--log", value, settings, &all);
    } else if (name == "--format") {
      settings.format = value;
    } else if (name == "--out" || name == "--commit") {
      (name == "--out" ? out : commit) = value;
    } else if (name == "--seed" && number) {
      settings.seed = *number;
    } else if (numbers.contains(name) && number && *number > 0 && *number < 1'000'000'000) {
      *numbers.at(name) = static_cast<int64_t>(*number);
    } else {
      status = InvalidArgument("unknown option or value");
    }
    if (status.ok()) continue;
    std::fprintf(stderr, "series_aa: %s %s: %s\n", arguments[i], arguments[i + 1], MessageOf(status).data());
    return 2;
  }
  if (all.empty() || arguments.size() % 2 != 0) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  if (out.empty()) return 0;
  const Status written = WriteFile(out, RunText(all, commit));
  if (!written.ok()) std::fprintf(stderr, "series_aa: %s\n", written.ToString().c_str());
  return written.ok() ? 0 : 1;
}

}  // namespace
}  // namespace revertd::bench

int main(int argc, char** argv) {
  return revertd::bench::Main({argv + 1, static_cast<size_t>(argc > 0 ? argc - 1 : 0)});
}
