#include "tests/actions/sandbox.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "actions/process.h"
#include "base/strings.h"

namespace revertd {

namespace fs = std::filesystem;

void WriteFile(const std::string& path, const std::string& text) {
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

std::string ReadFile(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

Sandbox::Sandbox() {
  std::string pattern = (fs::temp_directory_path() / "revertd-actions-XXXXXX").string();
  root = mkdtemp(pattern.data());
  remote = root + "/remote.git";
  clone = root + "/clone";
  state_directory = root + "/state";
  fs::create_directories(root + "/user");
  fs::create_directories(state_directory);
  GitIn(root, {"init", "--quiet", "--bare", "--initial-branch=production", remote});
  GitIn(root, {"init", "--quiet", "--initial-branch=production", clone});
  Commit("base.txt", "one\ntwo\nthree\n", "first");
}

Sandbox::~Sandbox() {
  std::error_code error;
  fs::remove_all(root, error);
}

std::vector<std::string> Sandbox::Environment() const {
  const char* path = std::getenv("PATH");
  return {"HOME=" + root + "/user", std::string("PATH=") + (path == nullptr ? "/usr/bin:/bin" : path)};
}

std::string Sandbox::GitIn(const std::string& folder, const std::vector<std::string>& arguments) {
  ProcessSpec spec;
  spec.program = "git";
  spec.arguments = arguments;
  spec.working_directory = folder;
  spec.environment = Environment();
  for (const char* role : {"GIT_AUTHOR", "GIT_COMMITTER"}) {
    spec.environment.push_back(std::string(role) + "_NAME=A Person");
    spec.environment.push_back(std::string(role) + "_EMAIL=person@example.com");
    spec.environment.push_back(std::string(role) + "_DATE=@1763600000 +0000");
  }
  StatusOr<ProcessResult> result = RunProcess(spec);
  if (!result.ok()) {
    ADD_FAILURE() << MessageOf(result.status());
    return "";
  }
  EXPECT_EQ(result->exit_code, 0) << Join(arguments, " ") << "\n" << result->standard_error;
  return std::string(Trim(result->standard_output));
}

std::string Sandbox::Git(const std::vector<std::string>& arguments) { return GitIn(clone, arguments); }

std::string Sandbox::Commit(const std::string& file, const std::string& text, const std::string& message) {
  fs::create_directories(fs::path(clone + "/" + file).parent_path());
  WriteFile(clone + "/" + file, text);
  Git({"add", "--all"});
  Git({"commit", "--quiet", "--allow-empty", "--message=" + message});
  return Git({"rev-parse", "HEAD"});
}

std::string Sandbox::MergeOf(const std::string& name, const std::string& file, const std::string& text) {
  Git({"checkout", "--quiet", "-b", name});
  Commit(file, text, "work on " + name);
  Git({"checkout", "--quiet", "production"});
  Git({"merge", "--quiet", "--no-ff", "--message=Merge " + name, name});
  return Git({"rev-parse", "HEAD"});
}

void Sandbox::Publish() { Git({"push", "--quiet", "file://" + remote, "production"}); }

std::string Sandbox::RemoteHead() { return GitIn(remote, {"rev-parse", "refs/heads/production"}); }

int Sandbox::RemoteReverts(const std::string& trigger_id) {
  const std::string found = GitIn(remote, {"log", "--format=%H", "--fixed-strings",
                                           "--grep=Revertd-Trigger: " + trigger_id, "refs/heads/production"});
  return found.empty() ? 0 : static_cast<int>(Split(found, '\n').size());
}

void Sandbox::WriteHook(const std::string& name, const std::string& body) {
  const std::string path = remote + "/hooks/" + name;
  WriteFile(path, "#!/bin/sh\n" + body + "\n");
  fs::permissions(path, fs::perms::owner_all);
}

std::vector<std::string> Sandbox::LeftOvers() const {
  std::vector<std::string> found;
  if (fs::exists(state_directory + "/worktrees")) {
    for (const auto& repo : fs::directory_iterator(state_directory + "/worktrees")) found.push_back(repo.path());
  }
  if (!fs::exists(state_directory + "/mirrors/shop.git")) return found;
  for (const auto& entry : fs::recursive_directory_iterator(state_directory + "/mirrors/shop.git")) {
    const fs::path& path = entry.path();
    if (path.extension() == ".lock" || path.filename() == "worktrees") found.push_back(path);
  }
  return found;
}

RepoConfig Sandbox::Repo() const {
  RepoConfig repo;
  repo.name = "shop";
  repo.url = "file://" + remote;
  repo.branch = "production";
  return repo;
}

Config Sandbox::MakeConfig() const {
  Config config;
  config.repos.push_back(Repo());
  ServiceConfig service;
  service.name = "checkout";
  service.repo = "shop";
  service.mode = Mode::kPush;
  config.services.push_back(service);
  config.state = state_directory + "/state.db";
  config.guard.kill_switch = state_directory + "/kill-switch";
  return config;
}

RollbackTrigger Sandbox::TriggerFor(const std::string& head, const std::string& base) const {
  const TimeNs deployed_ns = 1'763'699'900 * kSecondNs;
  RollbackTrigger trigger;
  trigger.id = MakeTriggerId("checkout", head, deployed_ns);
  trigger.deploy_id = "checkout-bad";
  trigger.service = "checkout";
  trigger.repo = "shop";
  trigger.base = base;
  trigger.head = head;
  trigger.reason = "mode_push";
  trigger.created_ns = deployed_ns + 40 * kSecondNs;
  trigger.evidence.signal = "errors";
  trigger.evidence.before = 0.0001;
  trigger.evidence.after = 0.041;
  return trigger;
}

GitProgram Sandbox::MakeGit(Clock* clock) const { return GitProgram(state_directory, Environment(), clock); }

}  // namespace revertd
