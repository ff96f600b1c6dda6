// People hear of a drift once, and once that it is over, also over restarts; of what could not be looked at again they
// do not hear that it is over.
#include "actions/drift/drift_desk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <thread>

#include "store/database.h"
#include "tests/actions/notifier_fixture.h"

namespace revertd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class DriftDeskTest : public NotifierTest {
 protected:
  DriftDeskTest() {
    config_.notify = {Webhook("a", kA)};
    Start();
    MakeDesk();
  }
  ~DriftDeskTest() override { desk_.reset(); }

  void MakeDesk() {
    desk_ = std::make_unique<DriftDesk>(
        kHourNs,
        [this](const std::atomic<bool>& stop) {
          ++scans_;
          while (hangs_.load() && !stop.load()) std::this_thread::yield();
          const std::lock_guard<std::mutex> lock(mutex_);
          DriftReport report = next_;
          report.stopped = stop.load();
          return report;
        },
        journal_.get(), notifier_.get(), &clock_);
  }
  void RestartAll() {
    desk_.reset();
    Restart();
    MakeDesk();
  }
  static DriftFinding Finding(const std::string& subject) {
    DriftFinding finding;
    finding.kind = drift::kDirtyWorkTree;
    finding.subject = subject;
    finding.key = DriftKey(finding.kind, subject);
    finding.text = subject + ": 1 path is not as committed: changed a \"b\"";
    finding.facts = {{"paths", "changed a"}};
    finding.area = WorkTreeArea(subject);
    finding.service = "checkout";
    return finding;
  }
  static constexpr DurationNs kPatience = 15 * kMinuteNs;
  static DriftFinding Patient(const std::string& subject) {
    DriftFinding finding = Finding(subject);
    finding.told_after = kPatience;
    return finding;
  }
  void Stand(const std::vector<DriftFinding>& findings, const std::set<std::string, std::less<>>& unseen = {}) {
    const std::lock_guard<std::mutex> lock(mutex_);
    next_ = {};
    next_.findings = findings;
    next_.unseen = unseen;
  }
  void Script(const std::string& script) {
    auto database = Database::Open(folder_.Path("executor.db"), Database::Access::kReadWrite);
    ASSERT_TRUE(database.ok());
    ASSERT_TRUE((*database)->RunScript("breaking it, or mending it", script).ok());
  }
  Status Turn() { return desk_->RunOnce(); }
  void AwaitTheScan() {
    while (desk_->is_scanning()) {
      const Status status = Turn();
      EXPECT_TRUE(status.ok()) << status;
      std::this_thread::yield();
    }
  }
  // An hour goes by, a scan is made, and what it found is told.
  void Hour() {
    EXPECT_TRUE(Turn().ok());
    clock_.SleepFor(kHourNs);
    EXPECT_TRUE(Turn().ok());
    AwaitTheScan();
    Settle();
  }
  std::vector<std::string> Told() { return script_.EventsAt(kA); }

  std::mutex mutex_;
  DriftReport next_;
  std::atomic<int> scans_{0};
  std::atomic<bool> hangs_{false};
  std::unique_ptr<DriftDesk> desk_;
};

TEST_F(DriftDeskTest, ScansAFewMinutesAfterTheStartAndThenEveryHour) {
  EXPECT_TRUE(Turn().ok());
  clock_.SleepFor(DriftDesk::kFirstAfter - 1);
  EXPECT_TRUE(Turn().ok());
  EXPECT_FALSE(desk_->is_scanning());
  clock_.SleepFor(1);
  EXPECT_TRUE(Turn().ok());
  AwaitTheScan();
  EXPECT_EQ(scans_, 1);
  clock_.SleepFor(kHourNs - 1);
  EXPECT_TRUE(Turn().ok());
  EXPECT_FALSE(desk_->is_scanning());
  clock_.SleepFor(1);
  EXPECT_TRUE(Turn().ok());
  AwaitTheScan();
  EXPECT_EQ(scans_, 2);
}

