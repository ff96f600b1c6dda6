#include "tests/actions/executor_fixture.h"

namespace revertd {

Stores OpenStores(const Sandbox& sandbox) {
  Stores stores;
  auto sidecar = StateStore::Open(sandbox.state_directory + "/state.db", StateStore::Access::kOwner);
  EXPECT_TRUE(sidecar.ok()) << MessageOf(sidecar.status());
  auto state = StateStore::Open(sandbox.state_directory + "/state.db", StateStore::Access::kInboxOnly);
  EXPECT_TRUE(state.ok()) << MessageOf(state.status());
  auto journal = ExecutorStore::Open(sandbox.state_directory + "/executor.db", ExecutorStore::Access::kOwner);
  EXPECT_TRUE(journal.ok()) << MessageOf(journal.status());
  if (sidecar.ok()) stores.sidecar = *std::move(sidecar);
  if (state.ok()) stores.state = *std::move(state);
  if (journal.ok()) stores.journal = *std::move(journal);
  return stores;
}

void PlaySidecar(Sandbox* sandbox, StateStore* state, const RollbackTrigger& trigger, RecoveryState recovery,
                 TimeNs now_ns) {
  const auto messages = state->Peek(100);
  ASSERT_TRUE(messages.ok()) << MessageOf(messages.status());
  std::string live = sandbox->RemoteHead();
  std::string deploy_id = "checkout-revert";
  for (const InboxMessage& message : *messages) {
    if (message.kind == InboxMessage::Kind::kRevertPrepared) {
      EXPECT_TRUE(state->WriteRevertPrepared(message.trigger_id, message.text).ok());
    } else if (message.kind == InboxMessage::Kind::kDeployFinish) {
      live = message.deploy.head;
      deploy_id = message.deploy.id;
    }
    EXPECT_TRUE(state->Done(message.id).ok());
  }
  const auto prepared = state->ReadRevertsPrepared();
  ASSERT_TRUE(prepared.ok());
  for (const auto& [trigger_id, sha] : *prepared) {
    if (trigger_id != trigger.id || sha != live) continue;
    Deploy deploy;
    deploy.id = deploy_id;
    deploy.service = trigger.service;
    deploy.repo = trigger.repo;
    deploy.head = sha;
    deploy.start_ns = deploy.finish_ns = now_ns;
    deploy.kind = DeployKind::kRevert;
    deploy.trigger_id = trigger_id;
    EXPECT_TRUE(state->WriteDeploy(deploy).ok());
    Recovery word;
    word.trigger_id = trigger_id;
    word.deploy_id = deploy.id;
    word.service = trigger.service;
    word.state = recovery;
    word.at_ns = now_ns;
    EXPECT_TRUE(state->WriteRecovery(word).ok());
  }
}

void RunToTheEnd(Sandbox* sandbox, const RollbackTrigger& trigger, const Config& config, Git* git, TestClock* clock,
                 ExecutorEvents* events, const FaultPoint& fault_point, int rounds_max, const ExecutorOutside& outside,
                 const std::function<void()>& between_rounds) {
  Stores stores = OpenStores(*sandbox);
  ASSERT_TRUE(stores.sidecar && stores.state && stores.journal);
  ASSERT_TRUE(stores.sidecar->WriteTrigger(trigger).ok());
  RevertExecutor executor(config, stores.state.get(), stores.journal.get(), git, clock, events, fault_point, outside);
  ActionLoop loop(config, stores.state.get(), stores.journal.get(), &executor, clock);
  for (int round = 0; round < rounds_max; ++round) {
    const auto advanced = loop.RunOnce();
    if (advanced.ok() && *advanced) continue;
    const auto rows = stores.journal->ReadJournal(trigger.id);
    ASSERT_TRUE(rows.ok());
    if (!rows->empty() && !NextStep(*rows)) return;
    if (between_rounds) between_rounds();
    PlaySidecar(sandbox, stores.sidecar.get(), trigger, RecoveryState::kRecovered, clock->Now());
    clock->SleepFor(10 * kSecondNs);
  }
}

std::vector<std::string> Outcomes(const Sandbox& sandbox, const std::string& trigger_id) {
  std::vector<std::string> outcomes;
  auto journal = ExecutorStore::Open(sandbox.state_directory + "/executor.db", ExecutorStore::Access::kReadOnly);
  EXPECT_TRUE(journal.ok()) << MessageOf(journal.status());
  if (!journal.ok()) return outcomes;
  const auto rows = (*journal)->ReadJournal(trigger_id);
  EXPECT_TRUE(rows.ok());
  for (const JournalRow& row : *rows) outcomes.push_back(row.step + " " + (row.finished_ns == 0 ? "-" : row.outcome));
  return outcomes;
}

}  // namespace revertd
