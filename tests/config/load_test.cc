#include "config/load.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace revertd {
namespace {

std::string MessageOfParse(const std::string& yaml) {
  const auto config = ParseConfig(yaml, "F");
  if (config.ok()) return "ok";
  EXPECT_EQ(ExitCodeOf(config.status()), ExitCode::kUsage);
  return std::string(MessageOf(config.status()));
}

std::string SourceFile(const std::string& name) { return std::string(REVERTD_SOURCE_DIR) + "/config/" + name; }

struct WrongConfig {
  std::string yaml;
  std::string message;
};

// Unknown keys, at every level.
std::vector<WrongConfig> UnknownKeys() {
  return {
      {"servces: {}", "F:1: servces: unknown key; did you mean \"services\"?"},
      {"\n\nservices:\n  checkout:\n    mod: push", "F:5: services.checkout.mod: unknown key; did you mean \"mode\"?"},
      {"services: {a: {match: {hots: x}}}", "F:1: services.a.match.hots: unknown key; did you mean \"host\"?"},
      {"services: {a: {match: [{host: x}, {pth: /}]}}",
       "F:1: services.a.match[1].pth: unknown key; did you mean \"path\"?"},
      {"repos: {r: {ulr: x}}", "F:1: repos.r.ulr: unknown key; did you mean \"url\"?"},
      {"detect: {margins: {error: 1}}", "F:1: detect.margins.error: unknown key; did you mean \"errors\"?"},
      {"guard: {push_per_day: 1}", "F:1: guard.push_per_day: unknown key; did you mean \"pushes_per_day\"?"},
      {"sources: [{stdn: {}}]", "F:1: sources[0].stdn: unknown key; did you mean \"stdin\"?"},
      {"sources: [{stdin: {fromat: auto}}]", "F:1: sources[0].stdin.fromat: unknown key; did you mean \"format\"?"},
      {"repos: {r: {credentials: x}}",
       "F:1: repos.r.credentials: unknown key; known are url, branch, protected_paths, mixed_range, alert_only, forge, "
       "deploys_from, environments, branch_poll"},
      {"<<: {state: x}",
       "F:1: <<: unknown key; known are sources, services, repos, detect, guard, limits, notify, http, manifest, "
       "sentry, watchdog, drift, execute, state"},
  };
}

// Wrong types.
std::vector<WrongConfig> WrongTypes() {
  return {
      {"[]", "F:1: a map expected, a list found"},
      {"just words", "F:1: a map expected, a single value found"},
      {"services: []", "F:1: services: a map expected, a list found"},
      {"services:\n", "F:1: services: a map expected, nothing found"},
      {"services: {a: push}", "F:1: services.a: a map expected, a single value found"},
      {"state: [x]", "F:1: state: a single value expected, a list found"},
      {"state: ''", "F:1: state: must not be empty"},
      {"state: \"a\\nb\"", "F:1: state: must not hold line ends or control characters"},
      {"sources: {stdin: {}}", "F:1: sources: a list expected, a map found"},
      {"sources: []", "F:1: sources: 1 to 32 sources expected"},
      {"sources: [{stdin: {}}, {stdin: {}}]", "F:1: sources[1]: the same source twice"},
      {"sources: [{stdin: {}, file: {path: /x}}]", "F:1: sources[0]: one of stdin, file or syslog expected"},
      {"sources: [{file: {}}]", "F:1: sources[0].file: path expected"},
      {"sources: [{file: {path: x}}]", "F:1: sources[0].file.path: an absolute path expected"},
      {"sources: [{file: {path: /x, from: middle}}]",
       "F:1: sources[0].file.from: start or end expected, \"middle\" found"},
      {"sources: [{stdin: {timezone: Mars}}]",
       "F:1: sources[0].stdin.timezone: no time zone \"Mars\" (UTC, local, or a name such as Europe/Berlin)"},
      {"http: {listen: '0.0.0.0:8099'}",
       "F:1: http: token expected: others than this machine can connect to "
       "tcp:0.0.0.0:8099"},
      {"http: {listen: here}", "F:1: http.listen: ADDRESS:PORT expected, or unix:/PATH"},
      {"http: {token: x}", "F:1: http.token: a map expected, a single value found"},
      {"manifest: {write: x}", "F:1: manifest.write: an absolute path expected"},
      {"manifest: {write: /x, watch: /x}",
       "F:1: manifest: write and watch are the same file: revertd would read its own words"},
      {"repos: {r: {url: x, deploys_from: [pull]}}",
       "F:1: repos.r.deploys_from[0]: deployment, push, merge, release, pipeline or branch expected, \"pull\" found"},
      {"services: {a: {deploys_from_log: true}}", "F:1: services.a.deploys_from_log: needs detect.cohort: release"},
      {"sources: [{syslog: {format: auto}}]", "F:1: sources[0].syslog: listen expected"},
      {"sources: [{syslog: {listen: 'udp:here:1'}}]",
       "F:1: sources[0].syslog.listen: an IP address like 127.0.0.1 or [::1] expected"},
      {"sources: [{syslog: {listen: 'unix:/x', mode: 660}}]",
       "F:1: sources[0].syslog.mode: permissions like \"0660\" expected, \"660\" found"},
      {"services: {a: {depends_on: b}}", "F:1: services.a.depends_on: a list expected, a single value found"},
  };
}

// Out of range, with the range.
std::vector<WrongConfig> OutOfRange() {
  return {
      {"detect:\n  false_rollback_rate: 0",
       "F:2: detect.false_rollback_rate: a number from 1e-9 to 0.5 expected, \"0\" found"},
      {"detect: {false_rollback_rate: 0.6}",
       "F:1: detect.false_rollback_rate: a number from 1e-9 to 0.5 expected, \"0.6\" found"},
      {"detect: {false_rollback_rate: nan}",
       "F:1: detect.false_rollback_rate: a number from 1e-9 to 0.5 expected, \"nan\" found"},
      {"detect: {margins: {errors: 0.9}}",
       "F:1: detect.margins.errors: a number from 1 to 100 expected, \"0.9\" found"},
      {"detect: {margins: {errors_abs: -0.1}}",
       "F:1: detect.margins.errors_abs: a number from 0 to 1 expected, \"-0.1\" found"},
      {"detect: {margins: {latency: 1}}",
       "F:1: detect.margins.latency: a number from 1.01 to 100 expected, \"1\" found"},
      {"detect: {observe: 15}",
       "F:1: detect.observe: a duration like 90s, 15m or 1h, from 1m to 30m expected, \"15\" found"},
      {"detect: {observe: 31m}",
       "F:1: detect.observe: a duration like 90s, 15m or 1h, from 1m to 30m expected, \"31m\" found"},
      {"detect: {lateness: 11s}",
       "F:1: detect.lateness: a duration like 90s, 15m or 1h, from 0s to 10s expected, \"11s\" found"},
      {"guard: {pushes_per_day: 1001}",
       "F:1: guard.pushes_per_day: a whole number from 0 to 1000 expected, \"1001\" found"},
      {"guard: {proposals_per_day: -1}",
       "F:1: guard.proposals_per_day: a whole number from 0 to 1000 expected, \"-1\" found"},
      {"guard: {pushes_per_day: four}",
       "F:1: guard.pushes_per_day: a whole number from 0 to 1000 expected, \"four\" found"},
      {"guard: {commit_age_push: 31d}",
       "F:1: guard.commit_age_push: a duration like 90s, 15m or 1h, up to 30d expected, \"31d\" found"},
      {"guard: {deploy_wait: 0s}",
       "F:1: guard.deploy_wait: a duration like 90s, 15m or 1h, from 1s to 1d expected, \"0s\" found"},
      {"services: {a: {mode: pus}}", "F:1: services.a.mode: observe, alert, propose or push expected, \"pus\" found"},
  };
}

// Names that point nowhere, or twice to the same.
std::vector<WrongConfig> WrongNames() {
  return {
      {"services:\n  a:\n    repo: shpo\nrepos: {shop: {url: u}}",
       "F:3: services.a.repo: no repo \"shpo\"; did you mean \"shop\"?"},
      {"services: {a: {repo: shop}}", "F:1: services.a.repo: no repo \"shop\""},
      {"services: {a: {depends_on: [\"paymnts\"]}, payments: {}}",
       "F:1: services.a.depends_on[0]: no service \"paymnts\"; did you mean \"payments\"?"},
      {"services: {a: {depends_on: [a]}}", "F:1: services.a.depends_on[0]: a service cannot depend on itself"},
      {"services:\n  a: {match: {host: X.example}}\n  b: {match: {host: x.example}}",
       "F:3: services.b.match: the same match as service \"a\""},
      {"services: {a: {match: [{path: /x}, {path: /x}]}}", "F:1: services.a.match[1]: the same match as service \"a\""},
      {"services: {'': {}}", "F:1: services: a name must be plain words"},
      {"services: {_other: {}}", "F:1: services._other: this name stands for all services beyond the limit"},
      {"services: {a: {match: {}}}", "F:1: services.a.match: host or path expected"},
      {"services: {a: {match: {host: 'x:80'}}}", "F:1: services.a.match.host: a host without its port expected"},
      {"services: {a: {match: {path: x}}}", "F:1: services.a.match.path: a path that begins with / expected"},
      {"services: {a: {mode: push}}", "F:1: services.a: mode push needs a repo"},
      {"services: {a: {mode: propose}}", "F:1: services.a: mode propose needs a repo"},
      {"repos: {r: {}}", "F:1: repos.r: url expected"},
      {"repos: {r: {url: ''}}", "F:1: repos.r.url: must not be empty"},
      {"repos: {r: {url: --upload-pack=x}}", "F:1: repos.r.url: must not begin with -"},
      {"repos: {r: {url: u, branch: -f}}", "F:1: repos.r.branch: must not begin with -"},
      {"repos: {r: {url: u, protected_paths: db}}",
       "F:1: repos.r.protected_paths: a list expected, a single value found"},
      {"repos: {r: {url: u, protected_paths: [a, '']}}", "F:1: repos.r.protected_paths[1]: must not be empty"},
      {"repos: {r: {url: u, protected_paths: [/db]}}",
       "F:1: repos.r.protected_paths[0]: a glob below the repository's own folder expected"},
      {"repos: {r: {url: u, protected_paths: [a/../../db]}}",
       "F:1: repos.r.protected_paths[0]: a glob below the repository's own folder expected"},
  };
}

// YAML itself.
std::vector<WrongConfig> WrongYaml() {
  return {
      {"state: a\nstate: b", "F:2: key \"state\" stands twice"},
      {"state: a\n---\nstate: b", "F:2: the document ends here, and more follows"},
      {"state: a\n]", "F:2: illegal flow end"},
      {",\nstate: a", "F:1: the document ends here, and more follows"},
      {"{[a]: b}", "F:1: a key must be a plain word"},
      {"state: *nowhere", "F:1: the referenced anchor is not defined"},
      {"state: &a [*a]", "F:1: nested deeper than 32"},
  };
}

TEST(LoadConfig, EveryMistakeIsOneLineWithFileLineAndKey) {
  for (const auto& table : {UnknownKeys(), WrongTypes(), OutOfRange(), WrongNames(), WrongYaml()}) {
    for (const WrongConfig& wrong : table) EXPECT_EQ(MessageOfParse(wrong.yaml), wrong.message) << wrong.yaml;
  }
}

void ExpectDefaults(const Config& config) {
  const Config defaults;
  ASSERT_FALSE(config.sources.empty());
  EXPECT_EQ(config.sources[0].kind, defaults.sources[0].kind);
  EXPECT_EQ(config.sources[0].format, defaults.sources[0].format);
  EXPECT_EQ(config.sources[0].stale_after_ns, defaults.sources[0].stale_after_ns);
  const auto& [rate, observe, errors, errors_abs, latency, latency_abs, lateness, cohort, stabilise, follow_ups] =
      config.detect;
  EXPECT_EQ(rate, defaults.detect.false_rollback_rate);
  EXPECT_EQ(observe, defaults.detect.observe);
  EXPECT_EQ(errors, defaults.detect.margin_errors);
  EXPECT_EQ(errors_abs, defaults.detect.margin_errors_abs);
  EXPECT_EQ(latency, defaults.detect.margin_latency);
  EXPECT_EQ(latency_abs, defaults.detect.margin_latency_abs);
  EXPECT_EQ(lateness, defaults.detect.lateness_seconds);
  EXPECT_EQ(cohort, defaults.detect.cohort);
  EXPECT_EQ(stabilise, defaults.detect.stabilise);
  EXPECT_EQ(follow_ups, defaults.detect.follow_ups);
  const auto& [services, routes] = config.limits;
  EXPECT_EQ(services, defaults.limits.services);
  EXPECT_EQ(routes, defaults.limits.routes);
  const auto& [pushes, proposals, age, cooldown, wait, kill_switch, age_propose, in_flight, due] = config.guard;
  EXPECT_EQ(pushes, defaults.guard.pushes_per_day);
  EXPECT_EQ(proposals, defaults.guard.proposals_per_day);
  EXPECT_EQ(age, defaults.guard.commit_age_push);
  EXPECT_EQ(cooldown, defaults.guard.cooldown);
  EXPECT_EQ(wait, defaults.guard.deploy_wait);
  EXPECT_EQ(kill_switch, defaults.guard.kill_switch);
  EXPECT_EQ(age_propose, defaults.guard.commit_age_propose);
  EXPECT_EQ(in_flight, defaults.guard.in_flight);
  EXPECT_EQ(due, defaults.guard.post_mortem_due);
  EXPECT_EQ(config.watchdog.heartbeat_every, defaults.watchdog.heartbeat_every);
  EXPECT_EQ(config.watchdog.clock_step_max, defaults.watchdog.clock_step_max);
  EXPECT_EQ(config.watchdog.disk_free_min, defaults.watchdog.disk_free_min);
  EXPECT_EQ(config.drift.every, defaults.drift.every);
  EXPECT_EQ(config.drift.grace, defaults.drift.grace);
  EXPECT_EQ(config.executes, defaults.executes);
  EXPECT_EQ(config.state, defaults.state);
}

TEST(LoadConfig, AnEmptyFileIsTheDefaults) {
  for (const std::string yaml : {"", "\n# nothing\n", "---\n", "~"}) {
    const auto config = ParseConfig(yaml, "F");
    ASSERT_TRUE(config.ok()) << config.status();
    ExpectDefaults(*config);
    EXPECT_TRUE(config->services.empty() && config->repos.empty());
  }
}

TEST(LoadConfig, TheReferenceShowsEveryDefault) {
  const auto config = LoadConfig(SourceFile("reference.yaml"));
  ASSERT_TRUE(config.ok()) << config.status();
  ExpectDefaults(*config);
  const ServiceConfig* service = config->FindService("example");
  ASSERT_NE(service, nullptr);
  EXPECT_EQ(service->mode, ServiceConfig{}.mode);
  EXPECT_TRUE(service->depends_on.empty());
  ASSERT_NE(config->FindRepo("example"), nullptr);
  EXPECT_EQ(config->FindRepo("example")->branch, RepoConfig{}.branch);
  EXPECT_EQ(config->FindRepo("example")->deploys_from, RepoConfig{}.deploys_from);
  EXPECT_EQ(config->FindRepo("example")->environments, RepoConfig{}.environments);
  EXPECT_EQ(config->FindRepo("example")->branch_poll, RepoConfig{}.branch_poll);
  ASSERT_TRUE(config->http);
  EXPECT_EQ(config->http->listen, HttpConfig{}.listen);
  EXPECT_EQ(config->http->socket_mode, HttpConfig{}.socket_mode);
}

TEST(LoadConfig, NobodyCanConnectUnlessAsked) {
  EXPECT_FALSE(ParseConfig("", "F")->http);
  const auto config = ParseConfig("http:\n", "F");
  ASSERT_TRUE(config.ok()) << config.status();
  ASSERT_TRUE(config->http);
  EXPECT_EQ(ToText(config->http->listen), "tcp:127.0.0.1:8099");
  EXPECT_FALSE(config->http->token.given());
}

TEST(LoadConfig, OnlyThisMachineNeedsNoToken) {
  for (const std::string local : {"127.0.0.1:1", "127.3.2.1:1", "'[::1]:1'", "unix:/run/x.sock"}) {
    EXPECT_TRUE(ParseConfig("http: {listen: " + local + "}", "F").ok()) << local;
  }
  for (const std::string open : {"0.0.0.0:1", "'[::]:1'", "10.1.2.3:1"}) {
    EXPECT_FALSE(ParseConfig("http: {listen: " + open + "}", "F").ok()) << open;
    EXPECT_TRUE(ParseConfig("http: {listen: " + open + ", token: {env: T}}", "F").ok()) << open;
  }
}

// The reader itself says which keys it knows: each must stand in the reference.
TEST(LoadConfig, TheReferenceShowsEveryKey) {
  std::ifstream file(SourceFile("reference.yaml"));
  std::stringstream text;
  text << file.rdbuf();
  const std::string reference = text.str();
  for (const std::string around : {"@",
                                   "sources: [{@}]",
                                   "sources: [{stdin: {@}}]",
                                   "services: {a: {@}}",
                                   "services: {a: {match: {@}}}",
                                   "repos: {r: {@}}",
                                   "detect: {@}",
                                   "detect: {margins: {@}}",
                                   "guard: {@}",
                                   "limits: {@}",
                                   "http: {@}",
                                   "manifest: {@}",
                                   "services: {a: {deploy: {@}}}",
                                   "repos: {r: {forge: {@}}}",
                                   "repos: {r: {forge: {token: {@}}}}",
                                   "notify: [{@}]",
                                   "notify: [{webhook: {@}}]",
                                   "notify: [{pagerduty: {@}}]",
                                   "notify: [{command: {@}}]",
                                   "watchdog: {@}",
                                   "drift: {@}",
                                   "drift: {work_trees: [{@}]}",
                                   "services: {a: {running: {@}}}",
                                   "sentry: {@}",
                                   "sentry: {projects: {p: {@}}}",
                                   "sentry: {service_from: {@}}",
                                   "sentry: {limits: {@}}",
                                   "services: {a: {rule: {@}}}",
                                   "services: {a: {health: {@}}}",
                                   "services: {a: {health: {checks: [{@}]}}}",
                                   "services: {a: {health: {checks: [{prometheus: {@}}]}}}",
                                   "services: {a: {health: {checks: [{prometheus: {url: 'http://p', query: q}, @}]}}}",
                                   "services: {a: {health: {checks: [{expect: {@}}]}}}",
                                   "services: {a: {health: {checks: [{expect: {headers: {A: {@}}}}]}}}",
                                   "services: {a: {health: {checks: [{expect: {json: [{@}]}}]}}}"}) {
    std::string yaml = around;
    yaml.replace(yaml.find('@'), 1, "no_such_key_of_any_map_at_all: 1");
    const std::string message = MessageOfParse(yaml);
    const size_t at = message.find("known are ");
    ASSERT_NE(at, std::string::npos) << message;
    std::stringstream keys(message.substr(at + 10));
    for (std::string key; std::getline(keys >> std::ws, key, ',');) {
      EXPECT_TRUE(reference.find("\n" + key + ":") != std::string::npos ||
                  reference.find(" " + key + ":") != std::string::npos)
          << key;
    }
  }
}

TEST(LoadConfig, TheExampleIsReadAsWritten) {
  const auto config = LoadConfig(SourceFile("example.yaml"));
  ASSERT_TRUE(config.ok()) << config.status();
  ASSERT_EQ(config->services.size(), 3U);
  const ServiceConfig* checkout = config->FindService("checkout");
  ASSERT_NE(checkout, nullptr);
  EXPECT_EQ(checkout->mode, Mode::kPropose);
  EXPECT_EQ(checkout->repo, "shop");
  EXPECT_EQ(checkout->depends_on, std::vector<std::string>{"payments"});
  ASSERT_EQ(checkout->matches.size(), 1U);
  EXPECT_EQ(checkout->matches[0].host, "shop.example.com");
  EXPECT_EQ(checkout->matches[0].path, "/checkout/");
  EXPECT_EQ(config->FindService("catalog")->matches.size(), 2U);
  EXPECT_EQ(config->FindService("nobody"), nullptr);
  EXPECT_EQ(config->FindRepo("shop")->url, "git@git.example.com:acme/shop.git");
  EXPECT_EQ(config->FindRepo("nobody"), nullptr);
}

TEST(LoadConfig, ValuesAreTakenAndHostsLowered) {
  const auto config = ParseConfig(
      "detect: {lateness: 1500ms, observe: 2m, margins: {errors: 2}}\n"
      "guard: {pushes_per_day: 0, commit_age_push: 1d}\n"
      "services: {a: {match: {host: Shop.Example}, mode: observe}}\n",
      "F");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->detect.lateness_seconds, 2);  // a part of a second is waited for as a whole one
  EXPECT_EQ(config->detect.observe, 2 * kMinuteNs);
  EXPECT_EQ(config->detect.margin_errors, 2);
  EXPECT_EQ(config->guard.pushes_per_day, 0);
  EXPECT_EQ(config->guard.commit_age_push, 24 * kHourNs);
  EXPECT_EQ(config->services[0].matches[0].host, "shop.example");
  EXPECT_EQ(config->services[0].mode, Mode::kObserve);
}