TEST_F(DriftDeskTest, TellsAFindingOnceAndOnceThatItIsOver) {
  Stand({Finding("/srv/shop")});
  for (int i = 0; i < 3; ++i) Hour();
  ASSERT_THAT(Told(), ElementsAre("drift_found"));
  const auto notice = NoticeFromJson(script_.RequestsTo(kA)[0].body);
  ASSERT_TRUE(notice.ok());
  EXPECT_EQ(notice->severity, Notice::Severity::kWarning);
  EXPECT_EQ(notice->service, "checkout");
  EXPECT_THAT(notice->key, HasSubstr("drift:dirty_work_tree:/srv/shop@"));
  EXPECT_THAT(notice->summary, HasSubstr("drift: /srv/shop: 1 path"));
  EXPECT_FALSE(notice->resolves);
  Stand({});
  for (int i = 0; i < 3; ++i) Hour();
  ASSERT_THAT(Told(), ElementsAre("drift_found", "drift_over"));
  const auto over = NoticeFromJson(script_.RequestsTo(kA)[1].body);
  ASSERT_TRUE(over.ok());
  EXPECT_EQ(over->key, notice->key);
  EXPECT_TRUE(over->resolves);
}

TEST_F(DriftDeskTest, ARestartTellsNothingTwiceAndForgetsNothing) {
  Stand({Finding("/srv/shop"), Finding("/srv/mail")});
  Hour();
  RestartAll();
  Hour();
  EXPECT_THAT(Told(), ElementsAre("drift_found", "drift_found"));
  Stand({Finding("/srv/mail")});
  RestartAll();
  Hour();
  EXPECT_THAT(Told(), ElementsAre("drift_found", "drift_found", "drift_over"));
  const auto over = NoticeFromJson(script_.RequestsTo(kA)[2].body);
  ASSERT_TRUE(over.ok());
  EXPECT_THAT(over->summary, HasSubstr("drift is over: /srv/shop: 1 path is not as committed: changed a \"b\""));
  RestartAll();
  Stand({});
  Hour();
  EXPECT_EQ(Told().size(), 4U);
}

TEST_F(DriftDeskTest, OneThatComesBackIsToldAgain) {
  for (int i = 0; i < 2; ++i) {
    Stand({Finding("/srv/shop")});
    Hour();
    Stand({});
    Hour();
    RestartAll();
  }
  EXPECT_THAT(Told(), ElementsAre("drift_found", "drift_over", "drift_found", "drift_over"));
}

TEST_F(DriftDeskTest, WhatCouldNotBeLookedAtAgainIsNotOver) {
  Stand({Finding("/srv/shop")});
  Hour();
  Stand({}, {WorkTreeArea("/srv/shop")});
  Hour();
  EXPECT_THAT(Told(), ElementsAre("drift_found"));
  Stand({});
  Hour();
  EXPECT_THAT(Told(), ElementsAre("drift_found", "drift_over"));
}

TEST_F(DriftDeskTest, WhatMayBeADeployOnItsWayIsToldWhenALaterScanStillFindsIt) {
  Stand({Patient("/srv/shop"), Finding("/srv/mail")});
  Hour();
  EXPECT_THAT(Told(), ElementsAre("drift_found")) << "the other one";
  EXPECT_EQ(scans_, 1);
  clock_.SleepFor(kPatience - 1);
  EXPECT_TRUE(Turn().ok());
  EXPECT_FALSE(desk_->is_scanning());
  clock_.SleepFor(1);
  EXPECT_TRUE(Turn().ok());
  AwaitTheScan();
  Settle();
  EXPECT_EQ(scans_, 2) << "before the hour is over";
  EXPECT_THAT(Told(), ElementsAre("drift_found", "drift_found"));
  for (int i = 0; i < 2; ++i) Hour();
  EXPECT_EQ(scans_, 4) << "and by the hour again";
  Stand({});
  Hour();
  EXPECT_THAT(Told(), ElementsAre("drift_found", "drift_found", "drift_over", "drift_over"));
}

