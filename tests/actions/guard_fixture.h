// A person's clone and its bare remote, with `revertd guard`'s hooks in them: what the tests of the hooks and of their
// installing stand on.
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <vector>

#include "actions/guard_install.h"
#include "actions/process.h"
#include "tests/actions/sandbox.h"

namespace revertd {

class GuardTest : public testing::Test {
 protected:
  struct Answer {
    int exit_code = -1;
    std::string words;
  };
  // Of a git that may fail; `more` goes into its environment.
  Answer Try(const std::string& folder, const std::vector<std::string>& arguments,
             const std::vector<std::string>& more = {}) {
    ProcessSpec spec;
    spec.program = "git";
    spec.arguments = {"-c", "user.name=A Person", "-c", "user.email=person@example.com"};
    spec.arguments.insert(spec.arguments.end(), arguments.begin(), arguments.end());
    spec.working_directory = folder;
    spec.environment = sandbox_.Environment();
    spec.environment.insert(spec.environment.end(), more.begin(), more.end());
    const auto result = RunProcess(spec);
    EXPECT_TRUE(result.ok()) << MessageOf(result.status());
    return {result->exit_code, result->standard_output + result->standard_error};
  }
  Answer TryCommit(const std::vector<std::string>& more = {}, const std::string& message = "direct") {
    return Try(sandbox_.clone, {"commit", "--quiet", "--allow-empty", "--message=" + message}, more);
  }
  Answer TryPush(std::vector<std::string> refs) {
    refs.insert(refs.begin(), {"push", "--quiet", "file://" + sandbox_.remote});
    return Try(sandbox_.clone, refs);
  }

  GuardedRepository Find(const std::string& path) {
    auto found = FindGuardedRepository(path, sandbox_.Environment());
    EXPECT_TRUE(found.ok()) << MessageOf(found.status());
    return found.ok() ? *found : GuardedRepository();
  }
  // "written pre-commit", one a step.
  std::vector<std::string> Install(const std::string& path, const std::string& branch = "production",
                                   bool is_dry_run = false) {
    return Words(InstallGuard(Find(path), branch, sandbox_.Environment(), is_dry_run));
  }
  std::vector<std::string> Remove(const std::string& path, bool is_dry_run = false) {
    return Words(RemoveGuard(Find(path), sandbox_.Environment(), is_dry_run));
  }
  // "pre-commit current", one a hook.
  std::vector<std::string> Show(const std::string& path, const std::string& branch = "production") {
    const auto findings = FindGuards(Find(path), branch);
    EXPECT_TRUE(findings.ok()) << MessageOf(findings.status());
    std::vector<std::string> words;
    for (const GuardFinding& finding : *findings) {
      words.push_back(finding.wanted.name + " " + std::string(NameOf(finding.state)));
    }
    return words;
  }
  void WriteHook(const std::string& folder, const std::string& name, const std::string& body, mode_t mode = 0755) {
    WriteFile(folder + "/" + name, "#!/bin/sh\n" + body + "\n");
    ASSERT_EQ(::chmod((folder + "/" + name).c_str(), mode), 0);
  }
  // A commit on another branch, which is not guarded.
  std::string Side(const std::string& name, const std::string& file) {
    sandbox_.Git({"checkout", "--quiet", "-b", name});
    const std::string sha = sandbox_.Commit(file, "x\n", "work on " + name);
    sandbox_.Git({"checkout", "--quiet", "production"});
    return sha;
  }

  Sandbox sandbox_;
  const std::string hooks_ = sandbox_.clone + "/.git/hooks";
  const std::string server_hooks_ = sandbox_.remote + "/hooks";
  const std::string log_ = sandbox_.clone + "/.git/revertd-guard.log";
  const std::string server_log_ = sandbox_.remote + "/revertd-guard.log";

 private:
  static std::vector<std::string> Words(const StatusOr<std::vector<GuardStep>>& steps) {
    EXPECT_TRUE(steps.ok()) << MessageOf(steps.status());
    std::vector<std::string> words;
    if (!steps.ok()) return words;
    for (const GuardStep& step : *steps) {
      words.push_back(std::string(step.what) + " " + std::filesystem::path(step.subject).filename().string());
    }
    return words;
  }
};

}  // namespace revertd
