// The configuration as plain values. Every default works with no file at all; load.h reads a file into this.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
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
  std::string format = "auto";            // a name of ingest/format/format.h, a description "KIND:TEXT", or "auto"
  std::string timezone = "local";         // of times that are logged without one (base/time_zone.h)
  DurationNs stale_after_ns = kMinuteNs;  // silence of this length is an event
  std::string path;                       // of a file
  bool from_start = false;                // of a file that is there at the very first start: read it whole
  ListenAddress listen;                   // of syslog
  unsigned socket_mode = 0660;            // of syslog on a unix socket: the permissions of its file
};

// A line belongs to a service if its host equals `host` (lower case, no port; empty: any host) and its path starts
// with `path` (empty: any path). The longest path wins, then a named host over any host.
struct MatchConfig {
  std::string host;
  std::string path;
};

struct ServiceConfig {
  std::string name;
  std::vector<MatchConfig> matches;
  std::string repo;  // name in Config::repos; empty: judged and never acted on
  Mode mode = Mode::kAlert;
  std::vector<std::string> depends_on;  // services this one calls: never controls for them, nor they for it
};

struct RepoConfig {
  std::string name;
  std::string url;
  std::string branch = "production";
  // Globs of git's (`**` crosses folders): a deploy that touches one of them is never undone by the detector. What a
  // migration did to the data, no revert of its file undoes.
  std::vector<std::string> protected_paths = {};
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
};

struct Config {
  std::vector<SourceConfig> sources = {SourceConfig{}};
  std::vector<ServiceConfig> services;
  std::vector<RepoConfig> repos;
  DetectConfig detect;
  GuardConfig guard;
  LimitsConfig limits;
  std::string state = "/var/lib/revertd/state.db";  // executor.db and the mirrors stand beside it

  WindowParts window_parts() const {
    return {.routes = static_cast<uint32_t>(limits.routes), .cohorts = detect.cohort != CohortField::kNone};
  }
  const ServiceConfig* FindService(std::string_view name) const;
  const RepoConfig* FindRepo(std::string_view name) const;
};

}  // namespace revertd
