#include "config/load_release_step.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/ascii.h"
#include "config/load_expectation.h"
#include "config/load_release.h"

namespace revertd {
namespace {

constexpr size_t kNameBytesMax = 80;
constexpr size_t kConditionsMax = 16;  // of a step; each is a program that is run again and again
constexpr size_t kRevisionDigitsMin = 7;
constexpr size_t kRevisionDigitsMax = 64;
constexpr DurationNs kGuardMax = 24 * kHourNs;

// The first is a letter or a digit: no option of a program, no hidden file. Part of a branch's name too, so git's word
// on the end holds as well.
bool IsName(std::string_view text) {
  const auto is_plain = [](char c) { return IsLetter(c) || IsDigit(c); };
  return !text.empty() && text.size() <= kNameBytesMax && is_plain(text.front()) && text.back() != '.' &&
         !text.ends_with(".lock") && text.find("..") == std::string_view::npos &&
         std::all_of(text.begin(), text.end(), [&](char c) { return is_plain(c) || c == '.' || c == '-' || c == '_'; });
}

// What git check-ref-format accepts, and no option, no range and no pattern of any git program.
bool IsBranch(std::string_view text) {
  const bool of_plain_bytes = std::all_of(text.begin(), text.end(), [](char c) {
    return c > ' ' && c < '\x7f' && std::string_view("~^:?*[\\").find(c) == std::string_view::npos;
  });
  const std::vector<std::string_view> parts = Split(text, '/');
  const bool of_plain_parts = std::all_of(parts.begin(), parts.end(), [](std::string_view part) {
    return !part.empty() && part.front() != '.' && part.back() != '.' && !part.ends_with(".lock");
  });
  return !text.empty() && text.front() != '-' && text != "@" && of_plain_bytes && of_plain_parts &&
         text.find("..") == std::string_view::npos && text.find("@{") == std::string_view::npos;
}

bool IsHexadecimal(std::string_view text) {
  return text.size() >= kRevisionDigitsMin && text.size() <= kRevisionDigitsMax &&
         std::all_of(text.begin(), text.end(), [](char c) { return HexDigit(c) >= 0; });
}

// The keys of a step may stand in any order, and what its commands may say hangs on some of them.
std::vector<std::string_view> WordsOf(const YamlNode& node) {
  const YamlNode* const promote = FindMember(node, "promote");
  ReleaseStep sketch;
  if (FindMember(node, "service") != nullptr) sketch.service = "any";
  if (promote != nullptr && FindMember(*promote, "command") != nullptr) sketch.promote.by = PromoteBy::kCommand;
  if (promote != nullptr && FindMember(*promote, "version") != nullptr) sketch.promote.version = "any";
  return ReleaseCommandWords(sketch);
}

}  // namespace

std::vector<std::string_view> ReleaseCommandWords(const ReleaseStep& step) {
  const bool by_command = step.promote.by == PromoteBy::kCommand;
  std::vector<std::string_view> words = {"{release}", "{environment}", "{step}"};
  if (!step.service.empty()) words.emplace_back("{service}");
  if (!by_command || !step.promote.version.empty()) words.emplace_back("{version}");
  if (!by_command) words.emplace_back("{before}");
  return words;
}

Status ReleaseStepReader::Step(const YamlNode& node, const std::string& path, ReleaseStep* step) const {
  const Words words = WordsOf(node);
  const auto promote = [&](const YamlNode& from, const std::string& at) {
    return Promote(from, at, words, &step->promote);
  };
  const auto inverse = [&](const YamlNode& from, const std::string& at) {
    return Inverse(from, at, words, &step->inverse);
  };
  const auto guard = [&](const YamlNode& from, const std::string& at) { return Guard(from, at, &step->guard); };
  const auto conditions = [&](const YamlNode& from, const std::string& at) {
    return Conditions(from, at, words, step);
  };
  REVERTD_RETURN_IF_ERROR(read_.Keys(node, path,
                                     {{"step", Name(&step->name)},
                                      {"service", Service(&step->service)},
                                      {"promote", promote},
                                      {"inverse", inverse},
                                      {"guard", guard},
                                      {"conditions", conditions},
                                      {"approval", read_.YesOrNo(&step->approval)}}));
  if (step->name.empty()) return read_.Error(node, path, "step expected: its name");
  if (FindMember(node, "promote") == nullptr) return read_.Error(node, path, "promote expected");
  REVERTD_RETURN_IF_ERROR(CheckPromote(*FindMember(node, "promote"), path + ".promote", *step));
  REVERTD_RETURN_IF_ERROR(CheckInverse(node, path, *step));
  return CheckVerdict(node, path, step);
}

MapReader::Read ReleaseStepReader::Name(std::string* name) const {
  return [this, name](const YamlNode& node, const std::string& path) {
    REVERTD_RETURN_IF_ERROR(read_.Text(name)(node, path));
    if (IsName(*name)) return OkStatus();
    return read_.WrongValue(node, path,
                            "a name of letters, digits, '.', '-' and '_', which begins with a letter or a digit, does "
                            "not end in '.' or \".lock\", holds no \"..\" and has at most " +
                                std::to_string(kNameBytesMax) + ",");
  };
}

MapReader::Read ReleaseStepReader::Service(std::string* name) const {
  return [this, name](const YamlNode& node, const std::string& path) {
    REVERTD_RETURN_IF_ERROR(read_.Text(name)(node, path));
    if (config_.FindService(*name) != nullptr) return OkStatus();
    std::vector<std::string_view> names;
    for (const ServiceConfig& service : config_.services) names.emplace_back(service.name);
    return read_.Error(
        node, path,
        "no service \"" + ShownText(*name) + "\" in the configuration" + MapReader::DidYouMean(*name, names));
  };
}

Status ReleaseStepReader::Promote(const YamlNode& node, const std::string& path, const Words& words,
                                  PromoteConfig* promote) const {
  REVERTD_RETURN_IF_ERROR(read_.Expect(node, path, YamlNode::Kind::kMap));
  constexpr std::array<PromoteBy, 3> kAll = {PromoteBy::kMerge, PromoteBy::kPullRequest, PromoteBy::kCommand};
  const auto is_given = [&node](PromoteBy by) { return FindMember(node, NameOf(by)) != nullptr; };
  if (std::count_if(kAll.begin(), kAll.end(), is_given) > 1) {
    return read_.Error(node, path, "one of merge, pull_request and command expected");
  }
  const auto by = std::find_if(kAll.begin(), kAll.end(), is_given);
  if (by != kAll.end()) promote->by = *by;
  if (promote->by == PromoteBy::kCommand) return PromoteByCommand(node, path, words, promote);
  // `command` is never read here; it is one of the keys that a misspelt one may have meant.
  REVERTD_RETURN_IF_ERROR(read_.Keys(node, path,
                                     {{"merge", Branch(&promote->source)},
                                      {"pull_request", Branch(&promote->source)},
                                      {"command", read_.Text(&promote->source)},
                                      {"revision", Revision(&promote->revision)}}));
  return by == kAll.end() ? read_.Error(node, path, "one of merge, pull_request and command expected") : OkStatus();
}

Status ReleaseStepReader::PromoteByCommand(const YamlNode& node, const std::string& path, const Words& words,
                                           PromoteConfig* promote) const {
  REVERTD_RETURN_IF_ERROR(read_.Keys(node, path,
                                     {{"command", actions_.Command(&promote->command, words)},
                                      {"verify", actions_.Command(&promote->verify, words)},
                                      {"version", read_.Text(&promote->version)}}));
  if (promote->verify.given()) return OkStatus();
  return read_.Error(node, path, "verify expected: after a crash it is asked whether the command is done");
}

MapReader::Read ReleaseStepReader::Branch(std::string* branch) const {
  return [this, branch](const YamlNode& node, const std::string& path) {
    REVERTD_RETURN_IF_ERROR(read_.Text(branch)(node, path));
    return IsBranch(*branch) ? OkStatus() : read_.WrongValue(node, path, "the name of a branch, like main,");
  };
}

MapReader::Read ReleaseStepReader::Revision(std::string* revision) const {
  return [this, revision](const YamlNode& node, const std::string& path) {
    REVERTD_RETURN_IF_ERROR(read_.Text(revision)(node, path));
    return IsHexadecimal(*revision) ? OkStatus()
                                    : read_.WrongValue(node, path, "a revision of 7 to 64 hexadecimal digits");
  };
}

Status ReleaseStepReader::Inverse(const YamlNode& node, const std::string& path, const Words& words,
                                  InverseConfig* inverse) const {
  if (node.kind == YamlNode::Kind::kScalar) {
    inverse->by = node.scalar == "none" ? InverseBy::kNone : InverseBy::kRevert;
    const bool known = node.scalar == NameOf(inverse->by);
    return known ? OkStatus() : read_.WrongValue(node, path, "revert, none, {none: WHY} or {command, verify}");
  }
  if (FindMember(node, "none") != nullptr) {
    inverse->by = InverseBy::kNone;
    return read_.Keys(node, path, {{"none", read_.Text(&inverse->why)}});
  }
  inverse->by = InverseBy::kCommand;
  REVERTD_RETURN_IF_ERROR(read_.Keys(node, path,
                                     {{"command", actions_.Command(&inverse->command, words)},
                                      {"verify", actions_.Command(&inverse->verify, words)}}));
  if (!inverse->command.given()) return read_.Error(node, path, "command expected");
  if (inverse->verify.given()) return OkStatus();
  return read_.Error(node, path, "verify expected: after a crash it is asked whether the step is undone");
}

Status ReleaseStepReader::Guard(const YamlNode& node, const std::string& path, GuardWindow* guard) const {
  REVERTD_RETURN_IF_ERROR(read_.Keys(node, path,
                                     {{"min", read_.Duration(&guard->min, 0, kGuardMax, "from 0s to 24h")},
                                      {"max", read_.Duration(&guard->max, kSecondNs, kGuardMax, "from 1s to 24h")},
                                      {"at_max", read_.Named(&AtMaxNamed, "hold, proceed or reverse", &guard->at_max)},
                                      {"verdict", read_.YesOrNo(&guard->verdict)}}));
  const YamlNode* const min = FindMember(node, "min");
  if (min == nullptr) guard->min = std::min(guard->min, guard->max);
  if (guard->min <= guard->max) return OkStatus();
  return read_.WrongValue(*min, path + ".min", "at most max, which is " + FormatDuration(guard->max) + ",");
}

Status ReleaseStepReader::Conditions(const YamlNode& node, const std::string& path, const Words& words,
                                     ReleaseStep* step) const {
  REVERTD_RETURN_IF_ERROR(read_.Expect(node, path, YamlNode::Kind::kSequence));
  if (node.items.size() > kConditionsMax) {
    return read_.Error(node, path, "at most " + std::to_string(kConditionsMax) + " conditions expected");
  }
  for (size_t i = 0; i < node.items.size(); ++i) {
    const YamlNode& item = node.items[i];
    const std::string at = path + "[" + std::to_string(i) + "]";
    ReleaseCondition condition;
    condition.command.time_limit = kMinuteNs;  // one that hangs answers nothing for as long
    REVERTD_RETURN_IF_ERROR(
        read_.Keys(item, at,
                   {{"condition", Name(&condition.name)},
                    {"command", actions_.Command(&condition.command, words)},
                    {"every", read_.Duration(&condition.every, kSecondNs, kHourNs, "from 1s to 1h")}}));
    if (condition.name.empty()) return read_.Error(item, at, "condition expected: its name");
    if (!condition.command.given()) return read_.Error(item, at, "command expected");
    const bool taken = std::any_of(step->conditions.begin(), step->conditions.end(),
                                   [&](const ReleaseCondition& other) { return other.name == condition.name; });
    if (taken) return read_.Error(item, at, "a second condition \"" + condition.name + "\"");
    step->conditions.push_back(std::move(condition));
  }
  return OkStatus();
}

Status ReleaseStepReader::CheckPromote(const YamlNode& node, const std::string& path, const ReleaseStep& step) const {
  if (step.promote.by == PromoteBy::kCommand) return OkStatus();
  const std::string key(NameOf(step.promote.by));
  const YamlNode& at = *FindMember(node, key);
  const std::string at_path = path + "." + key;
  const ServiceConfig* const service = config_.FindService(step.service);
  if (service == nullptr) return read_.Error(at, at_path, "needs a service: it is its repo that is promoted in");
  const RepoConfig* const repo = config_.FindRepo(service->repo);
  if (repo == nullptr) {
    return read_.Error(at, at_path, "service \"" + ShownText(step.service) + "\" has no repo in the configuration");
  }
  if (step.promote.by == PromoteBy::kPullRequest && !repo->forge) {
    return read_.Error(at, at_path, "repo \"" + ShownText(repo->name) + "\" has no forge where one could be opened");
  }
  if (step.promote.source != repo->branch) return OkStatus();
  return read_.Error(at, at_path,
                     "this is the branch of repo \"" + ShownText(repo->name) + "\" that it is promoted to");
}

Status ReleaseStepReader::CheckInverse(const YamlNode& node, const std::string& path, const ReleaseStep& step) const {
  if (step.promote.by != PromoteBy::kCommand || step.inverse.by != InverseBy::kRevert) return OkStatus();
  const YamlNode* const inverse = FindMember(node, "inverse");
  if (inverse == nullptr) return read_.Error(node, path, "inverse expected: a command, or none");
  return read_.Error(*inverse, path + ".inverse",
                     "a command, or none, expected: there is no push that git could revert");
}

// What has no service has no traffic that could be judged.
Status ReleaseStepReader::CheckVerdict(const YamlNode& node, const std::string& path, ReleaseStep* step) const {
  if (!step->service.empty()) return OkStatus();
  const YamlNode* const guard = FindMember(node, "guard");
  const YamlNode* const verdict = guard == nullptr ? nullptr : FindMember(*guard, "verdict");
  if (verdict != nullptr && step->guard.verdict) {
    return read_.Error(*verdict, path + ".guard.verdict", "needs a service: without its traffic there is no verdict");
  }
  step->guard.verdict = false;
  return OkStatus();
}

}  // namespace revertd
