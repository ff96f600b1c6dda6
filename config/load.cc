#include "config/load.h"

#include <algorithm>
#include <functional>
#include <map>
#include <utility>

#include "base/strings.h"
#include "base/time_zone.h"
#include "config/load_actions.h"
#include "config/load_doors.h"
#include "config/load_drift.h"
#include "config/load_health.h"
#include "config/load_sentry.h"
#include "config/map_reader.h"
#include "config/yaml_file.h"

namespace revertd {
namespace {

// A configuration is a page; more than this is the wrong file.
constexpr size_t kFileBytesMax = size_t{4} * 1024 * 1024;

// Each source has its buffers and its place in every round of the ingest thread.
constexpr size_t kSourcesMax = 32;

// What the service table (base/service_table.h) calls the services beyond its capacity.
constexpr std::string_view kOtherService = "_other";

class ConfigReader {
 public:
  explicit ConfigReader(std::string_view file) : read_(file) {}

  StatusOr<Config> Read(const YamlNode& root) {
    if (root.kind == YamlNode::Kind::kNull) return config_;
    const Status status = read_.Keys(
        root, "",
        {{"sources", [this](const YamlNode& node, const std::string& path) { return Sources(node, path); }},
         {"services", [this](const YamlNode& node, const std::string& path) { return Services(node, path); }},
         {"repos", [this](const YamlNode& node, const std::string& path) { return Repos(node, path); }},
         {"detect", [this](const YamlNode& node, const std::string& path) { return Detect(node, path); }},
         {"guard", [this](const YamlNode& node, const std::string& path) { return Guard(node, path); }},
         {"limits",
          [this](const YamlNode& node, const std::string& path) {
            return read_.Keys(node, path,
                              {{"services", read_.Count(&config_.limits.services, 1, kServicesMax)},
                               {"routes", read_.Count(&config_.limits.routes, 0, kRoutesMax)}});
          }},
         {"notify", [this](const YamlNode& node,
                           const std::string& path) { return actions_.Notify(node, path, &config_.notify); }},
         {"http",
          [this](const YamlNode& node, const std::string& path) { return doors_.Http(node, path, &config_.http); }},
         {"manifest", [this](const YamlNode& node,
                             const std::string& path) { return doors_.Manifest(node, path, &config_.manifest); }},
         {"sentry", [this](const YamlNode& node,
                           const std::string& path) { return sentry_.Sentry(node, path, &config_.sentry); }},
         {"watchdog", [this](const YamlNode& node,
                             const std::string& path) { return health_.Watchdog(node, path, &config_.watchdog); }},
         {"drift", [this](const YamlNode& node, const std::string& path) { return Drift(node, path); }},
         {"execute", [this](const YamlNode& node, const std::string& path) { return Execute(node, path); }},
         {"state", read_.Text(&config_.state)}});
    if (!status.ok()) return status;
    for (const Reference& reference : references_) REVERTD_RETURN_IF_ERROR(Check(reference));
    REVERTD_RETURN_IF_ERROR(CheckServiceLimit(root));
    REVERTD_RETURN_IF_ERROR(CheckDeploysFromLog(root));
    REVERTD_RETURN_IF_ERROR(sentry_.Check(root, config_));
    return config_;
  }

 private:
  // A name that must stand elsewhere in the file, looked up once the whole file is read.
  struct Reference {
    YamlNode node;
    std::string path;
    bool to_repo;
  };

  Status Sources(const YamlNode& node, const std::string& path) {
    REVERTD_RETURN_IF_ERROR(read_.Expect(node, path, YamlNode::Kind::kSequence));
    if (node.items.empty() || node.items.size() > kSourcesMax) {
      return read_.Error(node, path, "1 to " + std::to_string(kSourcesMax) + " sources expected");
    }
    config_.sources.clear();
    for (size_t i = 0; i < node.items.size(); ++i) {
      REVERTD_RETURN_IF_ERROR(SourceItem(node.items[i], path + "[" + std::to_string(i) + "]"));
    }
    return OkStatus();
  }

