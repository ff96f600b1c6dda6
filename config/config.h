// The configuration as plain values. Every default works with no file at all; load.h reads a file into this.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/limits.h"
#include "base/window_detail.h"
#include "config/listen_address.h"

namespace revertd {

// The ladder of trust: record, tell, ask a person, act.
enum class Mode { kObserve, kAlert, kPropose, kPush };
std::string_view NameOf(Mode mode);
std::optional<Mode> ModeNamed(std::string_view name);

struct SourceConfig {
  enum class Kind { kStdin, kFile, kSyslog };
  Kind kind = Kind::kStdin;
  std::string format = "auto";                 // a name of ingest/format/format.h, a description "KIND:TEXT", or "auto"
  std::string timezone = "local";              // of times that are logged without one (base/time_zone.h)
  DurationNs stale_after_ns = 45 * kSecondNs;  // silence of this length is an event; told within a minute
  std::string path;                            // of a file
  bool from_start = false;                     // of a file that is there at the very first start: read it whole
  ListenAddress listen;                        // of syslog
  unsigned socket_mode = 0660;                 // of syslog on a unix socket: the permissions of its file
};

// A line belongs to a service if its host equals `host` (lower case, no port; empty: any host) and its path starts
// with `path` (empty: any path). The longest path wins, then a named host over any host.
struct MatchConfig {
  std::string host;
  std::string path;
};

// A program that a rollback runs, without a shell. {service}, {bad}, {good} and {trigger} in an argument are replaced.
struct CommandConfig {
  std::vector<std::string> argv;  // empty: none
  DurationNs time_limit = 10 * kMinuteNs;

  bool given() const { return !argv.empty(); }
};

// What a rollback of the service does.
enum class RollbackBy {
  kRevert,   // reverts the deploy's commits on the repo's branch
  kVersion,  // has the last good version deployed again by ServiceConfig::version; git is not touched
};
std::string_view NameOf(RollbackBy by);
std::optional<RollbackBy> RollbackByNamed(std::string_view name);

// What becomes of requests and jobs that the bad version holds: the drain command's {in_flight}.
enum class InFlight { kCompleteOld, kCompleteNew, kCancel };
std::string_view NameOf(InFlight policy);
std::optional<InFlight> InFlightNamed(std::string_view name);

// Where a secret stands: never in the configuration itself.
struct SecretConfig {
  std::string file;
  std::string env;

  bool given() const { return !file.empty() || !env.empty(); }
};

// What a text must be: equal, or with a match of an RE2 expression in it. Neither given: anything that is there.
struct TextRule {
  std::optional<std::string> equals;
  std::optional<std::string> matches;
};

struct HeaderRule {
  std::string name;  // lower case
  TextRule value;
};

// Of one value of a JSON body. Numbers are compared as numbers, all else as text.
struct JsonRule {
  std::string pointer;  // RFC 6901; empty: the whole body
  TextRule value;
  std::optional<double> min;
  std::optional<double> max;
};

// What an answer must be to be healthy; what is not given is not asked.
struct HealthExpectation {
  std::vector<std::pair<int, int>> statuses = {{200, 299}};  // first and last
  std::vector<HeaderRule> headers = {};
  std::string body_contains = {};
  std::string body_matches = {};  // RE2
  std::vector<JsonRule> json = {};
  DurationNs latency_max = 0;                    // of the whole answer; 0: only the timeout
  std::optional<int64_t> certificate_days = {};  // TLS: that the certificate is still valid for
};

// A question to a service, asked again and again, whose answer is looked into (docs/health.md).
struct HealthCheckConfig {
  enum class Kind { kHttp, kPrometheus };
  std::string name;  // unique in its service
  Kind kind = Kind::kHttp;
  std::string url;  // of Prometheus its base: http://HOST:9090
  std::string method = "GET";
  std::vector<std::pair<std::string, std::string>> headers = {};
  SecretConfig token = {};   // sent as `Authorization: Bearer`
  std::string ca_file = {};  // trusted instead of the system's
  std::string query = {};    // of Prometheus; its result is one number
  bool fatal = true;         // false: a failure is a warning, and never evidence
  DurationNs every = 15 * kSecondNs;
  DurationNs timeout = 5 * kSecondNs;    // of the whole exchange, however slowly it drips
  int64_t body_bytes_max = 1024 * 1024;  // a longer body that must be looked into is a failure
  HealthExpectation expect = {};
  std::optional<double> min = std::nullopt;  // of Prometheus's number
  std::optional<double> max = std::nullopt;
};

struct HealthConfig {
  int64_t fatals_needed = 3;  // so many failures of a fatal check, one after the other, are evidence against a deploy
  std::vector<HealthCheckConfig> checks = {};
};

// The simple rule that stands beside the statistics, for those who want one: it fires where more than `errors_above` of
// the requests in the newest `window` since the deploy failed, of at least `requests_min`.
struct RuleConfig {
  std::optional<double> errors_above;  // fraction of requests; none: no rule
  int64_t requests_min = 100;
  DurationNs window = 5 * kMinuteNs;
};

// How the revision that a service runs is asked: a URL whose answer says it in a header, in a value of its JSON, or as
// its whole body; or a command that prints it (docs/release.md).
struct RunningConfig {
  std::string url = {};
  std::string header = {};  // lower case
  std::string json = {};    // RFC 6901; neither header nor json: the whole body
  CommandConfig command = {};