TEST(LoadConfig, AnchorsAndAliasesAreReadWhereTheyStand) {
  const auto config = ParseConfig(
      "repos: {r: {url: u}}\nservices:\n  a: {repo: &r r, depends_on: &d [c]}\n  b: {repo: *r, depends_on: *d}\n  c: "
      "{}\n",
      "F");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->FindService("b")->repo, "r");
  EXPECT_EQ(config->FindService("b")->depends_on, std::vector<std::string>{"c"});
}

TEST(LoadConfig, ModesHaveNamesThatReadBack) {
  for (const Mode mode : {Mode::kObserve, Mode::kAlert, Mode::kPropose, Mode::kPush}) {
    EXPECT_EQ(ModeNamed(NameOf(mode)), mode);
  }
  EXPECT_EQ(ModeNamed("Push"), std::nullopt);
}

TEST(LoadConfig, MoreServicesThanAreCountedIsAnError) {
  std::string yaml = "services:\n";
  for (int64_t i = 0; i < int64_t{kServicesDefault}; ++i) yaml += "  s" + std::to_string(i) + ": {}\n";
  EXPECT_EQ(MessageOfParse(yaml), "ok");
  yaml += "  more: {}\n";
  EXPECT_EQ(MessageOfParse(yaml), "F:258: services.more: more than 256 services; raise limits.services");
  EXPECT_EQ(MessageOfParse(yaml + "limits: {services: 257}\n"), "ok") << "the limit may stand below";
  EXPECT_EQ(MessageOfParse("limits: {services: 0}"),
            "F:1: limits.services: a whole number from 1 to 10000 expected, \"0\" found");
}

