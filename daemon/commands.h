// The commands of docs/operations.md, one function each: options in, exit code out. cli.cc reads argv into the options;
// nothing here knows how they were spelled.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "config/config.h"

namespace revertd {

inline constexpr char kDefaultConfigPath[] = "/etc/revertd/revertd.yaml";

struct RunOptions {
  std::string config;
  bool use_io_uring = true;
  std::string simd = "auto";
};
ExitCode RunCommand(const RunOptions& options);
ExitCode ExecuteCommand(const std::string& config);

// Recorded logs, and how they are read.
struct LogOptions {
  std::string format = "auto";
  std::string timezone = "UTC";
  std::string simd = "auto";
  std::vector<std::string> paths;  // empty: stdin
};

struct ReplayOptions {
  std::string config;                // empty: defaults
  std::vector<std::string> deploys;  // SPECs
  std::string deploys_file;          // NDJSON
  std::vector<std::string> events;   // files of error events, NDJSON; then no LOG is no log
  bool windows = false;              // print what was counted, too
  LogOptions log;
};
ExitCode ReplayCommand(const ReplayOptions& options);

struct CalibrateOptions {
  std::string config;
  bool dry_run = false;  // the state is read, not written
  bool json = false;
  LogOptions log;
};
ExitCode CalibrateCommand(const CalibrateOptions& options);

struct ParseOptions {
  std::string format = "auto";
  std::string timezone = "UTC";
  std::vector<std::string> logs;
};
ExitCode ParseCommand(const ParseOptions& options);

struct DeployOptions {
  std::string config;
  std::string service;
  std::string repo;
  std::string base;
  std::string commit;
  std::string id;
  std::string at;   // empty: now
  std::string why;  // of an abandonment
};
ExitCode DeployStartCommand(const DeployOptions& options);
ExitCode DeployFinishCommand(const DeployOptions& options);
ExitCode DeployAbandonCommand(const DeployOptions& options);
ExitCode DeployListCommand(const std::string& config);
ExitCode DeployShowCommand(const std::string& config, const std::string& id);

struct RevertOptions {
  std::string config;
  std::string service;
  std::string commit;
  bool dry_run = false;
};
ExitCode RevertCommand(const RevertOptions& options);

ExitCode TriggerListCommand(const std::string& config);
ExitCode TriggerShowCommand(const std::string& config, const std::string& id);
ExitCode TriggerApproveCommand(const std::string& config, const std::string& id);
ExitCode TriggerDismissCommand(const std::string& config, const std::string& id, const std::string& why);

// `head`: "SEQ:HASH" that somebody kept; empty: none.
ExitCode AuditVerifyCommand(const std::string& config, const std::string& head);
ExitCode AuditExportCommand(const std::string& config);

struct IncidentAnswerOptions {
  std::string config;
  std::string id;
  std::string question;
  std::string text;
};
ExitCode IncidentListCommand(const std::string& config);
ExitCode IncidentShowCommand(const std::string& config, const std::string& id);
ExitCode IncidentAnswerCommand(const IncidentAnswerOptions& options);
ExitCode IncidentCloseCommand(const std::string& config, const std::string& id);

struct HealthOptions {
  std::string config;
  std::string service;         // empty: all
  bool fail_on_fatal = false;  // bad news then, where a check is fatal
  bool json = false;
};
ExitCode HealthCommand(const HealthOptions& options);

struct GuardOptions {
  std::string config;
  std::string repo;    // of the configuration; empty: found by the repository's URL
  std::string branch;  // empty: the repo's
  std::string path = ".";
  bool dry_run = false;
};
ExitCode GuardInstallCommand(const GuardOptions& options);
ExitCode GuardShowCommand(const GuardOptions& options);
ExitCode GuardRemoveCommand(const GuardOptions& options);

// What production became without anybody's deploy, looked for once (docs/release.md).
ExitCode DriftScanCommand(const std::string& config);

struct ReleaseOptions {
  std::string config;
  std::string file;         // of plan and run
  std::string id;           // of the others; empty: the one that has not ended, or the newest
  std::string environment;  // empty: any
  std::string step;
  std::string why;
  bool json = false;
  bool dry_run = false;
  bool keep = false;  // what is promoted stays
};
ExitCode ReleasePlanCommand(const ReleaseOptions& options);
ExitCode ReleaseRunCommand(const ReleaseOptions& options);
ExitCode ReleaseStatusCommand(const ReleaseOptions& options);
ExitCode ReleaseResumeCommand(const ReleaseOptions& options);
ExitCode ReleaseApproveCommand(const ReleaseOptions& options);
ExitCode ReleaseAbortCommand(const ReleaseOptions& options);

ExitCode CheckCommand(const std::string& config, bool list_fault_points);
ExitCode ExplainCommand(const std::string& config, const std::string& id);
ExitCode StatusCommand(const std::string& config);

// Says what went wrong in one line and answers the exit code that fits.
ExitCode Fail(const Status& status);
// Of what a person has named: what is not there, or is past what is asked of it, is wrong usage.
Status AsUsage(const Status& status);
// The file named, else kDefaultConfigPath, else an error that says what to do.
StatusOr<Config> ConfigOrFail(const std::string& path);
// state.db's neighbours.
std::string ExecutorDatabaseOf(const Config& config);
std::string FolderOf(const Config& config);

}  // namespace revertd