  bool given() const { return !url.empty() || command.given(); }
};

struct ServiceConfig {
  std::string name;
  std::vector<MatchConfig> matches;
  std::string repo;  // name in Config::repos; empty: judged and never acted on
  Mode mode = Mode::kAlert;
  std::vector<std::string> depends_on;  // services this one calls: never controls for them, nor they for it
  // Globs of git's: what of the repo is this service's. Empty: all of it.
  std::vector<std::string> paths = {};
  RollbackBy rollback = RollbackBy::kRevert;
  CommandConfig drain = {};    // before production changes; also {in_flight}, and {signal}: "retry" where it cancels
  CommandConfig deploy = {};   // of the pushed revert, {good}; none: its deploy is waited for
  CommandConfig version = {};  // deploys {good} in the place of {bad}; needed by kVersion
  // What others call it: a Sentry project, a Kustomization, an application, an environment of its own.
  std::vector<std::string> known_as = {};
  bool deploys_from_log = false;  // a release that is new in its access log is a deploy
  HealthConfig health = {};
  RuleConfig rule = {};
  RunningConfig running = {};
};

enum class ForgeKind { kGitHub, kGitLab, kGitea };
std::string_view NameOf(ForgeKind kind);
std::optional<ForgeKind> ForgeKindNamed(std::string_view name);

// Where merge requests are opened.
struct ForgeConfig {
  ForgeKind kind = ForgeKind::kGitHub;
  std::string api;         // URL without a slash at its end
  std::string repository;  // "owner/name", of GitLab the whole path of the project
  SecretConfig token;
  std::vector<std::string> labels = {"revert"};
  std::vector<std::string> reviewers = {};  // users; of GitHub also teams, "team:NAME"
  bool auto_merge = false;                  // once the forge's own checks pass
  bool reapply_draft = true;                // after a revert: a draft that brings the change back, for its author
  std::string opt_out_label = "no-auto-revert";
};

// Whose word on a repo's commits is a deploy of its services.
enum class DeploySource {
  kDeployment,  // a forge's deployment, a Sentry deploy, Flux, Argo CD: told by what deployed
  kPush,        // a push to the branch
  kMerge,       // a pull request that is merged into the branch
  kRelease,     // a release that is published
  kPipeline,    // a workflow or pipeline of the branch that ends well
  kBranch,      // a head of the branch that is new when the remote is asked
};
std::string_view NameOf(DeploySource source);
std::optional<DeploySource> DeploySourceNamed(std::string_view name);

// A range of commits of which some touch nothing of the failing service.
enum class MixedRange { kWhole, kTriage };
std::string_view NameOf(MixedRange mixed);
std::optional<MixedRange> MixedRangeNamed(std::string_view name);

struct RepoConfig {
  std::string name;
  std::string url;
  std::string branch = "production";
  // Globs of git's (`**` crosses folders): a deploy that touches one of them is never undone by the detector. What a
  // migration did to the data, no revert of its file undoes.
  std::vector<std::string> protected_paths = {};
  // Where the service's own commits cannot be told apart from the rest of the range: undo all of it, or ask a person.
  MixedRange mixed_range = MixedRange::kWhole;
  bool alert_only = false;  // of revertd's own code and of the machine that it runs on: never acted on by itself
  std::optional<ForgeConfig> forge = std::nullopt;
  std::vector<DeploySource> deploys_from = {DeploySource::kDeployment};
  std::vector<std::string> environments = {"production"};  // deployments to others are none of this repo's services
  DurationNs branch_poll = 30 * kSecondNs;                 // of kBranch: how often the remote is asked
};

// One place that people are told at.
struct ChannelConfig {
  enum class Kind { kWebhook, kSlack, kDiscord, kPagerDuty, kAlertmanager, kCommand };
  Kind kind = Kind::kWebhook;
  std::string name;  // unique
  std::string url;   // empty: in `secret_url`, or the kind's own
  SecretConfig secret_url;
  SecretConfig secret;    // webhook: signs the body; PagerDuty: the routing key
  CommandConfig command;  // the message as JSON on its standard input
};
std::string_view NameOf(ChannelConfig::Kind kind);

// The door for programs: the API, webhooks, metrics.
struct HttpConfig {
  ListenAddress listen = {ListenAddress::Kind::kTcp, "", "127.0.0.1", 8099};
  unsigned socket_mode = 0660;  // of a unix socket: the permissions of its file
  SecretConfig token;           // of callers; must be given where others than this machine can connect
  SecretConfig webhook_secret;  // of forges; without it their deliveries are refused
};

// Deploys by file (docs/deploys.md): `write` is kept by revertd for others, `watch` by others for revertd.
struct ManifestConfig {
  std::string write;
  std::string watch;
};

// Which word of an error event names its service.
enum class ErrorServiceBy { kProject, kTag, kServerName };

// One project of an error tracker whose SDKs send to revertd.
struct SentryProjectConfig {
  std::string id;       // as the DSN's path ends
  std::string service;  // of its events; empty: the service that is called so, or known_as it
  std::string key;      // the DSN's public key; empty: any
  SecretConfig tee;     // DSN that its requests are sent on to; none: nowhere
};

// Error events (docs/sentry.md).
struct SentryConfig {
  std::vector<SentryProjectConfig> projects = {};
  ErrorServiceBy service_by = ErrorServiceBy::kProject;
  std::string service_tag = {};                           // of kTag
  SecretConfig webhook_secret = {};                       // the client secret of the integration platform
  int64_t body_bytes_max = int64_t{1} * 1024 * 1024;      // of a request as it comes; SDKs stay below it
  int64_t decoded_bytes_max = int64_t{20} * 1024 * 1024;  // and decompressed: Sentry's own bound of an envelope
  int64_t queue_events_max = 10'000;                      // that wait for analysis; more are asked to wait (429)
  int64_t tee_bytes_max = int64_t{16} * 1024 * 1024;      // that wait to be sent on; more are dropped, counted
};

// Which field of a line tells versions apart that serve side by side.
enum class CohortField { kNone, kRelease, kUpstream };
std::string_view NameOf(CohortField field);
std::optional<CohortField> CohortFieldNamed(std::string_view name);

struct DetectConfig {
  double false_rollback_rate = 0.001;  // per deploy, over all signals; in [1e-9, 0.5]
  DurationNs observe = 15 * kMinuteNs;
  double margin_errors = 1.25;                         // a rate up to this factor of the old one is not worse; >= 1
  double margin_errors_abs = 0.0002;                   // nor one this much above it; fraction of requests, >= 0
  double margin_latency = 1.1;                         // nor are durations up to this factor of the old ones worse; > 1
  DurationNs margin_latency_abs = 5 * kMillisecondNs;  // nor those up to this much longer; [0, 1 h]
  int64_t lateness_seconds = kLatenessSecondsDefault;
  CohortField cohort = CohortField::kNone;
  DurationNs stabilise = kMinuteNs;  // after a deploy's finish its health checks do not count yet
  // After the finish; at each the deploy is judged once more, over as long as `observe` (analysis/follow_up_desk.h).
  std::vector<DurationNs> follow_ups = {kHourNs, 4 * kHourNs, 12 * kHourNs};
};

// What memory is bounded by (base/limits.h has the reasons).
struct LimitsConfig {
  int64_t services = kServicesDefault;  // counted by name; [1, kServicesMax]
  int64_t routes = kRoutesDefault;      // per service, 0: none; [0, kRoutesMax]

