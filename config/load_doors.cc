#include "config/load_doors.h"

#include <algorithm>

namespace revertd {
namespace {

// What others told of a commit within ten minutes is the same deploy: a head that is seen later would be another one.
constexpr DurationNs kBranchPollMax = 5 * kMinuteNs;

// Whoever can connect to such an address is already on this machine.
bool IsLocal(const ListenAddress& address) {
  return address.is_unix() || address.host == "::1" || address.host.starts_with("127.");
}

}  // namespace

Status DoorsReader::Http(const YamlNode& node, const std::string& path, std::optional<HttpConfig>* http) const {
  HttpConfig& into = http->emplace();
  if (node.kind == YamlNode::Kind::kNull) return OkStatus();
  const auto listen = [this, &into](const YamlNode& from, const std::string& at) {
    std::string text;
    REVERTD_RETURN_IF_ERROR(read_.Text(&text)(from, at));
    const bool is_unix = text.starts_with("unix:");
    const auto address = ParseListenAddress(is_unix ? text : "tcp:" + text);
    if (!address.ok()) return read_.Error(from, at, std::string(MessageOf(address.status())) + ", or unix:/PATH");
    into.listen = *address;
    return OkStatus();
  };
  REVERTD_RETURN_IF_ERROR(read_.Keys(node, path,
                                     {{"listen", listen},
                                      {"mode", read_.Permissions(&into.socket_mode)},
                                      {"token", actions_.Secret(&into.token)},
                                      {"webhook_secret", actions_.Secret(&into.webhook_secret)}}));
  if (IsLocal(into.listen) || into.token.given()) return OkStatus();
  return read_.Error(node, path, "token expected: others than this machine can connect to " + ToText(into.listen));
}

Status DoorsReader::Manifest(const YamlNode& node, const std::string& path, ManifestConfig* manifest) const {
  REVERTD_RETURN_IF_ERROR(
      read_.Keys(node, path, {{"write", read_.Path(&manifest->write)}, {"watch", read_.Path(&manifest->watch)}}));
  if (manifest->write.empty() || manifest->write != manifest->watch) return OkStatus();
  return read_.Error(node, path, "write and watch are the same file: revertd would read its own words");
}

MapReader::Read DoorsReader::DeploySources(std::vector<DeploySource>* sources) const {
  return [this, sources](const YamlNode& node, const std::string& path) {
    sources->clear();
    return read_.Texts(node, path, [&](const YamlNode& item, const std::string& at, const std::string& text) {
      const auto source = DeploySourceNamed(text);
      if (!source) return read_.WrongValue(item, at, "deployment, push, merge, release, pipeline or branch");
      if (std::find(sources->begin(), sources->end(), *source) == sources->end()) sources->push_back(*source);
      return OkStatus();
    });
  };
}

std::vector<MapReader::Key> DoorsReader::RepoKeys(RepoConfig* repo) const {
  return {{"deploys_from", DeploySources(&repo->deploys_from)},
          {"environments", actions_.Names(&repo->environments)},
          {"branch_poll", read_.Duration(&repo->branch_poll, 5 * kSecondNs, kBranchPollMax, "from 5s to 5m")}};
}

std::vector<MapReader::Key> DoorsReader::ServiceKeys(ServiceConfig* service) const {
  return {{"known_as", actions_.Names(&service->known_as)},
          {"deploys_from_log", read_.YesOrNo(&service->deploys_from_log)}};
}

}  // namespace revertd