TEST(LoadConfig, CohortsAreNamedByAField) {
  const auto config = ParseConfig("detect: {cohort: upstream}\nlimits: {routes: 32}\n", "F");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->detect.cohort, CohortField::kUpstream);
  EXPECT_EQ(config->limits.routes, 32);
  EXPECT_EQ(MessageOfParse("detect: {cohort: pod}"),
            "F:1: detect.cohort: none, release or upstream expected, \"pod\" found");
  for (const CohortField field : {CohortField::kNone, CohortField::kRelease, CohortField::kUpstream}) {
    EXPECT_EQ(CohortFieldNamed(NameOf(field)), field);
  }
}

TEST(LoadConfig, AFileThatCannotBeReadIsOneLineAndAUsageError) {
  const auto message_of = [](const std::string& path) {
    const auto config = LoadConfig(path);
    EXPECT_EQ(ExitCodeOf(config.status()), ExitCode::kUsage);
    return std::string(MessageOf(config.status()));
  };
  EXPECT_EQ(message_of("/nowhere/revertd.yaml"),
            "cannot read the configuration /nowhere/revertd.yaml: No such file or directory");
  EXPECT_EQ(message_of(REVERTD_SOURCE_DIR),
            std::string("cannot read the configuration ") + REVERTD_SOURCE_DIR + ": not a file of at most 4 MiB");
}

}  // namespace
}  // namespace revertd
