#include "bench/detection/options.h"

#include <algorithm>
#include <cstdio>
#include <functional>
#include <string_view>

#include "base/strings.h"

namespace revertd::bench {
namespace {

constexpr char kUsage[] =
    "usage: detection_latency [--healthy] [--delay] [--validity] [--shared-outage] [--late]\n"
    "       [--latency] [--warm-up] [--joint] [--recovery] [--overlap] [--fingerprints] [--quick]\n"
    "  --runs N                 of each cell (1000; --delay 200; --validity 20000; --late 4000; --latency and those "
    "after\n"
    "                           it 100; --fingerprints 1000, 200 where something is added)\n"
    "  --seed N                 (1)\n"
    "  --jobs N                 threads (1)\n"
    "  --models A,B             names as in the tables (all; with all signals binomial, AR(1), diurnal; --late 6 of "
    "them)\n"
    "  --rates 1,20             requests a second (1,20,500,20000; 20,500)\n"
    "  --errors 0,0.001         error rates before (0,0.001,0.01; 0.001)\n"
    "  --effects 2,5            of --delay (1.5,2,5,20)\n"
    "  --outages 5,20           of --shared-outage (5,20)\n"
    "  --controls none,shared,own   (none,shared)\n"
    "  --history-days N         restored before each deploy (7)\n"
    "  --calibration-days N     the newest of them, passed second by second for shadow deploys; 0: a cold start (2)\n"
    "  --trials-per-history N   deploys that share one history (100)\n"
    "  --observe SECONDS        (900)\n"
    "  --live SECONDS           fed second by second before the deploy (960; 3720)\n"
    "  --no-rivals\n"
    "  --out FILE, --commit SHA   a run file and the commit that it names\n";

// Reads the value of one option; false: it is not one.
using Read = std::function<bool(std::string_view value)>;

bool ReadCount(std::string_view text, int64_t* value) {
  const auto number = ParseUnsigned(text);
  if (!number || *number == 0 || *number > 1'000'000'000) return false;
  *value = static_cast<int64_t>(*number);
  return true;
}

bool ReadNumbers(std::string_view text, std::vector<double>* values) {
  values->clear();
  for (const std::string_view part : Split(text, ',')) {
    const auto number = ParseDouble(part);
    if (!number || *number < 0) return false;
    values->push_back(*number);
  }
  return !values->empty();
}

bool ReadModels(std::string_view text, std::vector<NoiseModel>* models) {
  models->clear();
  for (const std::string_view part : Split(text, ',')) {
    const NoiseModel* const model = NoiseModelNamed(part);
    if (model == nullptr) return false;
    models->push_back(*model);
  }
  return !models->empty();
}

bool ReadControls(std::string_view text, std::vector<ControlKind>* controls) {
  controls->clear();
  for (const std::string_view part : Split(text, ',')) {
    if (part == "none")
      controls->push_back(ControlKind::kNone);
    else if (part == "shared")
      controls->push_back(ControlKind::kShared);
    else if (part == "own")
      controls->push_back(ControlKind::kOwn);
    else
      return false;
  }
  return !controls->empty();
}

struct Valued {
  std::string_view name;
  Read read;
};

std::vector<Valued> ValuedOptions(Options* options) {
  RunSettings& run = options->run;
  const auto count = [](int64_t* value) { return [value](std::string_view text) { return ReadCount(text, value); }; };
  const auto numbers = [](std::vector<double>* values) {
    return [values](std::string_view text) { return ReadNumbers(text, values); };
  };
  const auto every_grid = [options](bool (*read)(std::string_view text, Grid * grid)) {
    return [=](std::string_view text) {
      return read(text, &options->grid) && read(text, &options->joint_grid) && read(text, &options->late_grid);
    };
  };
  const auto words = [](std::string* value) {
    return [value](std::string_view text) { return !(*value = std::string(text)).empty(); };
  };
  return {
      {"--runs", [=](std::string_view text) { return options->runs_given = ReadCount(text, &options->run.runs); }},
      {"--seed",
       [&run](std::string_view text) {
         run.seed = ParseUnsigned(text).value_or(0);
         return run.seed > 0;
       }},
      {"--jobs",
       [&run](std::string_view text) {
         run.jobs = static_cast<unsigned>(std::min<uint64_t>(ParseUnsigned(text).value_or(0), 256));
         return run.jobs > 0;
       }},
      {"--models", every_grid([](std::string_view text, Grid* grid) { return ReadModels(text, &grid->models); })},
      {"--rates",
       every_grid([](std::string_view text, Grid* grid) { return ReadNumbers(text, &grid->requests_per_second); })},
      {"--errors", every_grid([](std::string_view text, Grid* grid) { return ReadNumbers(text, &grid->error_rates); })},
      {"--effects", numbers(&options->effects)},
      {"--outages", numbers(&options->outages)},
      {"--controls", every_grid([](std::string_view text, Grid* grid) { return ReadControls(text, &grid->controls); })},
      {"--history-days", count(&run.trial.history_days)},
      {"--calibration-days",
       [&run](std::string_view text) {
         const auto days = ParseUnsigned(text);
         if (days) run.trial.calibration_days = static_cast<int64_t>(std::min<uint64_t>(*days, 14));
         return days.has_value();
       }},
      {"--trials-per-history", count(&run.trials_per_history)},
      {"--observe", count(&run.trial.observe_seconds)},
      {"--live",
       [&run](std::string_view text) {
         return ReadCount(text, &run.trial.live_seconds) && run.trial.live_seconds >= 400 &&
                run.trial.live_seconds % kHistoryBlockSeconds == 0;
       }},
      {"--out", words(&options->out)},
      {"--commit", words(&options->commit)},
  };
}

struct Flag {
  std::string_view name;
  bool* value;
};

}  // namespace

std::optional<Options> ReadOptions(std::span<const char* const> arguments) {
  Options options;
  bool no_rivals = false;
  const std::vector<Valued> valued = ValuedOptions(&options);
  const std::vector<Flag> flags = {{"--healthy", &options.healthy},   {"--delay", &options.delay},
                                   {"--validity", &options.validity}, {"--shared-outage", &options.shared_outage},
                                   {"--late", &options.late},         {"--fingerprints", &options.fingerprints},
                                   {"--quick", &options.quick},       {"--no-rivals", &no_rivals}};
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view name = arguments[i];
    const auto flag = std::find_if(flags.begin(), flags.end(), [name](const Flag& f) { return f.name == name; });
    const auto option = std::find_if(valued.begin(), valued.end(), [name](const Valued& v) { return v.name == name; });
    const auto joint = std::find_if(kJointModes.begin(), kJointModes.end(),
                                    [name](JointMode mode) { return name == "--" + std::string(NameOf(mode)); });
    bool good = flag != flags.end() || joint != kJointModes.end();
    if (flag != flags.end()) *flag->value = true;
    if (joint != kJointModes.end()) options.joint.push_back(*joint);
    if (option != valued.end() && i + 1 < arguments.size()) good = option->read(arguments[++i]);
    if (good) continue;
    std::fprintf(stderr, "detection_latency: %s\n%s", arguments[i], kUsage);
    return std::nullopt;
  }
  options.run.trial.judge_rivals = !no_rivals;
  const bool any = options.healthy || options.delay || options.validity || options.shared_outage || options.late ||
                   options.quick || options.fingerprints || !options.joint.empty();
  if (any) return options;
  std::fputs(kUsage, stderr);
  return std::nullopt;
}

}  // namespace revertd::bench
