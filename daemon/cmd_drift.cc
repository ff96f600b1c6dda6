// `revertd drift scan`: what production became without anybody's deploy, looked for now, by this process. The executor
// does the same every hour and tells people.
#include <unistd.h>

#include "actions/drift/drift_scan.h"
#include "actions/process.h"
#include "daemon/commands.h"
#include "daemon/output.h"

namespace revertd {
namespace {

Status Print(const DriftReport& report, TimeNs now_ns) {
  OutputWriter out(STDOUT_FILENO);
  for (const DriftFinding& finding : report.findings) REVERTD_RETURN_IF_ERROR(out.Line(ToJson(finding, now_ns)));
  REVERTD_RETURN_IF_ERROR(out.Line(SummaryJson(report, now_ns)));
  return out.Flush();
}

std::string Counted(size_t count, std::string_view what) {
  return std::to_string(count) + " " + std::string(what) + (count == 1 ? "" : "s");
}

void SayForPeople(const DriftReport& report) {
  for (const DriftFinding& finding : report.findings) Say(finding.kind + ": " + finding.text);
  for (const std::string& note : report.notes) Say("note: " + note);
  Say(Counted(report.findings.size(), "finding") + "; looked at " + Counted(static_cast<size_t>(report.repos), "repo") +
      ", " + Counted(static_cast<size_t>(report.work_trees), "work tree") + " and " +
      Counted(static_cast<size_t>(report.services), "service") + " that say what they run");
}

}  // namespace

ExitCode DriftScanCommand(const std::string& config_path) {
  const auto config = ConfigOrFail(config_path);
  if (!config.ok()) return Fail(config.status());
  if (!HasDriftToLookFor(*config)) {
    Say("nothing that could drift is configured: nothing was looked at (repos, services.NAME.running, drift)");
  }
  SystemClock clock;
  const DriftReport report = LookForDrift(*config, FolderOf(*config), OwnEnvironment(), &clock, nullptr);
  if (const Status printed = Print(report, clock.Now()); !printed.ok()) return Fail(printed);
  if (IsTerminal(STDERR_FILENO)) SayForPeople(report);
  if (report.saw_nothing()) return ExitCode::kWorldFailed;
  return report.findings.empty() ? ExitCode::kDone : ExitCode::kBadNews;
}

}  // namespace revertd
