#include "config/load_release.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/time_zone.h"
#include "config/load_actions.h"
#include "config/load_expectation.h"
#include "config/load_release_step.h"
#include "config/map_reader.h"
#include "config/release_order.h"
#include "config/yaml_file.h"

namespace revertd {
namespace {

constexpr size_t kFreezeWindowsMax = 64;
constexpr DurationNs kDayNs = 24 * kHourNs;
constexpr std::array<std::string_view, 7> kDays = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

// "16:00" to minutes of the day.
std::optional<int> MinuteNamed(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  const auto hour = ParseUnsigned(text.substr(0, 2));
  const auto minute = ParseUnsigned(text.substr(3));
  if (!hour || !minute || *hour > 23 || *minute > 59) return std::nullopt;
  return static_cast<int>(*hour * 60 + *minute);
}

std::optional<bool> InverseRequiredNamed(std::string_view name) {
  if (name != "required" && name != "optional") return std::nullopt;
  return name == "required";
}

class ReleaseReader {
 public:
  ReleaseReader(std::string_view file, const Config& config)
      : read_(file), config_(config), steps_(read_, actions_, config) {}

  StatusOr<ReleaseFile> Read(const YamlNode& root) {
    const Status status = read_.Keys(
        root, "",
        {{"release", steps_.Name(&release_.id)},
         {"environment", steps_.Name(&release_.environment)},
         {"reverse", read_.Named(&ReverseScopeNamed, "since_healthy_point or failing_service", &release_.reverse)},
         {"inverse", read_.Named(&InverseRequiredNamed, "required or optional", &release_.inverse_required)},
         {"freeze", [this](const YamlNode& node, const std::string& path) { return Freeze(node, path); }},
         {"stages", [this](const YamlNode& node, const std::string& path) { return Stages(node, path); }}});
    if (!status.ok()) return status;
    if (release_.id.empty()) return read_.Error(root, "", "release expected: its name");
    const YamlNode* const stages = FindMember(root, "stages");
    if (stages == nullptr) return read_.Error(root, "", "stages expected");
    REVERTD_RETURN_IF_ERROR(CheckInverses(*stages));
    REVERTD_RETURN_IF_ERROR(SortStages(*stages));
    return std::move(release_);
  }

 private:
  static std::string Item(const std::string& path, size_t i) { return path + "[" + std::to_string(i) + "]"; }

  Status Freeze(const YamlNode& node, const std::string& path) {
    const auto zone = [this](const YamlNode& from, const std::string& at) {
      REVERTD_RETURN_IF_ERROR(read_.Text(&release_.time_zone)(from, at));
      const auto named = TimeZone::Named(release_.time_zone);
      return named.ok() ? OkStatus() : read_.Error(from, at, MessageOf(named.status()));
    };
    const auto windows = [this](const YamlNode& from, const std::string& at) {
      REVERTD_RETURN_IF_ERROR(read_.Expect(from, at, YamlNode::Kind::kSequence));
      if (from.items.size() > kFreezeWindowsMax) {
        return read_.Error(from, at, "at most " + std::to_string(kFreezeWindowsMax) + " windows expected");
      }
      for (size_t i = 0; i < from.items.size(); ++i) {
        REVERTD_RETURN_IF_ERROR(FreezeItem(from.items[i], Item(at, i)));
      }
      return OkStatus();
    };
    return read_.Keys(node, path, {{"zone", zone}, {"windows", windows}});
  }

  Status FreezeItem(const YamlNode& node, const std::string& path) {
    FreezeWindow window;
    DurationNs length = 0;
    const auto from_minute = [this, &window](const YamlNode& from, const std::string& at) {
      REVERTD_RETURN_IF_ERROR(read_.Expect(from, at, YamlNode::Kind::kScalar));
      const std::optional<int> minute = MinuteNamed(from.scalar);
      if (!minute) return read_.WrongValue(from, at, "a time of the day like \"16:00\"");
      window.from_minute = *minute;
      return OkStatus();
    };
    REVERTD_RETURN_IF_ERROR(
        read_.Keys(node, path,
                   {{"days", [&](const YamlNode& from, const std::string& at) { return Days(from, at, &window.days); }},
                    {"from", from_minute},
                    {"for", read_.Duration(&length, kMinuteNs, 7 * kDayNs, "from 1m to 7d")},
                    {"why", read_.Text(&window.why)}}));
    for (const std::string_view key : {"days", "from", "for"}) {
      if (FindMember(node, key) == nullptr) return read_.Error(node, path, std::string(key) + " expected");
    }
    if (length % kMinuteNs != 0) {
      return read_.WrongValue(*FindMember(node, "for"), path + ".for", "a whole number of minutes");
    }
    window.minutes = static_cast<int>(length / kMinuteNs);
    release_.freeze.push_back(std::move(window));
    return OkStatus();
  }

