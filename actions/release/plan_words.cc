#include "actions/release/plan_words.h"

#include <algorithm>

#include "actions/command_runner.h"
#include "actions/git.h"
#include "actions/guard_hooks.h"
#include "actions/release/release_tasks.h"
#include "actions/release/release_tools.h"
#include "actions/step.h"
#include "base/ascii.h"
#include "base/strings.h"
#include "base/time_format.h"

namespace revertd {
namespace {

std::string ShellWord(const std::string& text) {
  const auto is_plain = [](char c) {
    return IsLetter(c) || IsDigit(c) || std::string_view("-_./:=@,+%{}").find(c) != std::string_view::npos;
  };
  return !text.empty() && std::ranges::all_of(text, is_plain) ? text : QuoteForShell(text);
}

const RepoConfig* RepoOf(const Config& config, const ReleaseStep& step) {
  const ServiceConfig* const service = config.FindService(step.service);
  return service == nullptr ? nullptr : config.FindRepo(service->repo);
}

void AddDeployWords(const Config& config, const ReleaseFile& file, const ReleaseStep& step,
                    std::vector<std::string>* words) {
  const ServiceConfig* const service = config.FindService(step.service);
  if (service == nullptr) return;
  if (service->deploy.given()) words->push_back("deploy: " + CommandText(service->deploy, file, step));
  if (!service->running.given()) return;
  const RunningConfig& running = service->running;
  words->push_back("wait until " + service->name + " says that it runs it: " +
                   (running.command.given() ? CommandText(running.command, file, step) : WithoutPassword(running.url)));
}

// Rows as they are when only the last step is still watched.
std::vector<JournalRow> RowsBeforeTheEnd(const ReleaseFile& file) {
  std::vector<JournalRow> rows;
  const std::vector<const ReleaseStep*> steps = StepsInOrder(file);
  const auto add = [&](std::string row, std::string detail = "") {
    rows.push_back({file.id, std::move(row), 1, 1, std::string(kDone), std::move(detail)});
  };
  const std::string promotion = PromotionText({"before", "after", 1});
  for (const ReleaseStep* step : steps) {
    add(RowOf(step->name, ReleaseTaskKind::kPromote), promotion);
    if (step != steps.back()) add(RowOf(step->name, ReleaseTaskKind::kGuard));
  }
  for (const ReleaseStage& stage : file.stages) {
    if (&stage != &file.stages.back()) add(RowOf(stage.name, ReleaseTaskKind::kSoak));
  }
  return rows;
}

}  // namespace

std::string CommandText(const CommandConfig& command, const ReleaseFile& file, const ReleaseStep& step) {
  CommandWords known = {{"{release}", file.id}, {"{environment}", file.environment}, {"{step}", step.name}};
  if (!step.service.empty()) known.emplace_back("{service}", step.service);
  if (step.promote.by == PromoteBy::kCommand) known.emplace_back("{version}", step.promote.version);
  std::vector<std::string> words = FillIn(command, known);
  for (std::string& word : words) word = ShellWord(word);
  return Join(words, " ");
}

std::vector<std::string> PromoteWords(const Config& config, const ReleaseFile& file, const ReleaseStep& step,
                                      const std::string& source_head) {
  std::vector<std::string> words;
  if (step.promote.by == PromoteBy::kCommand) {
    words.push_back(CommandText(step.promote.command, file, step));
    words.push_back("verify: " + CommandText(step.promote.verify, file, step));
    return words;
  }
  const RepoConfig* const repo = RepoOf(config, step);
  if (repo == nullptr) return words;
  const std::string what = source_head.empty() ? step.promote.source : ShortRevision(source_head);
  const std::string url = WithoutPassword(repo->url);
  if (step.promote.by == PromoteBy::kPullRequest) {
    const std::string branch = ForgeBranch(file, step);
    words.push_back("git push " + url + " " + what + ":refs/heads/" + branch);
    words.push_back("open a pull request of " + branch + " into " + repo->branch + ", and merge it");
  } else {
    words.push_back("git merge --no-ff " + what + ", onto " + repo->branch + " in a private mirror");
    words.push_back("git push " + url + " HEAD:refs/heads/" + repo->branch);
  }
  AddDeployWords(config, file, step, &words);
  return words;
}

std::vector<std::string> InverseWords(const Config& config, const ReleaseFile& file, const ReleaseStep& step) {
  std::vector<std::string> words;
  switch (step.inverse.by) {
    case InverseBy::kNone:
      words.push_back("nothing undoes it" + (step.inverse.why.empty() ? "" : ": " + step.inverse.why));
      break;
    case InverseBy::kCommand:
      words.push_back(CommandText(step.inverse.command, file, step));
      words.push_back("verify: " + CommandText(step.inverse.verify, file, step));
      break;
    case InverseBy::kRevert: {
      const RepoConfig* const repo = RepoOf(config, step);
      if (repo == nullptr) break;
      const bool by_request = step.promote.by == PromoteBy::kPullRequest;
      words.emplace_back("git revert --mainline=1 of the merge that the step made");
      words.push_back(by_request ? "open a pull request into " + repo->branch
                                 : "git push " + WithoutPassword(repo->url) + " HEAD:refs/heads/" + repo->branch);
      AddDeployWords(config, file, step, &words);
      break;
    }
  }
  return words;
}

std::string WatchWords(const Config& config, const ReleaseStep& step) {
  std::vector<std::string> watches;
  if (step.guard.verdict && !step.service.empty()) watches.emplace_back("the detector's verdict");
  if (const ServiceConfig* const service = config.FindService(step.service)) {
    for (const HealthCheckConfig& check : service->health.checks) {
      if (check.fatal) watches.push_back("health check " + check.name);
    }
  }
  for (const ReleaseCondition& condition : step.conditions) watches.push_back("condition " + condition.name);
  return watches.empty() ? "nothing but time" : Join(watches, ", ");
}

std::string GuardWords(const Config& config, const ReleaseStep& step) {
  return "at least " + FormatDuration(step.guard.min) + ", at most " + FormatDuration(step.guard.max) + ", then " +
         std::string(NameOf(step.guard.at_max)) + "; " + WatchWords(config, step);
}

std::vector<NamedCommand> CommandsOf(const Config& config, const ReleaseStep& step) {
  std::vector<NamedCommand> commands;
  const auto add = [&](std::string what, const CommandConfig& command) {
    if (command.given()) commands.push_back({std::move(what), &command});
  };
  add("promote", step.promote.command);
  add("verify", step.promote.verify);
  add("inverse", step.inverse.command);
  add("inverse verify", step.inverse.verify);
  for (const ReleaseCondition& condition : step.conditions) add("condition " + condition.name, condition.command);
  if (const ServiceConfig* const service = config.FindService(step.service)) {
    if (step.promote.by != PromoteBy::kCommand) add("services." + service->name + ".deploy", service->deploy);
    add("services." + service->name + ".running", service->running.command);
  }
  return commands;
}

std::vector<std::string> WayBack(const ReleaseFile& file) {
  std::vector<std::string> names;
  const std::vector<const ReleaseStep*> steps = StepsInOrder(file);
  if (steps.empty()) return names;
  const ReleaseBreach breach{.step = steps.back()->name, .reason = "regressed", .detail = ""};
  for (const ReleaseStep* step : StepsToReverse(file, RowsBeforeTheEnd(file), breach)) names.push_back(step->name);
  return names;
}

}  // namespace revertd