  Status SourceItem(const YamlNode& node, const std::string& path) {
    SourceConfig source;
    const auto read_as = [&](SourceConfig::Kind kind) {
      return [this, kind, &source](const YamlNode& from, const std::string& at) {
        source.kind = kind;
        return SourceKeys(from, at, &source);
      };
    };
    REVERTD_RETURN_IF_ERROR(read_.Keys(node, path,
                                       {{"stdin", read_as(SourceConfig::Kind::kStdin)},
                                        {"file", read_as(SourceConfig::Kind::kFile)},
                                        {"syslog", read_as(SourceConfig::Kind::kSyslog)}}));
    if (node.members.size() != 1) return read_.Error(node, path, "one of stdin, file or syslog expected");
    for (const SourceConfig& other : config_.sources) {
      // Both would count the same lines, or fight for them.
      if (other.kind == source.kind && other.path == source.path && other.listen == source.listen) {
        return read_.Error(node, path, "the same source twice");
      }
    }
    config_.sources.push_back(std::move(source));
    return OkStatus();
  }

  Status SourceKeys(const YamlNode& node, const std::string& path, SourceConfig* source) const {
    constexpr DurationNs kDay = 24 * kHourNs;
    const bool is_stdin = source->kind == SourceConfig::Kind::kStdin;
    if (is_stdin && node.kind == YamlNode::Kind::kNull) return OkStatus();
    std::vector<MapReader::Key> keys = {
        {"format", read_.Text(&source->format)},
        {"timezone",
         [&](const YamlNode& from, const std::string& at) {
           REVERTD_RETURN_IF_ERROR(read_.Text(&source->timezone)(from, at));
           const auto zone = TimeZone::Named(source->timezone);
           return zone.ok() ? OkStatus() : read_.Error(from, at, MessageOf(zone.status()));
         }},
        {"stale_after", read_.Duration(&source->stale_after_ns, kSecondNs, kDay, "from 1s to 1d")}};
    std::string_view required;
    if (source->kind == SourceConfig::Kind::kFile) {
      required = "path";
      keys.push_back({"path", read_.Path(&source->path)});
      keys.push_back({"from", [&](const YamlNode& from, const std::string& at) { return From(from, at, source); }});
    }
    if (source->kind == SourceConfig::Kind::kSyslog) {
      required = "listen";
      keys.push_back({"listen", [&](const YamlNode& from, const std::string& at) { return Listen(from, at, source); }});
      keys.push_back({"mode", read_.Permissions(&source->socket_mode)});
    }
    REVERTD_RETURN_IF_ERROR(read_.Keys(node, path, keys));
    const bool given = required.empty() || std::ranges::any_of(node.members, [&](const YamlMember& member) {
                         return member.key == required;
                       });
    return given ? OkStatus() : read_.Error(node, path, std::string(required) + " expected");
  }

  Status From(const YamlNode& node, const std::string& path, SourceConfig* source) const {
    REVERTD_RETURN_IF_ERROR(read_.Expect(node, path, YamlNode::Kind::kScalar));
    source->from_start = node.scalar == "start";
    return source->from_start || node.scalar == "end" ? OkStatus() : read_.WrongValue(node, path, "start or end");
  }

  Status Listen(const YamlNode& node, const std::string& path, SourceConfig* source) const {
    std::string text;
    REVERTD_RETURN_IF_ERROR(read_.Text(&text)(node, path));
    const auto address = ParseListenAddress(text);
    if (!address.ok()) return read_.Error(node, path, MessageOf(address.status()));
    source->listen = *address;
    return OkStatus();
  }

  Status Services(const YamlNode& node, const std::string& path) {
    return read_.Names(node, path, [this](const std::string& name, const YamlNode& from, const std::string& from_path) {
      return Service(name, from, from_path);
    });
  }

  Status Service(const std::string& name, const YamlNode& node, const std::string& path) {
    if (name == kOtherService) return read_.Error(node, path, "this name stands for all services beyond the limit");
    ServiceConfig service;
    service.name = name;
    std::vector<MapReader::Key> keys = {
        {"match", [&](const YamlNode& from, const std::string& at) { return Matches(from, at, &service); }},
        {"repo",
         [&](const YamlNode& from, const std::string& at) {
           references_.push_back({from, at, true});
           return read_.Text(&service.repo)(from, at);
         }},
        {"mode", read_.Named(&ModeNamed, "observe, alert, propose or push", &service.mode)},
        {"depends_on", [&](const YamlNode& from, const std::string& at) { return DependsOn(from, at, &service); }}};
    for (MapReader::Key& key : actions_.RollbackKeys(&service)) keys.push_back(std::move(key));
    for (MapReader::Key& key : doors_.ServiceKeys(&service)) keys.push_back(std::move(key));
    for (MapReader::Key& key : health_.ServiceKeys(&service)) keys.push_back(std::move(key));
    for (MapReader::Key& key : drift_.ServiceKeys(&service)) keys.push_back(std::move(key));
    REVERTD_RETURN_IF_ERROR(read_.Keys(node, path, keys));
    REVERTD_RETURN_IF_ERROR(actions_.CheckRollback(node, path, service));
    if (service.repo.empty() && (service.mode == Mode::kPush || service.mode == Mode::kPropose)) {
      return read_.Error(node, path, "mode " + std::string(NameOf(service.mode)) + " needs a repo");
    }
    config_.services.push_back(std::move(service));
    return OkStatus();
  }

