#include "actions/deploy_log.h"

#include "actions/markdown.h"
#include "actions/record_tables.h"
#include "base/strings.h"
#include "base/time_format.h"

namespace revertd {
namespace {

std::string Item(std::string_view name, std::string_view markdown) {
  return "- " + std::string(name) + ": " + std::string(markdown) + "\n";
}

}  // namespace

std::string DeployLogMarkdown(const DeployLogFacts& facts) {
  const Deploy& deploy = facts.deploy;
  std::string text = "# Deploy " + MarkdownCode(deploy.id) + " of " + MarkdownCode(deploy.service) + "\n\n";
  if (facts.verdicts.empty()) {
    text += Item("verdict", "none");
  } else {
    const Verdict& last = facts.verdicts.back();
    text += Item("verdict", "**" + std::string(NameOf(last.state)) + "** (" + MarkdownCode(last.reason) + ")");
    text += Item("calibrated", last.calibrated ? "yes" : "no");
    if (last.state == VerdictState::kInconclusive) {
      text += Item("chance that a five-fold error rate would have been found", FormatPercent(last.power));
    }
  }
  text += Item("kind", NameOf(deploy.kind));
  text += Item("repo", MarkdownCode(deploy.repo));
  text += Item("served before", MarkdownCode(deploy.base));
  text += Item("deployed", MarkdownCode(deploy.head));
  if (!deploy.trigger_id.empty()) text += Item("undoes, for trigger", MarkdownCode(deploy.trigger_id));
  text += Item("started", FormatRfc3339(deploy.start_ns));
  text += Item("finished", deploy.finished() ? FormatRfc3339(deploy.finish_ns) : "not yet");
  text += "\n## Timeline\n\n" + TimelineTable(DeployMoments(deploy, facts.verdicts, facts.decisions));
  const std::string evidence = facts.verdicts.empty() ? "" : EvidenceTable(facts.verdicts.back().evidence);
  text += "\n## Evidence of the last verdict\n\n" + (evidence.empty() ? "None.\n" : evidence);
  const std::string errors = facts.verdicts.empty() ? "" : ErrorsTable(facts.verdicts.back().errors);
  if (!errors.empty()) text += "\nErrors that the application told of:\n\n" + errors;
  text += "\n## Decided\n\n";
  if (facts.decisions.empty()) text += "Nothing.\n";
  for (const Decision& decision : facts.decisions) {
    text += "- **" + std::string(NameOf(decision.kind)) + "** (" + MarkdownCode(decision.reason) + ")" +
            (decision.trigger_id.empty() ? "" : ", trigger " + MarkdownCode(decision.trigger_id)) + "\n";
  }
  return text;
}

}  // namespace revertd