  Status Days(const YamlNode& node, const std::string& path, std::vector<int>* days) const {
    REVERTD_RETURN_IF_ERROR(
        read_.Texts(node, path, [&](const YamlNode& item, const std::string& at, const std::string& text) {
          const auto known = std::find(kDays.begin(), kDays.end(), text);
          if (known == kDays.end()) return read_.WrongValue(item, at, "mon, tue, wed, thu, fri, sat or sun");
          const int day = static_cast<int>(known - kDays.begin());
          if (std::find(days->begin(), days->end(), day) != days->end())
            return read_.Error(item, at, "the same day twice");
          days->push_back(day);
          return OkStatus();
        }));
    return days->empty() ? read_.Error(node, path, "a day expected") : OkStatus();
  }

  Status Stages(const YamlNode& node, const std::string& path) {
    REVERTD_RETURN_IF_ERROR(read_.Expect(node, path, YamlNode::Kind::kSequence));
    if (node.items.empty()) return read_.Error(node, path, "a stage expected");
    for (size_t i = 0; i < node.items.size(); ++i) REVERTD_RETURN_IF_ERROR(Stage(node.items[i], Item(path, i)));
    return OkStatus();
  }

  Status Stage(const YamlNode& node, const std::string& path) {
    ReleaseStage stage;
    const auto needs = [&](const YamlNode& from, const std::string& at) { return Needs(from, at, &stage.needs); };
    const auto steps = [&](const YamlNode& from, const std::string& at) { return Steps(from, at, &stage.steps); };
    REVERTD_RETURN_IF_ERROR(read_.Keys(node, path,
                                       {{"stage", steps_.Name(&stage.name)},
                                        {"needs", needs},
                                        {"steps", steps},
                                        {"soak", read_.Duration(&stage.soak, 0, kDayNs, "from 0s to 24h")},
                                        {"healthy_point", read_.YesOrNo(&stage.healthy_point)}}));
    if (stage.name.empty()) return read_.Error(node, path, "stage expected: its name");
    if (stage.steps.empty()) return read_.Error(node, path, "steps expected");
    const bool taken = std::any_of(release_.stages.begin(), release_.stages.end(),
                                   [&](const ReleaseStage& other) { return other.name == stage.name; });
    if (taken) return read_.Error(node, path, "a second stage \"" + stage.name + "\"");
    if (FindMember(node, "needs") == nullptr && !release_.stages.empty()) {
      stage.needs = {release_.stages.back().name};
    }
    release_.stages.push_back(std::move(stage));
    return OkStatus();
  }

  Status Needs(const YamlNode& node, const std::string& path, std::vector<std::string>* needs) const {
    if (node.items.size() > kReleaseStepsMax) {
      return read_.Error(node, path, "at most " + std::to_string(kReleaseStepsMax) + " stages expected");
    }
    return read_.Texts(node, path, [&](const YamlNode& item, const std::string& at, const std::string& name) {
      if (std::find(needs->begin(), needs->end(), name) != needs->end()) {
        return read_.Error(item, at, "the same stage twice");
      }
      needs->push_back(name);
      return OkStatus();
    });
  }

  Status Steps(const YamlNode& node, const std::string& path, std::vector<ReleaseStep>* steps) {
    REVERTD_RETURN_IF_ERROR(read_.Expect(node, path, YamlNode::Kind::kSequence));
    for (size_t i = 0; i < node.items.size(); ++i) {
      ReleaseStep step;
      REVERTD_RETURN_IF_ERROR(steps_.Step(node.items[i], Item(path, i), &step));
      REVERTD_RETURN_IF_ERROR(CheckOnce(node.items[i], Item(path, i), step));
      steps->push_back(std::move(step));
    }
    return OkStatus();
  }

