// ReleaseWorld: a production of four services in three repositories with real remotes, a database schema that a command
// changes, and a sidecar played by the test: whatever is deployed gets the verdict that the test says.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actions/release/release_runner.h"
#include "config/config.h"
#include "config/release.h"
#include "store/executor_store.h"
#include "store/state_store.h"
#include "tests/actions/sandbox.h"

namespace revertd {

// Those of `rows` that hold `part`.
std::vector<std::string> Only(const std::vector<std::string>& rows, std::string_view part);

class ReleaseWorld {
 public:
  ReleaseWorld();
  ReleaseWorld(const ReleaseWorld&) = delete;
  ReleaseWorld& operator=(const ReleaseWorld&) = delete;

  // What the sidecar says of a deploy of the service, as soon as it is finished. Healthy where it is not named.
  std::map<std::string, VerdictState, std::less<>> verdicts;
  // What the service's health check answers. Well where it is not named.
  std::map<std::string, HealthLevel, std::less<>> health;
  // Called before every turn with what the runner waits for; empty: nothing.
  std::function<void(const std::string& why)> before_turn;

  ReleaseStep& Step(const std::string& name);
  ReleaseStage& Stage(const std::string& name);

  // Begins the release where it is new, and runs until it ends, halts, or waits for a person whom nobody plays; the
  // clock goes on where only time is waited for.
  ReleaseRunner::Progress Run(const FaultPoint& fault_point = nullptr, bool retries_halted = false);
  // The same in a child that kills itself at the fault point; how it ended, as waitpid says.
  int RunInChild(const std::string& fault_point);
  void Say(ExecutorCommand::Kind kind, const std::string& name);

  // A word of the sidecar's own: of the release's deploy of the service, or of another that was told of just now.
  void Tell(const std::string& service, VerdictState state, const std::string& deploy_id = "");

  // Read from what is left behind.
  std::vector<std::string> Rows();  // "ROW OUTCOME", in order; "-": no end
  JournalRow Row(const std::string& name);
  std::string Production(const std::string& repo, const std::string& file);  // the file on the remote's branch
  std::vector<std::string> History(const std::string& repo);                 // subjects of production, newest first
  std::vector<std::string> Commands();                                       // what the schema's commands did, in order
  std::vector<std::string> Audited(std::string_view kind);
  std::vector<std::string> Told();  // events of what people were told
  std::optional<ReleaseRecord> Record();
  std::vector<RollbackTrigger> Triggers();
  std::optional<Charge> ChargeOf(const std::string& service);

  OpenForge open_forge;  // of every repository that has one
  Sandbox sandbox;       // its folders and its git
  TestClock clock;
  Config config;
  ReleaseFile file;
  std::vector<std::string> dropped;  // what people said in vain, oldest first

 private:
  void MakeRepo(const std::string& name, const std::vector<std::string>& services);
  void AddService(const std::string& name, const std::string& repo);
  std::string Remote(const std::string& repo) const { return sandbox.root + "/" + repo + ".git"; }
  std::string JournalPath() const { return sandbox.state_directory + "/releases/production.db"; }
  std::unique_ptr<ExecutorStore> OpenJournal(ExecutorStore::Access access);
  void PlaySidecar(StateStore* state);
  void TakeDeploy(StateStore* state, const InboxMessage& message);
  void WriteVerdict(StateStore* state, const Deploy& deploy, VerdictState said);
  ReleaseRunner::Progress RunBeside(const FaultPoint& fault_point, bool retries_halted);
  std::unique_ptr<StateStore> sidecar_;  // while it runs
};

}  // namespace revertd
