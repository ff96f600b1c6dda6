// What the desk's tests share: both real stores, the desk on them, steps of the executor and words of people.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "actions/post_mortem_desk.h"
#include "tests/actions/sandbox.h"
#include "tests/test_folder.h"

namespace revertd {

inline constexpr TimeNs kFinish = 1'795'255'200 * kSecondNs;  // 2026-11-21T10:00:00Z
inline constexpr char kTrigger[] = "checkout-3f2a91c0-1795255170";

class PostMortemDeskFixture : public ::testing::Test {
 protected:
  void SetUp() override {
    auto sidecar = StateStore::Open(folder_.Path("state.db"), StateStore::Access::kOwner);
    ASSERT_TRUE(sidecar.ok()) << sidecar.status();
    sidecar_ = *std::move(sidecar);
    auto state = StateStore::Open(folder_.Path("state.db"), StateStore::Access::kInboxOnly);
    ASSERT_TRUE(state.ok()) << state.status();
    state_ = *std::move(state);
    auto executor = ExecutorStore::Open(folder_.Path("executor.db"), ExecutorStore::Access::kOwner);
    ASSERT_TRUE(executor.ok()) << executor.status();
    executor_ = *std::move(executor);
    auto people = ExecutorStore::Open(folder_.Path("executor.db"), ExecutorStore::Access::kCommandsOnly);
    ASSERT_TRUE(people.ok()) << people.status();
    people_ = *std::move(people);
    Restart();
    ASSERT_TRUE(sidecar_->WriteTrigger(Trigger()).ok());
    ASSERT_TRUE(sidecar_->WriteDeploy(Deployed("checkout-1795255170", "checkout", kFinish)).ok());
  }

  static RollbackTrigger Trigger() {
    RollbackTrigger trigger;
    trigger.id = kTrigger;
    trigger.deploy_id = "checkout-1795255170";
    trigger.service = "checkout";
    trigger.repo = "shop";
    trigger.head = "3f2a91c0aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    trigger.reason = "mode_push";
    trigger.created_ns = kFinish + 20 * kSecondNs;
    trigger.evidence.signal = "errors";
    trigger.evidence.after = 0.04;
    trigger.evidence.onset_ns = kFinish + kSecondNs;
    return trigger;
  }

  static Deploy Deployed(const std::string& id, const std::string& service, TimeNs finish_ns) {
    Deploy deploy;
    deploy.id = id;
    deploy.service = service;
    deploy.start_ns = finish_ns - 30 * kSecondNs;
    deploy.finish_ns = finish_ns;
    return deploy;
  }

  void Judge(const std::string& deploy_id, const std::string& service, VerdictState state, TimeNs at_ns) {
    Verdict verdict;
    verdict.deploy_id = deploy_id;
    verdict.service = service;
    verdict.state = state;
    verdict.reason = "observation_ended";
    verdict.at_ns = at_ns;
    ASSERT_TRUE(sidecar_->WriteVerdict(verdict).ok());
  }

  // As after a kill: nothing but what is on the disk.
  void Restart() {
    PostMortemTools tools;
    tools.config = &config_;
    tools.state = state_.get();
    tools.executor = executor_.get();
    tools.git = git_;
    tools.state_folder = folder_.Path("");
    tools.owner_of = [this](const RollbackTrigger&) { return owner_; };
    tools.on_command = [this](const ExecutorEvent& event) {
      told_.push_back(event.step + " " + event.outcome + (event.detail.empty() ? "" : ": " + event.detail));
    };
    desk_ = std::make_unique<PostMortemDesk>(std::move(tools));
  }

  // A step of the executor: its rows, then what the desk is told.
  void Step(const std::string& step, TimeNs at_ns, const std::string& outcome = "done", bool is_told = true) {
    ASSERT_TRUE(executor_->Begin(kTrigger, step, at_ns - 1).ok());
    ASSERT_TRUE(executor_->Finish(kTrigger, step, at_ns, outcome, "").ok());
    if (!is_told) return;
    const Status status = desk_->OnStep({kTrigger, "checkout", step, outcome, "", at_ns, false});
    ASSERT_TRUE(status.ok()) << status;
  }

  void Run(TimeNs now_ns) {
    const Status status = desk_->RunOnce(now_ns);
    ASSERT_TRUE(status.ok()) << status;
  }

  void Say(ExecutorCommand::Kind kind, const std::string& question = "", const std::string& text = "",
           const std::string& subject = kTrigger) {
    ExecutorCommand command;
    command.kind = kind;
    command.subject = subject;
    command.name = question;
    command.text = text;
    command.author = "ada";
    ASSERT_TRUE(people_->Post(command).ok());
  }
  void AnswerAll() {
    for (const PostMortemQuestion& question : PostMortemQuestions()) {
      Say(ExecutorCommand::Kind::kIncidentAnswer, std::string(question.id), "because");
    }
  }

  Incident Record() { return executor_->ReadIncident(kTrigger)->value(); }
  std::string Markdown() { return ReadFile(folder_.Path("records/" + std::string(kTrigger) + ".md")); }
  std::string Chart() { return ReadFile(folder_.Path("records/" + std::string(kTrigger) + ".svg")); }
  std::vector<std::string> Logs() {
    std::vector<std::string> names;
    std::error_code none;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.Path("records/deploys"), none)) {
      names.push_back(entry.path().filename());
    }
    std::ranges::sort(names);
    return names;
  }
  std::vector<std::string> AuditTexts() {
    std::vector<std::string> texts;
    EXPECT_TRUE(executor_
                    ->ReadAudit([&](const AuditRow& row) {
                      if (row.kind == kIncidentAudit) texts.push_back(row.text);
                      return OkStatus();
                    })
                    .ok());
    return texts;
  }

  const TestFolder folder_;
  Config config_;
  Git* git_ = nullptr;
  std::string owner_ = "Ada";
  std::vector<std::string> told_;
  std::unique_ptr<StateStore> sidecar_;
  std::unique_ptr<StateStore> state_;
  std::unique_ptr<ExecutorStore> executor_;
  std::unique_ptr<ExecutorStore> people_;
  std::unique_ptr<PostMortemDesk> desk_;
};

}  // namespace revertd
