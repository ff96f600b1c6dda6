#include "config/load_drift.h"

#include <algorithm>
#include <utility>

#include "base/ascii.h"
#include "base/json_pointer.h"

namespace revertd {
namespace {

constexpr size_t kWorkTreesMax = 64;  // each is two runs of git in every scan

}  // namespace

std::vector<MapReader::Key> DriftReader::ServiceKeys(ServiceConfig* service) const {
  return {{"running", [this, service](const YamlNode& node, const std::string& path) {
             return Running(node, path, &service->running);
           }}};
}

Status DriftReader::Running(const YamlNode& node, const std::string& path, RunningConfig* running) const {
  const auto header = [this, running](const YamlNode& from, const std::string& at) {
    REVERTD_RETURN_IF_ERROR(read_.Text(&running->header)(from, at));
    if (!IsHttpToken(running->header)) return read_.Error(from, at, "the name of a header expected");
    running->header = ToLower(running->header);
    return OkStatus();
  };
  const auto json = [this, running](const YamlNode& from, const std::string& at) {
    REVERTD_RETURN_IF_ERROR(read_.Text(&running->json)(from, at));
    const auto parsed = ParseJsonPointer(running->json);
    return parsed.ok() ? OkStatus() : read_.Error(from, at, MessageOf(parsed.status()));
  };
  REVERTD_RETURN_IF_ERROR(read_.Keys(node, path,
                                     {{"url", health_.Url(&running->url)},
                                      {"header", header},
                                      {"json", json},
                                      {"command", actions_.Command(&running->command, {"{service}"})}}));
  if (running->url.empty() != running->command.given())
    return read_.Error(node, path, "one of url and command expected");
  if (running->command.given() && !(running->header.empty() && running->json.empty())) {
    return read_.Error(node, path, "header and json are of a url; what the command prints is the revision");
  }
  if (!running->header.empty() && !running->json.empty()) {
    return read_.Error(node, path, "one of header and json expected");
  }
  return OkStatus();
}

Status DriftReader::Drift(const YamlNode& node, const std::string& path, DriftConfig* drift,
                          const std::function<void(const YamlNode& node, const std::string& path)>& refer) const {
  const auto work_trees = [&](const YamlNode& from, const std::string& at) {
    REVERTD_RETURN_IF_ERROR(read_.Expect(from, at, YamlNode::Kind::kSequence));
    if (from.items.size() > kWorkTreesMax) {
      return read_.Error(from, at, "at most " + std::to_string(kWorkTreesMax) + " work trees expected");
    }
    for (size_t i = 0; i < from.items.size(); ++i) {
      const std::string item_path = at + "[" + std::to_string(i) + "]";
      REVERTD_RETURN_IF_ERROR(WorkTree(from.items[i], item_path, drift));
      refer(*FindMember(from.items[i], "repo"), item_path + ".repo");
    }
    return OkStatus();
  };
  return read_.Keys(node, path,
                    {{"every", read_.Duration(&drift->every, kMinuteNs, 24 * kHourNs, "from 1m to 24h")},
                     {"grace", read_.Duration(&drift->grace, 0, 24 * kHourNs, "from 0s to 24h")},
                     {"work_trees", work_trees}});
}

Status DriftReader::WorkTree(const YamlNode& node, const std::string& path, DriftConfig* drift) const {
  WorkTreeConfig tree;
  REVERTD_RETURN_IF_ERROR(read_.Keys(node, path, {{"path", read_.Path(&tree.path)}, {"repo", read_.Text(&tree.repo)}}));
  if (tree.path.empty()) return read_.Error(node, path, "path expected");
  if (tree.repo.empty()) return read_.Error(node, path, "repo expected");
  const bool taken = std::any_of(drift->work_trees.begin(), drift->work_trees.end(),
                                 [&](const WorkTreeConfig& other) { return other.path == tree.path; });
  if (taken) return read_.Error(node, path, "the same path twice");
  drift->work_trees.push_back(std::move(tree));
  return OkStatus();
}

}  // namespace revertd
