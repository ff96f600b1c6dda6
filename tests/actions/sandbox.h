// Sandbox: a temporary folder with a bare remote and a person's clone of it, made by the real git, for the tests of
// actions/. Everything in it is gone at the end. TestClock: time that only the test moves.
#pragma once

#include <string>
#include <vector>

#include "actions/git_program.h"
#include "base/clock.h"
#include "base/trigger.h"
#include "config/config.h"

namespace revertd {

class TestClock final : public Clock {
 public:
  TimeNs Now() const override { return now_ns; }
  void SleepFor(DurationNs duration) override { now_ns += duration; }
  TimeNs now_ns = 1'763'700'000 * kSecondNs;
};

class Sandbox {
 public:
  Sandbox();
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;
  ~Sandbox();

  // git in the person's clone (or in `folder`); what it printed, trimmed. A failing git fails the test.
  std::string Git(const std::vector<std::string>& arguments);
  std::string GitIn(const std::string& folder, const std::vector<std::string>& arguments);
  // Writes a file of the clone and commits it; the commit's SHA.
  std::string Commit(const std::string& file, const std::string& text, const std::string& message);
  // Makes branch `name` from the current one with one commit, goes back and merges it (--no-ff); the merge's SHA.
  std::string MergeOf(const std::string& name, const std::string& file, const std::string& text);
  void Publish();                                    // pushes the clone's production to the remote
  std::string RemoteHead();                          // of production, read in the remote itself
  int RemoteReverts(const std::string& trigger_id);  // commits of production with that trigger's trailer
  void WriteHook(const std::string& name, const std::string& body);  // of the remote
  std::vector<std::string> LeftOvers() const;  // work trees and lock files that should not be there

  RepoConfig Repo() const;
  Config MakeConfig() const;  // one service "checkout" in mode push on Repo()
  RollbackTrigger TriggerFor(const std::string& head, const std::string& base) const;
  GitProgram MakeGit(Clock* clock) const;
  std::vector<std::string> Environment() const;

  std::string root;
  std::string remote;
  std::string clone;
  std::string state_directory;
};

void WriteFile(const std::string& path, const std::string& text);
std::string ReadFile(const std::string& path);

}  // namespace revertd
