#include "daemon/cli.h"

#include <CLI/CLI.hpp>

#include <csignal>
#include <exception>
#include <functional>
#include <string>

#include "daemon/commands.h"
#include "daemon/output.h"

namespace revertd {
namespace {

constexpr char kFooter[] =
    "Exit codes: 0 done; 1 the answer is bad news; 2 wrong usage or configuration; 3 the world failed.\n"
    "Machine output is NDJSON on stdout, words for people go to stderr.";

// Everything the commands may be given; CLI11 fills it, one command reads it.
struct Arguments {
  std::string config;
  RunOptions run;
  ReplayOptions replay;
  CalibrateOptions calibrate;
  ParseOptions parse;
  DeployOptions deploy;
  RevertOptions revert;
  IncidentAnswerOptions answer;
  HealthOptions health;
  GuardOptions guard;
  ReleaseOptions release;
  std::string head;
  std::string id;
  std::string why;
  bool read_only_io = false;
  bool list_fault_points = false;
};

using Chosen = std::function<ExitCode()>;

CLI::App* Add(CLI::App& parent, const std::string& name, const std::string& does, const std::string& example) {
  CLI::App* command = parent.add_subcommand(name, does);
  command->footer("Example:\n  " + example);
  return command;
}

void AddConfig(CLI::App* command, Arguments& arguments) {
  command
      ->add_option("--config", arguments.config, "configuration file (default " + std::string(kDefaultConfigPath) + ")")
      ->type_name("FILE");
}

void AddTimezone(CLI::App* command, std::string& timezone) {
  command
      ->add_option("--timezone", timezone, "zone of times logged without one: UTC, local, or a name like Europe/Berlin")
      ->type_name("NAME")
      ->capture_default_str();
}

void AddSimd(CLI::App* command, std::string& simd) {
  command->add_option("--simd", simd, "instructions to read lines with: auto, avx512, avx2 or portable")
      ->type_name("NAME")
      ->capture_default_str();
}

void AddLog(CLI::App* command, LogOptions& log) {
  command->add_option("--format", log.format, "format of the lines")->capture_default_str();
  AddTimezone(command, log.timezone);
  AddSimd(command, log.simd);
  command->add_option("LOG", log.paths, "log files, - for standard input (default)");
}

void AddPipeline(CLI::App& app, Arguments& arguments, Chosen& chosen) {
  CLI::App* run = Add(app, "run", "the sidecar: ingest, detect, decide, and act as far as each service's mode allows",
                      "tail -n0 -F /var/log/nginx/access.log | revertd run --config revertd.yaml");
  AddConfig(run, arguments);
  run->add_flag("--no-io-uring", arguments.read_only_io, "read with read() even where the kernel has io_uring");
  AddSimd(run, arguments.run.simd);
  run->callback([&] {
    arguments.run.config = arguments.config;
    arguments.run.use_io_uring = !arguments.read_only_io;
    chosen = [&] { return RunCommand(arguments.run); };
  });

  CLI::App* execute = Add(app, "execute", "the executor alone, where the configuration says `execute: apart`",
                          "revertd execute --config revertd.yaml");
  AddConfig(execute, arguments);
  execute->callback([&] { chosen = [&] { return ExecuteCommand(arguments.config); }; });

  CLI::App* replay =
      Add(app, "replay", "the same pipeline over recorded logs on the logs' clock; prints events, never acts",
          "revertd replay --deploy service=checkout,at=2026-11-21T10:00:00Z access.log");
  AddConfig(replay, arguments);
  replay
      ->add_option("--deploy", arguments.replay.deploys,
                   "a deploy to judge: service=NAME,at=TIME[,until=TIME][,commit=SHA][,base=SHA][,repo=NAME][,id=ID]")
      ->type_name("SPEC")
      ->allow_extra_args(false);  // one a flag: what follows is a LOG
  replay->add_option("--deploys", arguments.replay.deploys_file, "the same keys as NDJSON")->type_name("FILE");
  replay
      ->add_option("--events", arguments.replay.events,
                   "error events as Sentry's SDKs send them, one a line; without a LOG on their own clock")
      ->type_name("FILE")
      ->allow_extra_args(false);
  replay->add_flag("--windows", arguments.replay.windows, "print what was counted of each service in each second");
  AddLog(replay, arguments.replay.log);
  replay->callback([&] {
    arguments.replay.config = arguments.config;
    chosen = [&] { return ReplayCommand(arguments.replay); };
  });

  CLI::App* calibrate = Add(
      app, "calibrate", "plays pretend deploys over recorded logs and fills the state, so that run starts calibrated",
      "revertd calibrate --config revertd.yaml /var/log/nginx/access.log.1 /var/log/nginx/access.log");
  AddConfig(calibrate, arguments);
  calibrate->add_flag("--dry-run", arguments.calibrate.dry_run, "print the result; write nothing");
  calibrate->add_flag("--json", arguments.calibrate.json, "print one object a service and a summary, not a table");
  AddLog(calibrate, arguments.calibrate.log);
  calibrate->callback([&] {
    arguments.calibrate.config = arguments.config;
    chosen = [&] { return CalibrateCommand(arguments.calibrate); };
  });

  CLI::App* parse = Add(app, "parse", "one JSON object a line of log", "revertd parse access.log | head -n 3");
  parse->add_option("--format", arguments.parse.format, "format of the lines; sentry: error events")
      ->capture_default_str();
  AddTimezone(parse, arguments.parse.timezone);
  parse->add_option("LOG", arguments.parse.logs, "log files, - for standard input (default)");
  parse->callback([&] { chosen = [&] { return ParseCommand(arguments.parse); }; });
}

void AddDeploy(CLI::App& app, Arguments& arguments, Chosen& chosen) {
  CLI::App* deploy = app.add_subcommand("deploy", "registers deploys with the running sidecar, and shows them");
  deploy->require_subcommand(1);

  CLI::App* start = Add(*deploy, "start", "a deploy begins; prints its id",
                        "revertd deploy start --service checkout --commit 3f2a91c0 --base 91ab34de");
  AddConfig(start, arguments);
  start->add_option("--service", arguments.deploy.service, "service that is deployed")->required();
  start->add_option("--commit", arguments.deploy.commit, "revision deployed; without it the deploy is never acted on");
  start->add_option("--base", arguments.deploy.base,
                    "revision that served before (default: the commit's first parent)");
  start->add_option("--repo", arguments.deploy.repo, "repo of the commit (default: the service's)");
  start->add_option("--id", arguments.deploy.id, "id of the deploy (default: made of service and time)");
  start->add_option("--at", arguments.deploy.at, "time, RFC 3339 or Unix seconds (default: now)");
  start->callback([&] {
    arguments.deploy.config = arguments.config;
    chosen = [&] { return DeployStartCommand(arguments.deploy); };
  });

  CLI::App* finish = Add(*deploy, "finish", "a deploy has ended: the new version serves",
                         "revertd deploy finish --id checkout-1763719200");
  AddConfig(finish, arguments);
  finish->add_option("--id", arguments.deploy.id, "id that `deploy start` printed")->required();
  finish->add_option("--at", arguments.deploy.at, "time, RFC 3339 or Unix seconds (default: now)");
  finish->callback([&] {
    arguments.deploy.config = arguments.config;
    chosen = [&] { return DeployFinishCommand(arguments.deploy); };
  });

  CLI::App* abandon = Add(*deploy, "abandon", "a deploy has failed or was cancelled: nobody is judged for it",
                          "revertd deploy abandon --id checkout-1763719200 --why 'the rollout timed out'");
  AddConfig(abandon, arguments);
  abandon->add_option("--id", arguments.deploy.id, "id that `deploy start` printed")->required();
  abandon->add_option("--why", arguments.deploy.why, "kept with the deploy");
  abandon->add_option("--at", arguments.deploy.at, "time, RFC 3339 or Unix seconds (default: now)");
  abandon->callback([&] {
    arguments.deploy.config = arguments.config;
    chosen = [&] { return DeployAbandonCommand(arguments.deploy); };
  });

  CLI::App* list = Add(*deploy, "list", "deploys that the sidecar knows", "revertd deploy list");
  AddConfig(list, arguments);
  list->callback([&] { chosen = [&] { return DeployListCommand(arguments.config); }; });

  CLI::App* show =
      Add(*deploy, "show", "one deploy with its verdicts and events", "revertd deploy show checkout-1763719200");
  AddConfig(show, arguments);
  show->add_option("ID", arguments.id)->required();
  show->callback([&] { chosen = [&] { return DeployShowCommand(arguments.config, arguments.id); }; });
}

void AddTrigger(CLI::App& app, Arguments& arguments, Chosen& chosen) {
  CLI::App* trigger = app.add_subcommand("trigger", "what was decided, and a person's word on a proposed rollback");
  trigger->require_subcommand(1);

  CLI::App* list = Add(*trigger, "list", "all triggers", "revertd trigger list");
  AddConfig(list, arguments);
  list->callback([&] { chosen = [&] { return TriggerListCommand(arguments.config); }; });

  CLI::App* show = Add(*trigger, "show", "one trigger with its evidence and its journal", "revertd trigger show ID");
  AddConfig(show, arguments);
  show->add_option("ID", arguments.id)->required();
  show->callback([&] { chosen = [&] { return TriggerShowCommand(arguments.config, arguments.id); }; });

  CLI::App* approve = Add(*trigger, "approve", "lets a proposed rollback go ahead", "revertd trigger approve ID");
  AddConfig(approve, arguments);
  approve->add_option("ID", arguments.id)->required();
  approve->callback([&] { chosen = [&] { return TriggerApproveCommand(arguments.config, arguments.id); }; });

  CLI::App* dismiss = Add(*trigger, "dismiss", "refuses a proposed rollback",
                          "revertd trigger dismiss ID --why 'known, fixed forward'");
  AddConfig(dismiss, arguments);
  dismiss->add_option("ID", arguments.id)->required();
  dismiss->add_option("--why", arguments.why, "kept with the trigger")->required();
  dismiss->callback(
      [&] { chosen = [&] { return TriggerDismissCommand(arguments.config, arguments.id, arguments.why); }; });
}

void AddIncident(CLI::App& app, Arguments& arguments, Chosen& chosen) {
  CLI::App* incident = app.add_subcommand("incident", "post-mortem records of rollbacks, and what people say to them");
  incident->require_subcommand(1);

  CLI::App* list = Add(*incident, "list", "all records", "revertd incident list");
  AddConfig(list, arguments);
  list->callback([&] { chosen = [&] { return IncidentListCommand(arguments.config); }; });

  CLI::App* show = Add(*incident, "show", "one record as Markdown", "revertd incident show ID");
  AddConfig(show, arguments);
  show->add_option("ID", arguments.id, "the trigger's id")->required();
  show->callback([&] { chosen = [&] { return IncidentShowCommand(arguments.config, arguments.id); }; });

  CLI::App* answer = Add(*incident, "answer", "answers one of a record's questions, or answers it anew",
                         "revertd incident answer ID --question why_review --text 'the flag hid the new path'");
  AddConfig(answer, arguments);
  answer->add_option("ID", arguments.answer.id, "the trigger's id")->required();
  answer->add_option("--question", arguments.answer.question, "as the record names it")->required();
  answer->add_option("--text", arguments.answer.text, "the answer")->required();
  answer->callback([&] {
    arguments.answer.config = arguments.config;
    chosen = [&] { return IncidentAnswerCommand(arguments.answer); };
  });

  CLI::App* close =
      Add(*incident, "close", "closes a record whose questions are all answered", "revertd incident close ID");
  AddConfig(close, arguments);
  close->add_option("ID", arguments.id, "the trigger's id")->required();
  close->callback([&] { chosen = [&] { return IncidentCloseCommand(arguments.config, arguments.id); }; });
}

void AddAudit(CLI::App& app, Arguments& arguments, Chosen& chosen) {
  CLI::App* audit = app.add_subcommand("audit", "the trail of everything that the executor did");
  audit->require_subcommand(1);

  CLI::App* verify = Add(*audit, "verify", "whether the trail is whole and unchanged; exit code 1 where it is not",
                         "revertd audit verify --head 41:9f2c...");
  AddConfig(verify, arguments);
  verify->add_option("--head", arguments.head, "a head that a revert's trailer or a message named")
      ->type_name("SEQ:HASH");
  verify->callback([&] { chosen = [&] { return AuditVerifyCommand(arguments.config, arguments.head); }; });

  CLI::App* all = Add(*audit, "export", "the whole trail, one object a row", "revertd audit export");
  AddConfig(all, arguments);
  all->callback([&] { chosen = [&] { return AuditExportCommand(arguments.config); }; });
}

void AddGuard(CLI::App& app, Arguments& arguments, Chosen& chosen) {
  CLI::App* guard = app.add_subcommand("guard", "git hooks that keep direct commits off the production branch");
  guard->require_subcommand(1);
  const auto add = [&](const std::string& name, const std::string& does, const std::string& example,
                       ExitCode (*command)(const GuardOptions&)) {
    CLI::App* added = Add(*guard, name, does, example);
    added->add_option("PATH", arguments.guard.path, "work tree or bare repository")->capture_default_str();
    added->callback([&, command] {
      arguments.guard.config = arguments.config;
      chosen = [&, command] { return command(arguments.guard); };
    });
    return added;
  };
  CLI::App* install = add("install", "installs them, or brings them up to date; hooks of others are kept and asked",
                          "revertd guard install --branch production /srv/git/shop.git", GuardInstallCommand);
  CLI::App* show = add("show", "which are installed; exit code 1 where one is missing or changed",
                       "revertd guard show /srv/git/shop.git", GuardShowCommand);
  CLI::App* remove = add("remove", "removes them, and puts back what stood there before",
                         "revertd guard remove /srv/git/shop.git", GuardRemoveCommand);
  for (CLI::App* command : {install, show}) {
    AddConfig(command, arguments);
    command->add_option("--repo", arguments.guard.repo, "repo of the configuration (default: by the origin's URL)")
        ->type_name("NAME");
    command->add_option("--branch", arguments.guard.branch, "branch to guard (default: the repo's, else production)")
        ->type_name("NAME");
  }
  for (CLI::App* command : {install, remove}) {
    command->add_flag("--dry-run", arguments.guard.dry_run, "print what would be done; change nothing");
  }
}

void AddDrift(CLI::App& app, Arguments& arguments, Chosen& chosen) {
  CLI::App* drift = app.add_subcommand("drift", "what production became without anybody's deploy");
  drift->require_subcommand(1);

  CLI::App* scan = Add(*drift, "scan", "looks for it now, one object a finding; exit code 1 where there is any",
                       "revertd drift scan --config revertd.yaml");
  AddConfig(scan, arguments);
  scan->callback([&] { chosen = [&] { return DriftScanCommand(arguments.config); }; });
}

void AddRelease(CLI::App& app, Arguments& arguments, Chosen& chosen) {
  CLI::App* release =
      app.add_subcommand("release", "promotes services one after another, and undoes them together where one breaks");
  release->require_subcommand(1);
  ReleaseOptions& options = arguments.release;
  const auto add = [&](const std::string& name, const std::string& does, const std::string& example,
                       ExitCode (*command)(const ReleaseOptions&)) {
    CLI::App* added = Add(*release, name, does, example);
    AddConfig(added, arguments);
    added->callback([&, command] {
      arguments.release.config = arguments.config;
      chosen = [&, command] { return command(arguments.release); };
    });
    return added;
  };
  CLI::App* plan =
      add("plan", "what it would do and how each step is undone; exit code 1 where something is in its way",
          "revertd release plan prices.yaml", ReleasePlanCommand);
  CLI::App* run = add("run", "carries it out in the foreground; exit code 1 where it does not end with everything done",
                      "revertd release run prices.yaml", ReleaseRunCommand);
  CLI::App* status = add("status", "how releases stand: the one named, else the newest of each environment",
                         "revertd release status", ReleaseStatusCommand);
  CLI::App* resume = add("resume", "goes on with one that was stopped, killed or halted",
                         "revertd release resume 2026-11-23-prices", ReleaseResumeCommand);
  CLI::App* approve = add("approve", "lets a step begin, or go on; or says that it was undone by hand",
                          "revertd release approve 2026-11-23-prices payments", ReleaseApproveCommand);
  CLI::App* abort = add("abort", "undoes what is promoted", "revertd release abort 2026-11-23-prices --why 'wrong day'",
                        ReleaseAbortCommand);
  for (CLI::App* command : {plan, run}) command->add_option("FILE", options.file, "release file")->required();
  for (CLI::App* command : {plan, status}) command->add_flag("--json", options.json, "print objects, not text");
  run->add_flag("--dry-run", options.dry_run, "plan, rehearse and ask everything once; change nothing");
  for (CLI::App* command : {status, resume}) command->add_option("ID", options.id, "release");
  for (CLI::App* command : {approve, abort}) command->add_option("ID", options.id, "release")->required();
  for (CLI::App* command : {status, resume}) {
    command->add_option("--environment", options.environment, "of this environment alone")->type_name("NAME");
  }
  approve->add_option("STEP", options.step, "step")->required();
  abort->add_flag("--keep", options.keep, "leave what is promoted as it is");
  abort->add_option("--why", options.why, "kept with the release");
}

void AddRest(CLI::App& app, Arguments& arguments, Chosen& chosen) {
  CLI::App* revert =
      Add(app, "revert", "a person's own rollback, through the same plan, guards, journal and verification",
          "revertd revert --service checkout --commit 3f2a91c0 --dry-run");
  AddConfig(revert, arguments);
  revert->add_option("--service", arguments.revert.service, "service whose repo is meant")->required();
  revert->add_option("--commit", arguments.revert.commit, "revision to undo")->required();
  revert->add_flag("--dry-run", arguments.revert.dry_run, "print the plan and the result; change nothing");
  revert->callback([&] {
    arguments.revert.config = arguments.config;
    chosen = [&] { return RevertCommand(arguments.revert); };
  });

  CLI::App* check = Add(app, "check", "tests configuration, state, git and remotes without acting",
                        "revertd check --config revertd.yaml");
  AddConfig(check, arguments);
  check->add_flag("--list-fault-points", arguments.list_fault_points, "print the names of the executor's fault points");
  check->callback([&] { chosen = [&] { return CheckCommand(arguments.config, arguments.list_fault_points); }; });

  CLI::App* health = Add(app, "health", "asks every configured health check once, whether or not the sidecar runs",
                         "revertd health --service checkout --fail-on-fatal");
  AddConfig(health, arguments);
  health->add_option("--service", arguments.health.service, "service whose checks are asked (default: all)")
      ->type_name("NAME");
  health->add_flag("--fail-on-fatal", arguments.health.fail_on_fatal, "exit code 1 where a check is fatal");
  health->add_flag("--json", arguments.health.json, "print one object a check, not a table");
  health->callback([&] {
    arguments.health.config = arguments.config;
    chosen = [&] { return HealthCommand(arguments.health); };
  });

  CLI::App* explain = Add(app, "explain", "what happened and why, of a trigger or a deploy",
                          "revertd explain checkout-3f2a91c0-1763719200");
  AddConfig(explain, arguments);
  explain->add_option("ID", arguments.id, "trigger or deploy")->required();
  explain->callback([&] { chosen = [&] { return ExplainCommand(arguments.config, arguments.id); }; });

  CLI::App* status = Add(app, "status", "state of the running sidecar", "revertd status");
  AddConfig(status, arguments);
  status->callback([&] { chosen = [&] { return StatusCommand(arguments.config); }; });
}

}  // namespace

int RunCli(int argc, char** argv) {
  // A reader that went away is a write that fails, not a signal that kills.
  std::signal(SIGPIPE, SIG_IGN);
  Arguments arguments;
  Chosen chosen;
  CLI::App app("revertd watches access logs, judges every deploy, and reverts the guilty merge in git.", "revertd");
  app.footer(kFooter);
  app.set_version_flag("--version", REVERTD_VERSION);
  app.require_subcommand(1);
  AddPipeline(app, arguments, chosen);
  AddDeploy(app, arguments, chosen);
  AddTrigger(app, arguments, chosen);
  AddIncident(app, arguments, chosen);
  AddAudit(app, arguments, chosen);
  AddGuard(app, arguments, chosen);
  AddDrift(app, arguments, chosen);
  AddRelease(app, arguments, chosen);
  AddRest(app, arguments, chosen);
  try {
    app.parse(argc, argv);
    return static_cast<int>(chosen());
  } catch (const CLI::ParseError& error) {
    // --help and --version come this way too, with code 0.
    return app.exit(error) == 0 ? static_cast<int>(ExitCode::kDone) : static_cast<int>(ExitCode::kUsage);
  } catch (const std::exception& error) {
    // Only the standard library can throw here (no memory, a thread that cannot start).
    Say(error.what());
    return static_cast<int>(ExitCode::kWorldFailed);
  }
}

}  // namespace revertd