  uint32_t table_places() const { return static_cast<uint32_t>(services) + 1; }  // with `_other`
};

struct GuardConfig {
  int64_t pushes_per_day = 4;  // over all repos; guards against a detector gone wrong
  int64_t proposals_per_day = 10;
  DurationNs commit_age_push = 6 * kHourNs;              // a deploy older than this is never reverted by push
  DurationNs cooldown = 15 * kMinuteNs;                  // after a rollback of a service, before the next one of it
  DurationNs deploy_wait = 10 * kMinuteNs;               // for the pushed revert's own deploy to be seen
  std::string kill_switch = "/run/revertd/kill-switch";  // while this file exists nothing acts; unreadable means on
  DurationNs commit_age_propose = 72 * kHourNs;          // nor proposed beyond this; an open proposal ends then
  InFlight in_flight = InFlight::kCompleteOld;
  DurationNs post_mortem_due = 7 * 24 * kHourNs;  // after a rollback; while one is overdue the service is a person's
};

// What watches the watcher (docs/operations.md, "Silence").
struct WatchdogConfig {
  std::string heartbeat = {};  // URL that is asked while nothing is wrong; empty: none, or in `secret_heartbeat`
  SecretConfig secret_heartbeat = {};
  DurationNs heartbeat_every = kMinuteNs;
  DurationNs clock_step_max = 2 * kSecondNs;  // by which the wall clock may jump against the monotonic one
  int64_t disk_free_min = 64 * 1024 * 1024;   // bytes, where the state is kept
};

// A checkout that production runs from.
struct WorkTreeConfig {
  std::string path;  // absolute
  std::string repo;  // name in Config::repos
};

// The scan for what production became without anybody's deploy (docs/release.md).
struct DriftConfig {
  DurationNs every = kHourNs;         // how often the executor scans by itself
  DurationNs grace = 15 * kMinuteNs;  // what is younger may be a deploy on its way
  std::vector<WorkTreeConfig> work_trees = {};
};

struct Config {
  std::vector<SourceConfig> sources = {SourceConfig{}};
  std::vector<ServiceConfig> services;
  std::vector<RepoConfig> repos;
  DetectConfig detect;
  GuardConfig guard;
  LimitsConfig limits;
  std::vector<ChannelConfig> notify = {};
  std::optional<HttpConfig> http = std::nullopt;  // none: nobody can connect
  ManifestConfig manifest = {};
  std::optional<SentryConfig> sentry = std::nullopt;  // none: error events are not taken
  WatchdogConfig watchdog = {};
  DriftConfig drift = {};
  bool executes = true;  // false: `revertd execute` is a process, and perhaps a user, of its own
  std::string state = "/var/lib/revertd/state.db";  // executor.db and the mirrors stand beside it

  WindowParts window_parts() const {
    return {.routes = static_cast<uint32_t>(limits.routes), .cohorts = detect.cohort != CohortField::kNone};
  }
  const ServiceConfig* FindService(std::string_view name) const;
  const RepoConfig* FindRepo(std::string_view name) const;
};

}  // namespace revertd
