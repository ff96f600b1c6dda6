#include "config/load_actions.h"

#include <algorithm>
#include <array>
#include <utility>

namespace revertd {
namespace {

constexpr size_t kGlobsMax = 64;      // each is an argument of one run of git
constexpr size_t kChannelsMax = 16;   // each is tried for every message
constexpr size_t kArgumentsMax = 64;  // of a command
constexpr size_t kNamesMax = 16;      // labels, reviewers

// The words that are replaced in the commands of a rollback.
constexpr std::array<std::string_view, 6> kRollbackWords = {"{service}", "{bad}",       "{good}",
                                                            "{trigger}", "{in_flight}", "{signal}"};

// The first {word} of `text` that nothing will replace; empty: none.
std::string_view UnknownPlaceholder(std::string_view text, const std::vector<std::string_view>& words) {
  for (size_t open = text.find('{'); open != std::string_view::npos; open = text.find('{', open + 1)) {
    const size_t close = text.find('}', open);
    if (close == std::string_view::npos) return {};
    const std::string_view word = text.substr(open, close - open + 1);
    const bool plain = word.find_first_not_of("abcdefghijklmnopqrstuvwxyz_{}") == std::string_view::npos;
    if (plain && std::find(words.begin(), words.end(), word) == words.end()) return word;
  }
  return {};
}

bool IsHttpUrl(std::string_view url) { return url.starts_with("https://") || url.starts_with("http://"); }

}  // namespace

MapReader::Read ActionsReader::Globs(std::vector<std::string>* globs) const {
  return [this, globs](const YamlNode& node, const std::string& path) {
    if (node.items.size() > kGlobsMax) {
      return read_.Error(node, path, "at most " + std::to_string(kGlobsMax) + " globs expected");
    }
    return read_.Texts(node, path, [&](const YamlNode& item, const std::string& item_path, const std::string& glob) {
      const std::vector<std::string_view> folders = Split(glob, '/');
      const bool climbs = std::find(folders.begin(), folders.end(), "..") != folders.end();
      // git would refuse it when a rollback is due, which is too late.
      if (glob.front() == '/' || climbs) {
        return read_.Error(item, item_path, "a glob below the repository's own folder expected");
      }
      globs->push_back(glob);
      return OkStatus();
    });
  };
}

MapReader::Read ActionsReader::Command(CommandConfig* command, std::vector<std::string_view> words) const {
  const auto argv = [this, command, words = std::move(words)](const YamlNode& from, const std::string& at) {
    if (from.items.size() > kArgumentsMax) {
      return read_.Error(from, at, "at most " + std::to_string(kArgumentsMax) + " arguments expected");
    }
    return read_.Texts(from, at, [&](const YamlNode& item, const std::string& item_path, const std::string& text) {
      const std::string_view unknown = UnknownPlaceholder(text, words);
      if (!unknown.empty()) {
        return read_.Error(
            item, item_path,
            "nothing replaces " + ShownText(unknown) + "; known are " + Join({words.begin(), words.end()}, ", "));
      }
      command->argv.push_back(text);
      return OkStatus();
    });
  };
  return [this, command, argv](const YamlNode& node, const std::string& path) {
    if (node.kind == YamlNode::Kind::kSequence) {
      REVERTD_RETURN_IF_ERROR(argv(node, path));
    } else {
      REVERTD_RETURN_IF_ERROR(
          read_.Keys(node, path,
                     {{"argv", argv},
                      {"time_limit", read_.Duration(&command->time_limit, kSecondNs, 24 * kHourNs, "from 1s to 1d")}}));
    }
    return command->given() ? OkStatus() : read_.Error(node, path, "argv expected");
  };
}

MapReader::Read ActionsReader::Secret(SecretConfig* secret) const {
  return [this, secret](const YamlNode& node, const std::string& path) {
    REVERTD_RETURN_IF_ERROR(
        read_.Keys(node, path, {{"file", read_.Text(&secret->file)}, {"env", read_.Text(&secret->env)}}));
    return secret->file.empty() != secret->env.empty() ? OkStatus()
                                                       : read_.Error(node, path, "one of file and env expected");
  };
}

MapReader::Read ActionsReader::Url(std::string* url) const {
  return [this, url](const YamlNode& node, const std::string& path) {
    REVERTD_RETURN_IF_ERROR(read_.Text(url)(node, path));
    if (!IsHttpUrl(*url)) return read_.Error(node, path, "a URL that begins with https:// or http:// expected");
    while (url->ends_with('/')) url->pop_back();
    return OkStatus();
  };
}

MapReader::Read ActionsReader::Names(std::vector<std::string>* into) const {
  return [this, into](const YamlNode& from, const std::string& at) {
    into->clear();
    if (from.items.size() > kNamesMax) {
      return read_.Error(from, at, "at most " + std::to_string(kNamesMax) + " names expected");
    }
    return read_.Texts(from, at, [&](const YamlNode&, const std::string&, const std::string& text) {
      into->push_back(text);
      return OkStatus();
    });
  };
}

Status ActionsReader::Forge(const YamlNode& node, const std::string& path, ForgeConfig* forge) const {
  REVERTD_RETURN_IF_ERROR(read_.Keys(node, path,
                                     {{"kind", read_.Named(&ForgeKindNamed, "github, gitlab or gitea", &forge->kind)},
                                      {"api", Url(&forge->api)},
                                      {"repository", read_.Text(&forge->repository)},
                                      {"token", Secret(&forge->token)},
                                      {"labels", Names(&forge->labels)},
                                      {"reviewers", Names(&forge->reviewers)},
                                      {"auto_merge", read_.YesOrNo(&forge->auto_merge)},
                                      {"reapply_draft", read_.YesOrNo(&forge->reapply_draft)},
                                      {"opt_out_label", read_.Text(&forge->opt_out_label)}}));
  const size_t slashes = static_cast<size_t>(std::count(forge->repository.begin(), forge->repository.end(), '/'));
  const bool is_path = slashes >= 1 && (slashes == 1 || forge->kind == ForgeKind::kGitLab);
  if (!is_path || forge->repository.find_first_of(" ?#%") != std::string::npos || forge->repository.front() == '/' ||
      forge->repository.back() == '/') {
    return read_.Error(node, path, "repository expected, like acme/shop");
  }
  if (!forge->token.given()) return read_.Error(node, path, "token expected");
  if (!forge->api.empty()) return OkStatus();
  if (forge->kind == ForgeKind::kGitea) return read_.Error(node, path, "api expected: a Gitea has no usual place");
  forge->api = forge->kind == ForgeKind::kGitHub ? "https://api.github.com" : "https://gitlab.com/api/v4";
  return OkStatus();
}

Status ActionsReader::Repo(const YamlNode& node, const std::string& path, RepoConfig* repo,
                           std::vector<MapReader::Key> more) const {
  const auto forge = [this, repo](const YamlNode& from, const std::string& at) {
    repo->forge.emplace();
    return Forge(from, at, &*repo->forge);
  };
  std::vector<MapReader::Key> keys = {
      {"url", read_.Text(&repo->url)},
      {"branch", read_.Text(&repo->branch)},
      {"protected_paths", Globs(&repo->protected_paths)},
      {"mixed_range", read_.Named(&MixedRangeNamed, "whole or triage", &repo->mixed_range)},
      {"alert_only", read_.YesOrNo(&repo->alert_only)},
      {"forge", forge}};
  for (MapReader::Key& key : more) keys.push_back(std::move(key));
  REVERTD_RETURN_IF_ERROR(read_.Keys(node, path, keys));
  if (repo->url.empty()) return read_.Error(node, path, "url expected");
  for (const auto& [key, value] : {std::pair("url", repo->url), std::pair("branch", repo->branch)}) {
    // git would take it for an option.
    if (value.front() == '-') return read_.Error(node, path + "." + key, "must not begin with -");
  }
  return OkStatus();
}

std::vector<MapReader::Key> ActionsReader::RollbackKeys(ServiceConfig* service) const {
  const std::vector<std::string_view> words = {kRollbackWords.begin(), kRollbackWords.end()};
  return {{"paths", Globs(&service->paths)},
          {"rollback", read_.Named(&RollbackByNamed, "revert or version", &service->rollback)},
          {"drain", Command(&service->drain, words)},
          {"deploy", Command(&service->deploy, words)},
          {"version", Command(&service->version, words)}};
}

Status ActionsReader::CheckRollback(const YamlNode& node, const std::string& path, const ServiceConfig& service) const {
  const bool by_version = service.rollback == RollbackBy::kVersion;
  if (by_version && !service.version.given())
    return read_.Error(node, path, "rollback: version needs the command version");
  if (!by_version && service.version.given()) {
    return read_.Error(node, path, "the command version is only run by rollback: version");
  }
  if (by_version && service.deploy.given()) {
    return read_.Error(node, path, "the command deploy is of a revert; rollback: version runs the command version");
  }
  return OkStatus();
}

std::vector<MapReader::Key> ActionsReader::ChannelKeys(ChannelConfig* channel) const {
  using Kind = ChannelConfig::Kind;
  std::vector<MapReader::Key> keys = {{"name", read_.Text(&channel->name)}};
  if (channel->kind == Kind::kCommand) {
    keys.push_back({"argv", [this, channel](const YamlNode& node, const std::string& path) {
                      return read_.Texts(node, path, [&](const YamlNode&, const std::string&, const std::string& text) {
                        channel->command.argv.push_back(text);
                        return OkStatus();
                      });
                    }});
    keys.push_back({"time_limit", read_.Duration(&channel->command.time_limit, kSecondNs, kHourNs, "from 1s to 1h")});
    return keys;
  }
  keys.push_back({"url", Url(&channel->url)});
  keys.push_back({"secret_url", Secret(&channel->secret_url)});
  if (channel->kind == Kind::kWebhook) keys.push_back({"secret", Secret(&channel->secret)});
  if (channel->kind == Kind::kPagerDuty) keys.push_back({"routing_key", Secret(&channel->secret)});
  return keys;
}

Status ActionsReader::Channel(const YamlNode& node, const std::string& path, ChannelConfig* channel) const {
  using Kind = ChannelConfig::Kind;
  if (channel->kind == Kind::kCommand) channel->command.time_limit = kMinuteNs;
  channel->name = NameOf(channel->kind);
  REVERTD_RETURN_IF_ERROR(read_.Keys(node, path, ChannelKeys(channel)));
  if (channel->kind == Kind::kCommand) {
    return channel->command.given() ? OkStatus() : read_.Error(node, path, "argv expected");
  }
  if (channel->kind == Kind::kPagerDuty) {
    if (!channel->secret.given()) return read_.Error(node, path, "routing_key expected");
    if (channel->url.empty() && !channel->secret_url.given()) channel->url = "https://events.pagerduty.com/v2/enqueue";
  }
  return channel->url.empty() == channel->secret_url.given()
             ? OkStatus()
             : read_.Error(node, path, "one of url and secret_url expected");
}

Status ActionsReader::Notify(const YamlNode& node, const std::string& path,
                             std::vector<ChannelConfig>* channels) const {
  using Kind = ChannelConfig::Kind;
  REVERTD_RETURN_IF_ERROR(read_.Expect(node, path, YamlNode::Kind::kSequence));
  if (node.items.size() > kChannelsMax) {
    return read_.Error(node, path, "at most " + std::to_string(kChannelsMax) + " channels expected");
  }
  for (size_t i = 0; i < node.items.size(); ++i) {
    const std::string item_path = path + "[" + std::to_string(i) + "]";
    ChannelConfig channel;
    std::vector<MapReader::Key> kinds;
    for (Kind kind :
         {Kind::kWebhook, Kind::kSlack, Kind::kDiscord, Kind::kPagerDuty, Kind::kAlertmanager, Kind::kCommand}) {
      kinds.push_back({NameOf(kind), [this, kind, &channel](const YamlNode& from, const std::string& at) {
                         channel.kind = kind;
                         return Channel(from, at, &channel);
                       }});
    }
    REVERTD_RETURN_IF_ERROR(read_.Keys(node.items[i], item_path, kinds));
    if (node.items[i].members.size() != 1) return read_.Error(node.items[i], item_path, "one channel expected");
    const bool taken = std::any_of(channels->begin(), channels->end(),
                                   [&](const ChannelConfig& other) { return other.name == channel.name; });
    if (taken) {
      return read_.Error(node.items[i], item_path,
                         "a second channel \"" + ShownText(channel.name) + "\": give it a name of its own");
    }
    channels->push_back(std::move(channel));
  }
  return OkStatus();
}

}  // namespace revertd
