#include "daemon/sentry/sentry_intake.h"

#include <gtest/gtest.h>

namespace revertd {
namespace {

Config Shop() {
  Config config;
  config.services.resize(1);
  config.services[0].name = "checkout";
  config.sentry.emplace();
  config.sentry->queue_events_max = 2;
  return config;
}

ErrorEvent EventOf(const std::string& project, ErrorLevel level = ErrorLevel::kError) {
  ErrorEvent event;
  event.project = project;
  event.level = level;
  return event;
}

TEST(SentryIntake, NamesTheServiceOfWhatItPasses) {
  const Config config = Shop();
  SentryIntake intake(config);
  EXPECT_TRUE(intake.Take({EventOf("checkout")}, {SessionCounts{.project = "checkout", .sessions = 3}}));
  const ErrorInbox::Taken taken = intake.inbox().Take();
  ASSERT_EQ(taken.events.size(), 1U);
  EXPECT_EQ(taken.events[0].service, "checkout");
  ASSERT_EQ(taken.sessions.size(), 1U);
  EXPECT_EQ(taken.sessions[0].service, "checkout");
  EXPECT_EQ(intake.counters().sessions, 3U);
  EXPECT_EQ(intake.counters().events[static_cast<size_t>(ErrorLevel::kError)], 1U);
}

TEST(SentryIntake, CountsWhatIsNoEvidence) {
  const Config config = Shop();
  SentryIntake intake(config);
  EXPECT_TRUE(intake.Take({EventOf("checkout", ErrorLevel::kWarning), EventOf("nobody"), EventOf("checkout")}, {}));
  EXPECT_EQ(intake.inbox().waiting(), 2U) << "a warning's group is known from then on";
  EXPECT_EQ(intake.counters().below_evidence, 1U);
  EXPECT_EQ(intake.counters().unnamed, 1U);
  EXPECT_EQ(intake.counters().events[static_cast<size_t>(ErrorLevel::kWarning)], 1U);
}

TEST(SentryIntake, AFullQueueTakesNothing) {
  const Config config = Shop();
  SentryIntake intake(config);
  EXPECT_TRUE(intake.Take({EventOf("checkout"), EventOf("checkout")}, {}));
  EXPECT_FALSE(intake.Take({EventOf("checkout", ErrorLevel::kInfo)}, {}));
  EXPECT_EQ(intake.counters().queue_refused, 1U);
  EXPECT_EQ(intake.counters().below_evidence, 0U) << "it will be sent again";
  EXPECT_TRUE(intake.Take({EventOf("nobody")}, {})) << "what needs no room finds it";
}

TEST(SentryIntake, StagingSaysNothingOfProduction) {
  Config config = Shop();
  config.repos.resize(1);
  config.repos[0].name = config.services[0].repo = "shop";
  SentryIntake intake(config);
  ErrorEvent of_staging = EventOf("checkout");
  of_staging.environment = "staging";
  ErrorEvent of_production = EventOf("checkout");
  of_production.environment = "production";
  EXPECT_TRUE(
      intake.Take({of_staging, of_production}, {SessionCounts{.project = "checkout", .environment = "staging"}}));
  const ErrorInbox::Taken taken = intake.inbox().Take();
  ASSERT_EQ(taken.events.size(), 1U);
  EXPECT_EQ(taken.events[0].environment, "production");
  EXPECT_TRUE(taken.sessions.empty());
  EXPECT_EQ(intake.counters().other_environment, 2U);
}

TEST(SentryIntake, ASourceWaitsForRoom) {
  const Config config = Shop();
  SentryIntake* waiting = nullptr;
  int waits = 0;
  SentryIntake intake(config, [&] {
    ++waits;
    waiting->inbox().Take();
  });
  waiting = &intake;
  for (int line = 0; line < 5; ++line) EXPECT_TRUE(intake.OnErrorEvent(EventOf("checkout")));
  EXPECT_EQ(waits, 2) << "of two places";
  EXPECT_EQ(intake.counters().queue_refused, 0U);
}

TEST(SentryIntake, TakesLinesOfSources) {
  const Config config = Shop();
  SentryIntake intake(config);
  ErrorSink& sink = intake;
  EXPECT_TRUE(sink.OnErrorEvent(EventOf("")));
  sink.OnRefusedLine();
  EXPECT_EQ(intake.counters().lines, 1U);
  EXPECT_EQ(intake.counters().lines_refused, 1U);
  EXPECT_EQ(intake.inbox().Take().events.at(0).service, "checkout");
}

}  // namespace
}  // namespace revertd