  Status CheckOnce(const YamlNode& node, const std::string& path, const ReleaseStep& step) {
    if (step_names_.size() == kReleaseStepsMax) {
      return read_.Error(node, path, "more than " + std::to_string(kReleaseStepsMax) + " steps");
    }
    if (std::find(step_names_.begin(), step_names_.end(), step.name) != step_names_.end()) {
      return read_.Error(node, path, "a second step \"" + step.name + "\"");
    }
    step_names_.push_back(step.name);
    if (step.service.empty()) return OkStatus();
    const auto [owner, is_new] = service_owners_.try_emplace(step.service, step.name);
    if (!is_new) {
      return read_.Error(*FindMember(node, "service"), path + ".service",
                         "step \"" + owner->second + "\" promotes it already; a release promotes a service once");
    }
    if (step.promote.by == PromoteBy::kCommand) return OkStatus();
    const PromoteConfig& promote = step.promote;
    const auto merge = std::tuple(config_.FindService(step.service)->repo, promote.source, promote.revision);
    const auto [merger, is_first] = merge_owners_.try_emplace(merge, step.name);
    if (is_first) return OkStatus();
    return read_.Error(*FindMember(node, "promote"), path + ".promote",
                       "step \"" + merger->second + "\" merges the same into the same repo; nothing would be left");
  }

  // Once the whole file is read: `inverse` may stand below the steps.
  Status CheckInverses(const YamlNode& stages) const {
    if (!release_.inverse_required) return OkStatus();
    for (size_t i = 0; i < release_.stages.size(); ++i) {
      for (size_t j = 0; j < release_.stages[i].steps.size(); ++j) {
        if (release_.stages[i].steps[j].inverse.by != InverseBy::kNone) continue;
        const YamlNode& step = FindMember(stages.items[i], "steps")->items[j];
        return read_.Error(*FindMember(step, "inverse"), Item(Item("stages", i) + ".steps", j) + ".inverse",
                           "none, where the release says inverse: required");
      }
    }
    return OkStatus();
  }

  Status SortStages(const YamlNode& stages) {
    std::vector<std::string_view> names;
    for (const ReleaseStage& stage : release_.stages) names.emplace_back(stage.name);
    std::vector<std::vector<size_t>> needs(names.size());
    for (size_t i = 0; i < names.size(); ++i) {
      const std::vector<std::string>& wanted = release_.stages[i].needs;
      for (size_t j = 0; j < wanted.size(); ++j) {
        const auto found = std::find(names.begin(), names.end(), wanted[j]);
        if (found == names.end()) {
          return read_.Error(FindMember(stages.items[i], "needs")->items[j], Item(Item("stages", i) + ".needs", j),
                             "no stage \"" + ShownText(wanted[j]) + "\"" + MapReader::DidYouMean(wanted[j], names));
        }
        needs[i].push_back(static_cast<size_t>(found - names.begin()));
      }
    }
    const ReleaseOrder order = OrderOf(needs);
    if (!order.cycle.empty()) return Cycle(stages, names, order.cycle);
    std::vector<ReleaseStage> sorted;
    for (const size_t i : order.order) sorted.push_back(std::move(release_.stages[i]));
    release_.stages = std::move(sorted);
    return OkStatus();
  }

  Status Cycle(const YamlNode& stages, const std::vector<std::string_view>& names,
               const std::vector<size_t>& cycle) const {
    std::string round;
    for (const size_t i : cycle) round.append(names[i]).append(" -> ");
    round.append(names[cycle.front()]);
    // The first of a cycle needs itself or a later one, and only its own `needs` can have said so.
    return read_.Error(*FindMember(stages.items[cycle.front()], "needs"), Item("stages", cycle.front()) + ".needs",
                       "stages that need one another: " + round);
  }

  const MapReader read_;
  const Config& config_;
  const ActionsReader actions_{read_};
  const ReleaseStepReader steps_;
  ReleaseFile release_ = {.id = "", .environment = "production", .stages = {}};
  std::vector<std::string> step_names_;
  std::map<std::string, std::string> service_owners_;                                      // service to step
  std::map<std::tuple<std::string, std::string, std::string>, std::string> merge_owners_;  // repo, branch, revision
};

}  // namespace

StatusOr<ReleaseFile> ParseRelease(std::string_view yaml, std::string_view name, const Config& config) {
  const auto root = ParseYaml(yaml, name);
  if (!root.ok()) return root.status();
  auto release = ReleaseReader(name, config).Read(*root);
  if (release.ok()) release->text = yaml;
  return release;
}

StatusOr<ReleaseFile> LoadRelease(const std::string& path, const Config& config) {
  const auto text = ReadYamlFile(path, "the release file", kReleaseFileBytesMax);
  return text.ok() ? ParseRelease(*text, path, config) : text.status();
}

}  // namespace revertd