  Status Matches(const YamlNode& node, const std::string& path, ServiceConfig* service) {
    if (node.kind != YamlNode::Kind::kSequence) return Match(node, path, service);
    for (size_t i = 0; i < node.items.size(); ++i) {
      REVERTD_RETURN_IF_ERROR(Match(node.items[i], path + "[" + std::to_string(i) + "]", service));
    }
    return OkStatus();
  }

  Status Match(const YamlNode& node, const std::string& path, ServiceConfig* service) {
    MatchConfig match;
    REVERTD_RETURN_IF_ERROR(
        read_.Keys(node, path, {{"host", read_.Text(&match.host)}, {"path", read_.Text(&match.path)}}));
    if (match.host.empty() && match.path.empty()) return read_.Error(node, path, "host or path expected");
    match.host = ToLower(match.host);
    if (match.host.find(':') != std::string::npos && match.host.find('[') == std::string::npos) {
      return read_.Error(node, path + ".host", "a host without its port expected");
    }
    if (!match.path.empty() && match.path.front() != '/') {
      return read_.Error(node, path + ".path", "a path that begins with / expected");
    }
    const auto [taken, is_new] = match_owners_.try_emplace({match.host, match.path}, service->name);
    if (!is_new) return read_.Error(node, path, "the same match as service \"" + ShownText(taken->second) + "\"");
    service->matches.push_back(std::move(match));
    return OkStatus();
  }

  Status DependsOn(const YamlNode& node, const std::string& path, ServiceConfig* service) {
    return read_.Texts(node, path, [&](const YamlNode& item, const std::string& item_path, const std::string& name) {
      if (name == service->name) return read_.Error(item, item_path, "a service cannot depend on itself");
      service->depends_on.push_back(name);
      references_.push_back({item, item_path, false});
      return OkStatus();
    });
  }

  Status Repos(const YamlNode& node, const std::string& path) {
    return read_.Names(node, path, [this](const std::string& name, const YamlNode& from, const std::string& at) {
      RepoConfig repo;
      repo.name = name;
      REVERTD_RETURN_IF_ERROR(actions_.Repo(from, at, &repo, doors_.RepoKeys(&repo)));
      config_.repos.push_back(std::move(repo));
      return OkStatus();
    });
  }

  Status Detect(const YamlNode& node, const std::string& path) {
    DetectConfig& detect = config_.detect;
    DurationNs lateness = detect.lateness_seconds * kSecondNs;
    const std::string lateness_range = "from 0s to " + std::to_string(kLatenessSecondsMax) + "s";  // outlives the keys
    std::vector<MapReader::Key> keys = {
        {"false_rollback_rate", read_.Number(&detect.false_rollback_rate, 1e-9, 0.5, "from 1e-9 to 0.5")},
        {"observe", read_.Duration(&detect.observe, kMinuteNs, 30 * kMinuteNs, "from 1m to 30m")},
        {"lateness", read_.Duration(&lateness, 0, kLatenessSecondsMax * kSecondNs, lateness_range)},
        {"cohort", read_.Named(&CohortFieldNamed, "none, release or upstream", &detect.cohort)},
        {"margins", [&](const YamlNode& from, const std::string& at) {
           return read_.Keys(
               from, at,
               {{"errors", read_.Number(&detect.margin_errors, 1, 100, "from 1 to 100")},
                {"errors_abs", read_.Number(&detect.margin_errors_abs, 0, 1, "from 0 to 1")},
                {"latency", read_.Number(&detect.margin_latency, 1.01, 100, "from 1.01 to 100")},
                {"latency_abs", read_.Duration(&detect.margin_latency_abs, 0, kHourNs, "from 0s to 1h")}});
         }}};
    for (MapReader::Key& key : health_.DetectKeys(&detect)) keys.push_back(std::move(key));
    REVERTD_RETURN_IF_ERROR(read_.Keys(node, path, keys));
    detect.lateness_seconds = CeilToSecond(lateness);
    return health_.CheckFollowUps(node, path, detect);
  }