TEST_F(DriftDeskTest, WhatADeployExplainedMeanwhileIsNeverTold) {
  for (int i = 0; i < 3; ++i) {
    Stand({Patient("/srv/shop")});
    Hour();
    Stand({});
    Hour();
  }
  EXPECT_THAT(Told(), IsEmpty());
}

TEST_F(DriftDeskTest, WhatCouldNotBeLookedAtAgainGoesOnWaiting) {
  Stand({Patient("/srv/shop")});
  Hour();
  Stand({}, {WorkTreeArea("/srv/shop")});
  Hour();
  EXPECT_THAT(Told(), IsEmpty());
  Stand({Patient("/srv/shop")});
  Hour();
  EXPECT_THAT(Told(), ElementsAre("drift_found"));
}

TEST_F(DriftDeskTest, EveryFindingHasItsRowOfTheTrail) {
  Stand({Finding("/srv/shop")});
  Hour();
  Stand({});
  Hour();
  std::vector<std::string> rows;
  ASSERT_TRUE(journal_
                  ->ReadAudit([&rows](const AuditRow& row) {
                    if (row.kind.starts_with("drift")) rows.push_back(row.kind + " " + row.subject);
                    return OkStatus();
                  })
                  .ok());
  EXPECT_THAT(rows, ElementsAre("drift dirty_work_tree:/srv/shop", "drift_over dirty_work_tree:/srv/shop"));
}

TEST_F(DriftDeskTest, WhatCannotBeWrittenIsWrittenLater) {
  Stand({Finding("/srv/shop")});
  EXPECT_TRUE(Turn().ok());
  clock_.SleepFor(DriftDesk::kFirstAfter);
  EXPECT_TRUE(Turn().ok());
  Script("ALTER TABLE audit RENAME TO gone");
  Status failed;
  while (failed.ok() && desk_->is_scanning()) failed = Turn();
  Script("ALTER TABLE gone RENAME TO audit");
  EXPECT_FALSE(failed.ok());
  EXPECT_THAT(Told(), IsEmpty());
  EXPECT_TRUE(Turn().ok()) << "not at once";
  Settle();
  EXPECT_THAT(Told(), IsEmpty());
  clock_.SleepFor(DriftDesk::kRetryWait);
  EXPECT_TRUE(Turn().ok());
  Settle();
  EXPECT_THAT(Told(), ElementsAre("drift_found"));
}

TEST_F(DriftDeskTest, NoMoreThanSoManyStandAndTheRestIsSaid) {
  std::vector<DriftFinding> findings;
  for (size_t i = 0; i <= DriftDesk::kStandingMax; ++i) findings.push_back(Finding("/srv/" + std::to_string(i)));
  Stand(findings);
  EXPECT_TRUE(Turn().ok());
  clock_.SleepFor(DriftDesk::kFirstAfter);
  EXPECT_TRUE(Turn().ok());
  Status said;
  while (desk_->is_scanning()) said = Turn();
  EXPECT_THAT(std::string(MessageOf(said)), HasSubstr("201 findings of drift, of which no more than 200 are told"));
}

TEST_F(DriftDeskTest, ItsEndStopsTheScanAndTellsNothingOfIt) {
  hangs_ = true;
  Stand({Finding("/srv/shop")});
  EXPECT_TRUE(Turn().ok());
  clock_.SleepFor(DriftDesk::kFirstAfter);
  EXPECT_TRUE(Turn().ok());
  EXPECT_TRUE(desk_->is_scanning());
  EXPECT_TRUE(Turn().ok()) << "and no call waits for it";
  desk_.reset();
  Settle();
  EXPECT_THAT(Told(), IsEmpty());
}

TEST_F(DriftDeskTest, WithoutAnythingToLookForNothingIsDone) {
  DriftDesk idle(kHourNs, nullptr, journal_.get(), notifier_.get(), &clock_);
  for (int i = 0; i < 3; ++i) {
    clock_.SleepFor(kHourNs);
    EXPECT_TRUE(idle.RunOnce().ok());
    EXPECT_FALSE(idle.is_scanning());
  }
}

}  // namespace
}  // namespace revertd
