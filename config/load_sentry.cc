#include "config/load_sentry.h"

#include <algorithm>

#include "base/ascii.h"

namespace revertd {
namespace {

constexpr size_t kProjectsMax = 256;
constexpr size_t kKeyBytesMax = 64;  // Sentry's have 32 digits, those of its likes a UUID

constexpr int64_t kMiB = int64_t{1024} * 1024;
constexpr int64_t kBodyBytesMin = 16 * 1024;  // an event with its stack
constexpr int64_t kBodyBytesMax = 20 * kMiB;  // three of them, and the server has no more room (daemon/http)
constexpr int64_t kDecodedBytesMax = 64 * kMiB;
constexpr int64_t kQueueEventsMin = 1000;     // what one request may hold must find room
constexpr int64_t kQueueEventsMax = 100'000;  // each has a few kilobytes
constexpr int64_t kTeeBytesMax = 1024 * kMiB;

bool MayBeKey(std::string_view text) {
  return text.size() <= kKeyBytesMax && std::all_of(text.begin(), text.end(), [](char c) {
           return IsDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
         });
}

const YamlNode* MemberOf(const YamlNode& node, std::string_view key) {
  const auto found = std::find_if(node.members.begin(), node.members.end(),
                                  [key](const YamlMember& member) { return member.key == key; });
  return found == node.members.end() ? nullptr : &found->node;
}

bool IsCalled(const ServiceConfig& service, std::string_view name) {
  return service.name == name ||
         std::find(service.known_as.begin(), service.known_as.end(), name) != service.known_as.end();
}

}  // namespace

Status SentryReader::Sentry(const YamlNode& node, const std::string& path, std::optional<SentryConfig>* sentry) const {
  SentryConfig& into = sentry->emplace();
  if (node.kind == YamlNode::Kind::kNull) return OkStatus();
  const auto projects = [this, &into](const YamlNode& from, const std::string& at) {
    return read_.Names(from, at, [&](const std::string& id, const YamlNode& of, const std::string& project_at) {
      return Project(id, of, project_at, &into);
    });
  };
  const auto limits = [this, &into](const YamlNode& from, const std::string& at) { return Limits(from, at, &into); };
  return read_.Keys(node, path,
                    {{"projects", projects},
                     {"service_from", ServiceFrom(&into)},
                     {"webhook_secret", actions_.Secret(&into.webhook_secret)},
                     {"limits", limits}});
}

Status SentryReader::Project(const std::string& id, const YamlNode& node, const std::string& path,
                             SentryConfig* sentry) const {
  if (id.find_first_of("/ ?#%") != std::string::npos) {
    return read_.Error(node, path, "a project as the DSN's path ends expected, like 1");
  }
  if (sentry->projects.size() == kProjectsMax) {
    return read_.Error(node, path, "at most " + std::to_string(kProjectsMax) + " projects expected");
  }
  SentryProjectConfig project;
  project.id = id;
  if (node.kind != YamlNode::Kind::kNull) {
    REVERTD_RETURN_IF_ERROR(read_.Keys(node, path,
                                       {{"service", read_.Text(&project.service)},
                                        {"key", Key(&project.key)},
                                        {"tee", actions_.Secret(&project.tee)}}));
  }
  sentry->projects.push_back(std::move(project));
  return OkStatus();
}

MapReader::Read SentryReader::Key(std::string* key) const {
  return [this, key](const YamlNode& node, const std::string& path) {
    REVERTD_RETURN_IF_ERROR(read_.Text(key)(node, path));
    if (MayBeKey(*key)) return OkStatus();
    return read_.Error(node, path, "the DSN's public key expected: letters and digits in front of its @");
  };
}

MapReader::Read SentryReader::ServiceFrom(SentryConfig* sentry) const {
  return [this, sentry](const YamlNode& node, const std::string& path) {
    if (node.kind == YamlNode::Kind::kMap) {
      sentry->service_by = ErrorServiceBy::kTag;
      REVERTD_RETURN_IF_ERROR(read_.Keys(node, path, {{"tag", read_.Text(&sentry->service_tag)}}));
      return sentry->service_tag.empty() ? read_.Error(node, path, "tag expected") : OkStatus();
    }
    REVERTD_RETURN_IF_ERROR(read_.Expect(node, path, YamlNode::Kind::kScalar));
    sentry->service_by = node.scalar == "server_name" ? ErrorServiceBy::kServerName : ErrorServiceBy::kProject;
    return sentry->service_by == ErrorServiceBy::kServerName || node.scalar == "project"
               ? OkStatus()
               : read_.WrongValue(node, path, "project, server_name or {tag: NAME}");
  };
}

Status SentryReader::Limits(const YamlNode& node, const std::string& path, SentryConfig* sentry) const {
  REVERTD_RETURN_IF_ERROR(
      read_.Keys(node, path,
                 {{"body", read_.Count(&sentry->body_bytes_max, kBodyBytesMin, kBodyBytesMax)},
                  {"decoded", read_.Count(&sentry->decoded_bytes_max, kBodyBytesMin, kDecodedBytesMax)},
                  {"queue", read_.Count(&sentry->queue_events_max, kQueueEventsMin, kQueueEventsMax)},
                  {"tee", read_.Count(&sentry->tee_bytes_max, kMiB, kTeeBytesMax)}}));
  if (sentry->decoded_bytes_max >= sentry->body_bytes_max) return OkStatus();
  return read_.Error(node, path, "decoded must not be less than body");
}

Status SentryReader::CheckSources(const YamlNode& root, const Config& config, bool* has_any) const {
  for (size_t i = 0; i < config.sources.size(); ++i) {
    const SourceConfig& source = config.sources[i];
    if (source.format != "sentry") continue;
    *has_any = true;
    const std::string path = "sources[" + std::to_string(i) + "]";
    const YamlNode& node = MemberOf(root, "sources")->items[i];
    if (source.kind == SourceConfig::Kind::kSyslog) {
      return read_.Error(node, path, "format sentry is read from a file or standard input, not by syslog");
    }
    if (!config.sentry) return read_.Error(node, path, "format sentry needs sentry: it says whose the events are");
  }
  return OkStatus();
}

Status SentryReader::Check(const YamlNode& root, const Config& config) const {
  bool has_source = false;
  REVERTD_RETURN_IF_ERROR(CheckSources(root, config, &has_source));
  if (!config.sentry) return OkStatus();
  const YamlNode& sentry = *MemberOf(root, "sentry");
  if (!config.http && !has_source) {
    return read_.Error(sentry, "sentry", "needs http, or a source of format sentry: nothing could come in");
  }
  for (const SentryProjectConfig& project : config.sentry->projects) {
    const YamlNode& node = *MemberOf(*MemberOf(sentry, "projects"), project.id);
    REVERTD_RETURN_IF_ERROR(CheckProject(node, "sentry.projects." + project.id, project, config));
  }
  return OkStatus();
}

// A word that is misspelt would be a service of its own, which nobody looks at.
Status SentryReader::CheckProject(const YamlNode& node, const std::string& path, const SentryProjectConfig& project,
                                  const Config& config) const {
  const std::string& name = project.service.empty() ? project.id : project.service;
  const bool found = std::any_of(config.services.begin(), config.services.end(), [&](const ServiceConfig& service) {
    return project.service.empty() ? IsCalled(service, name) : service.name == name;
  });
  if (found || (project.service.empty() && config.sentry->service_by != ErrorServiceBy::kProject)) return OkStatus();
  if (project.service.empty()) {
    return read_.Error(node, path, "service expected: none is called \"" + ShownText(name) + "\" or known_as it");
  }
  std::vector<std::string_view> names;
  for (const ServiceConfig& service : config.services) names.emplace_back(service.name);
  return read_.Error(*MemberOf(node, "service"), path + ".service",
                     "no service \"" + ShownText(name) + "\"" + MapReader::DidYouMean(name, names));
}

}  // namespace revertd