  Status Guard(const YamlNode& node, const std::string& path) {
    constexpr DurationNs kDay = 24 * kHourNs;
    GuardConfig& guard = config_.guard;
    return read_.Keys(
        node, path,
        {{"pushes_per_day", read_.Count(&guard.pushes_per_day, 0, 1000)},
         {"proposals_per_day", read_.Count(&guard.proposals_per_day, 0, 1000)},
         {"commit_age_push", read_.Duration(&guard.commit_age_push, 0, 30 * kDay, "up to 30d")},
         {"cooldown", read_.Duration(&guard.cooldown, 0, kDay, "up to 1d")},
         {"deploy_wait", read_.Duration(&guard.deploy_wait, kSecondNs, kDay, "from 1s to 1d")},
         {"commit_age_propose", read_.Duration(&guard.commit_age_propose, 0, 30 * kDay, "up to 30d")},
         {"in_flight", read_.Named(&InFlightNamed, "complete_old, complete_new or cancel", &guard.in_flight)},
         {"post_mortem_due", read_.Duration(&guard.post_mortem_due, kHourNs, 90 * kDay, "from 1h to 90d")},
         {"kill_switch", read_.Text(&guard.kill_switch)}});
  }

  Status Drift(const YamlNode& node, const std::string& path) {
    const auto refer = [this](const YamlNode& from, const std::string& at) { references_.push_back({from, at, true}); };
    return drift_.Drift(node, path, &config_.drift, refer);
  }

  Status Execute(const YamlNode& node, const std::string& path) {
    REVERTD_RETURN_IF_ERROR(read_.Expect(node, path, YamlNode::Kind::kScalar));
    config_.executes = node.scalar == "here";
    return config_.executes || node.scalar == "apart" ? OkStatus() : read_.WrongValue(node, path, "here or apart");
  }

  // Once the whole file is read: the limit may stand below the services.
  Status CheckServiceLimit(const YamlNode& root) const {
    const auto limit = static_cast<size_t>(config_.limits.services);
    if (config_.services.size() <= limit) return OkStatus();
    const auto services = std::find_if(root.members.begin(), root.members.end(),
                                       [](const YamlMember& member) { return member.key == "services"; });
    const YamlMember& first_beyond = services->node.members[limit];
    return read_.Error(first_beyond.node, "services." + first_beyond.key,
                       "more than " + std::to_string(limit) + " services; raise limits.services");
  }

  // Releases are counted where versions are told apart by them.
  Status CheckDeploysFromLog(const YamlNode& root) const {
    const auto from_log = std::find_if(config_.services.begin(), config_.services.end(),
                                       [](const ServiceConfig& service) { return service.deploys_from_log; });
    if (from_log == config_.services.end() || config_.detect.cohort == CohortField::kRelease) return OkStatus();
    return read_.Error(root, "services." + from_log->name + ".deploys_from_log", "needs detect.cohort: release");
  }

  Status Check(const Reference& reference) const {
    std::vector<std::string_view> names;
    if (reference.to_repo) {
      for (const RepoConfig& repo : config_.repos) names.emplace_back(repo.name);
    } else {
      for (const ServiceConfig& service : config_.services) names.emplace_back(service.name);
    }
    const std::string& name = reference.node.scalar;
    if (std::find(names.begin(), names.end(), name) != names.end()) return OkStatus();
    return read_.Error(reference.node, reference.path,
                       "no " + std::string(reference.to_repo ? "repo" : "service") + " \"" + ShownText(name) + "\"" +
                           MapReader::DidYouMean(name, names));
  }

  const MapReader read_;
  const ActionsReader actions_{read_};
  const DoorsReader doors_{read_, actions_};
  const HealthReader health_{read_, actions_};
  const DriftReader drift_{read_, actions_, health_};
  const SentryReader sentry_{read_, actions_};
  Config config_;
  std::vector<Reference> references_;
  std::map<std::pair<std::string, std::string>, std::string> match_owners_;  // (host, path) to service
};

}  // namespace

StatusOr<Config> ParseConfig(std::string_view yaml, std::string_view name) {
  const auto root = ParseYaml(yaml, name);
  if (!root.ok()) return root.status();
  return ConfigReader(name).Read(*root);
}

StatusOr<Config> LoadConfig(const std::string& path) {
  const auto text = ReadYamlFile(path, "the configuration", kFileBytesMax);
  return text.ok() ? ParseConfig(*text, path) : text.status();
}

}  // namespace revertd
