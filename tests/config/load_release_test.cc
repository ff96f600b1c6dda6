#include "config/load_release.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/config/release_text.h"

namespace revertd {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kFull[] = R"(release: 2026-11-23-prices
environment: staging.eu_1
reverse: failing_service
inverse: optional
freeze:
  zone: Europe/Berlin
  windows:
    - {days: [fri, mon], from: "16:05", for: 64h, why: nobody is there at the weekend}
    - {days: [sun], from: 00:00, for: 7d}
stages:
  - stage: edge
    needs: [database]
    soak: 10m
    healthy_point: true
    steps:
      - step: front.1
        service: web
        promote: {pull_request: release/7, revision: 0123abC}
        inverse: {command: [/bin/back, "{before}", "{version}"], verify: {argv: [/bin/is-back], time_limit: 5s}}
        guard: {min: 2m, max: 20m, at_max: proceed, verdict: false}
        conditions:
          - {condition: queue, command: [/bin/queue, "{service}"], every: 30s}
          - {condition: disk, command: {argv: [/bin/disk], time_limit: 2m}}
        approval: true
      - step: charge
        service: payments
        promote: {merge: main}
  - stage: database
    needs: []
    steps:
      - promote: {version: "0042", verify: [/bin/is, "{version}"], command: {argv: [/bin/up], time_limit: 30m}}
        inverse: {none: the column's data is gone}
        guard: {max: 30s, at_max: reverse}
        step: schema
)";

TEST(LoadRelease, TheReleaseItselfIsRead) {
  const auto release = Parse(kFull);
  ASSERT_TRUE(release.ok()) << release.status();
  EXPECT_EQ(release->id, "2026-11-23-prices");
  EXPECT_EQ(release->environment, "staging.eu_1");
  EXPECT_EQ(release->reverse, ReverseScope::kFailingService);
  EXPECT_FALSE(release->inverse_required);
  EXPECT_EQ(release->text, kFull);
  EXPECT_EQ(release->time_zone, "Europe/Berlin");
  ASSERT_THAT(release->freeze, SizeIs(2));
  EXPECT_THAT(release->freeze[0].days, ElementsAre(4, 0));
  EXPECT_EQ(release->freeze[0].from_minute, 16 * 60 + 5);
  EXPECT_EQ(release->freeze[0].minutes, 64 * 60);
  EXPECT_EQ(release->freeze[0].why, "nobody is there at the weekend");
  EXPECT_EQ(release->freeze[1].from_minute, 0);
  EXPECT_EQ(release->freeze[1].minutes, 7 * 24 * 60);
  ASSERT_THAT(release->stages, SizeIs(2));
  EXPECT_EQ(release->stages[0].name, "database") << "what is needed runs first";
  EXPECT_THAT(release->stages[0].needs, IsEmpty());
  EXPECT_EQ(release->stages[0].soak, 0);
  EXPECT_FALSE(release->stages[0].healthy_point);
  EXPECT_EQ(release->stages[1].name, "edge");
  EXPECT_THAT(release->stages[1].needs, ElementsAre("database"));
  EXPECT_EQ(release->stages[1].soak, 10 * kMinuteNs);
  EXPECT_TRUE(release->stages[1].healthy_point);
}

TEST(LoadRelease, AStepOfACommandIsRead) {
  const auto release = Parse(kFull);
  ASSERT_TRUE(release.ok()) << release.status();
  const ReleaseStep& schema = release->stages[0].steps.at(0);
  EXPECT_EQ(schema.name, "schema");
  EXPECT_EQ(schema.service, "");
  EXPECT_EQ(schema.promote.by, PromoteBy::kCommand);
  EXPECT_THAT(schema.promote.command.argv, ElementsAre("/bin/up"));
  EXPECT_EQ(schema.promote.command.time_limit, 30 * kMinuteNs);
  EXPECT_THAT(schema.promote.verify.argv, ElementsAre("/bin/is", "{version}"));
  EXPECT_EQ(schema.promote.version, "0042");
  EXPECT_EQ(schema.inverse.by, InverseBy::kNone);
  EXPECT_EQ(schema.inverse.why, "the column's data is gone");
  EXPECT_EQ(schema.guard.min, 30 * kSecondNs) << "the default is no longer than max";
  EXPECT_EQ(schema.guard.max, 30 * kSecondNs);
  EXPECT_EQ(schema.guard.at_max, AtMax::kReverse);
  EXPECT_FALSE(schema.guard.verdict) << "without a service there is no traffic to judge";
  EXPECT_FALSE(schema.approval);
}

TEST(LoadRelease, AStepOfGitIsRead) {
  const auto release = Parse(kFull);
  ASSERT_TRUE(release.ok()) << release.status();
  ASSERT_THAT(release->stages[1].steps, SizeIs(2));
  const ReleaseStep& front = release->stages[1].steps[0];
  EXPECT_EQ(front.name, "front.1");
  EXPECT_EQ(front.service, "web");
  EXPECT_EQ(front.promote.by, PromoteBy::kPullRequest);
  EXPECT_EQ(front.promote.source, "release/7");
  EXPECT_EQ(front.promote.revision, "0123abC");
  EXPECT_EQ(front.inverse.by, InverseBy::kCommand);
  EXPECT_THAT(front.inverse.command.argv, ElementsAre("/bin/back", "{before}", "{version}"));
  EXPECT_THAT(front.inverse.verify.argv, ElementsAre("/bin/is-back"));
  EXPECT_EQ(front.inverse.verify.time_limit, 5 * kSecondNs);
  EXPECT_EQ(front.guard.min, 2 * kMinuteNs);
  EXPECT_EQ(front.guard.max, 20 * kMinuteNs);
  EXPECT_EQ(front.guard.at_max, AtMax::kProceed);
  EXPECT_FALSE(front.guard.verdict);
  EXPECT_TRUE(front.approval);
  ASSERT_THAT(front.conditions, SizeIs(2));
  EXPECT_EQ(front.conditions[0].name, "queue");
  EXPECT_THAT(front.conditions[0].command.argv, ElementsAre("/bin/queue", "{service}"));
  EXPECT_EQ(front.conditions[0].command.time_limit, kMinuteNs);
  EXPECT_EQ(front.conditions[0].every, 30 * kSecondNs);
  EXPECT_EQ(front.conditions[1].command.time_limit, 2 * kMinuteNs);
  EXPECT_EQ(front.conditions[1].every, ReleaseCondition{}.every);
}

TEST(LoadRelease, WhatIsLeftOutHasADefault) {
  const auto release =
      Parse("{release: r, stages: [{stage: s, steps: [{step: a, service: web, promote: {merge: main}}]}]}");
  ASSERT_TRUE(release.ok()) << release.status();
  EXPECT_EQ(release->environment, "production");
  EXPECT_EQ(release->reverse, ReverseScope::kSinceHealthyPoint);
  EXPECT_FALSE(release->inverse_required);
  EXPECT_THAT(release->freeze, IsEmpty());
  EXPECT_EQ(release->time_zone, "UTC");
  const ReleaseStep& step = release->stages[0].steps[0];
  EXPECT_EQ(step.promote.by, PromoteBy::kMerge);
  EXPECT_EQ(step.promote.revision, "");
  EXPECT_EQ(step.inverse.by, InverseBy::kRevert);
  EXPECT_EQ(step.guard.min, kMinuteNs);
  EXPECT_EQ(step.guard.max, 30 * kMinuteNs);
  EXPECT_EQ(step.guard.at_max, AtMax::kHold);
  EXPECT_TRUE(step.guard.verdict);
  EXPECT_THAT(step.conditions, IsEmpty());
}

TEST(LoadRelease, WrongReleasesAreRefused) {
  const std::string stages = ", stages: [{stage: s, steps: [{step: a, service: web, promote: {merge: main}}]}]}";
  ASSERT_EQ(MessageOfParse("{release: r" + stages), "ok");
  for (const WrongRow& row : std::vector<WrongRow>{
           {"", "F:1: a map expected, nothing found"},
           {"[]", "F:1: a map expected, a list found"},
           {"{release: r}", "F:1: stages expected"},
           {"{release: r, stages: []}", "F:1: stages: a stage expected"},
           {"{relase: r" + stages, "F:1: relase: unknown key; did you mean \"release\"?"},
           {"{environment: e" + stages, "F:1: release expected: its name"},
           {"{release: a/b" + stages, "F:1: release: " + NameExpected("a/b")},
           {"{release: a:b" + stages, "F:1: release: " + NameExpected("a:b")},
           {"{release: -a" + stages, "F:1: release: " + NameExpected("-a")},
           {"{release: r, environment: .." + stages, "F:1: environment: " + NameExpected("..")},
           {"{release: " + std::string(81, 'a') + stages, "F:1: release: " + NameExpected(std::string(81, 'a'))},
           {"{release: r, reverse: all" + stages,
            "F:1: reverse: since_healthy_point or failing_service expected, \"all\" found"},
           {"{release: r, inverse: none" + stages, "F:1: inverse: required or optional expected, \"none\" found"},
       }) {
    EXPECT_EQ(MessageOfParse(row.yaml), row.message) << row.yaml;
  }
  EXPECT_EQ(MessageOfParse("{release: " + std::string(80, 'a') + stages), "ok");
}

TEST(LoadRelease, WrongFreezeWindowsAreRefused) {
  const auto in_freeze = [](const std::string& yaml) {
    return "freeze: {" + yaml +
           "}\nrelease: r\nstages:\n  - stage: s\n    steps: [{step: a, service: web, promote: "
           "{merge: main}}]\n";
  };
  ASSERT_EQ(MessageOfParse(in_freeze("windows: [{days: [sat], from: '23:59', for: 1m}]")), "ok");
  ExpectAll(
      {
          {"zone: Mars", ".zone: no time zone \"Mars\" (UTC, local, or a name such as Europe/Berlin)"},
          {"windows: {}", ".windows: a list expected, a map found"},
          {"windows: [{from: '16:00', for: 1h}]", ".windows[0]: days expected"},
          {"windows: [{days: [fri], for: 1h}]", ".windows[0]: from expected"},
          {"windows: [{days: [fri], from: '16:00'}]", ".windows[0]: for expected"},
          {"windows: [{days: [], from: '16:00', for: 1h}]", ".windows[0].days: a day expected"},
          {"windows: [{days: [friday]}]",
           ".windows[0].days[0]: mon, tue, wed, thu, fri, sat or sun expected, \"friday\" found"},
          {"windows: [{days: [fri, fri]}]", ".windows[0].days[1]: the same day twice"},
          {"windows: [{from: '24:00'}]",
           ".windows[0].from: a time of the day like \"16:00\" expected, \"24:00\" found"},
          {"windows: [{from: '16:60'}]",
           ".windows[0].from: a time of the day like \"16:00\" expected, \"16:60\" found"},
          {"windows: [{from: 4pm}]", ".windows[0].from: a time of the day like \"16:00\" expected, \"4pm\" found"},
          {"windows: [{for: 59s}]", ".windows[0].for: " + Duration("from 1m to 7d", "59s")},
          {"windows: [{for: 8d}]", ".windows[0].for: " + Duration("from 1m to 7d", "8d")},
          {"windows: [{days: [fri], from: '16:00', for: 90s}]",
           ".windows[0].for: a whole number of minutes expected, \"90s\" found"},
          {"windows: [{untl: 1h}]", ".windows[0].untl: unknown key; known are days, from, for, why"},
      },
      in_freeze, "F:1: freeze");
}

TEST(LoadRelease, WrongStagesAreRefused) {
  const std::string steps = "steps: [{step: a, service: web, promote: {merge: main}}]";
  ExpectAll(
      {
          {"{stage: s}", ": steps expected"},
          {"{stage: s, steps: []}", ": steps expected"},
          {"{" + steps + "}", ": stage expected: its name"},
          {"{stage: 'a b', " + steps + "}", ".stage: " + NameExpected("a b")},
          {"{stage: s, soak: 25h, " + steps + "}", ".soak: " + Duration("from 0s to 24h", "25h")},
          {"{stage: s, healthy_point: yes, " + steps + "}", ".healthy_point: true or false expected, \"yes\" found"},
          {"{stage: s, need: [], " + steps + "}", ".need: unknown key; did you mean \"needs\"?"},
          {"{stage: s, needs: [other], " + steps + "}", ".needs[0]: no stage \"other\""},
          {"{stage: s, needs: [s], " + steps + "}", ".needs: stages that need one another: s -> s"},
          {"{stage: s, needs: [t, t], " + steps + "}", ".needs[1]: the same stage twice"},
      },
      [](const std::string& yaml) { return WithStages("  - " + yaml + "\n"); }, "F:3: stages[0]");
}

TEST(LoadRelease, NeedsThatPointNowhereOrInACircleAreRefused) {
  EXPECT_EQ(MessageOfParse(WithStages(Stage("database", "") + Stage("edge", "needs: [databse], "))),
            "F:4: stages[1].needs[0]: no stage \"databse\"; did you mean \"database\"?");
  EXPECT_EQ(MessageOfParse(WithStages(Stage("a", "needs: [d], ") + Stage("b", "needs: [c], ") +
                                      Stage("c", "needs: [d], ") + Stage("d", "needs: [b], "))),
            "F:4: stages[1].needs: stages that need one another: b -> c -> d -> b");
  EXPECT_EQ(MessageOfParse(WithStages(Stage("a", "needs: [b], ") + Stage("b", ""))),
            "F:3: stages[0].needs: stages that need one another: a -> b -> a")
      << "b needs the stage before it, as it does not say otherwise";
  EXPECT_EQ(MessageOfParse(
                WithStages(Stage("a", "") + "  - {stage: a, steps: [{step: b, service: web, promote: {merge: m}}]}\n")),
            "F:4: stages[1]: a second stage \"a\"");
}

TEST(LoadRelease, StagesComeInTheOrderInWhichTheyRun) {
  const auto release = Parse(
      WithStages(Stage("a", "needs: [d], ") + Stage("b", "") + Stage("c", "needs: [], ") + Stage("d", "needs: [], ")));
  ASSERT_TRUE(release.ok()) << release.status();
  std::vector<std::string> names;
  for (const ReleaseStage& stage : release->stages) names.push_back(stage.name);
  EXPECT_THAT(names, ElementsAre("c", "d", "a", "b"));
  EXPECT_THAT(release->stages[3].needs, ElementsAre("a")) << "the stage before it in the file";
}

TEST(LoadRelease, NothingIsPromotedTwice) {
  const auto two = [](const std::string& first, const std::string& second) {
    return WithStages("  - stage: s\n    steps:\n      - {step: a, " + first + "}\n      - {step: b, " + second +
                      "}\n");
  };
  EXPECT_EQ(MessageOfParse(two("service: web, promote: {merge: main}", "service: web, promote: {merge: other}")),
            "F:6: stages[0].steps[1].service: step \"a\" promotes it already; a release promotes a service once");
  EXPECT_EQ(MessageOfParse(two("service: cart, promote: {merge: main}", "service: payments, promote: {merge: main}")),
            "F:6: stages[0].steps[1].promote: step \"a\" merges the same into the same repo; nothing would be left");
  EXPECT_EQ(MessageOfParse(two("service: cart, promote: {merge: main, revision: 0123abc}",
                               "service: payments, promote: {merge: main, revision: 0123abd}")),
            "ok");
  EXPECT_EQ(MessageOfParse(WithStages(Stage("x", "") + "  - {stage: y, steps: [{step: of-x, service: web, promote: "
                                                       "{merge: main}}]}\n")),
            "F:4: stages[1].steps[0]: a second step \"of-x\"");
}

TEST(LoadRelease, AReleaseOfTooManyStepsIsRefused) {
  std::string yaml = WithStages("");
  for (size_t i = 0; i < kReleaseStepsMax; ++i) yaml += Stage("s" + std::to_string(i), "");
  EXPECT_EQ(MessageOfParse(yaml), "ok");
  EXPECT_EQ(MessageOfParse(yaml + Stage("more", "")), "F:203: stages[200].steps[0]: more than 200 steps");
}

TEST(LoadRelease, AFileThatCannotBeReadIsOneLineAndAUsageError) {
  const auto missing = LoadRelease("/nowhere/release.yaml", {});
  EXPECT_EQ(ExitCodeOf(missing.status()), ExitCode::kUsage);
  EXPECT_EQ(MessageOf(missing.status()),
            "cannot read the release file /nowhere/release.yaml: No such file or directory");
  EXPECT_EQ(MessageOf(LoadRelease(REVERTD_SOURCE_DIR, {}).status()),
            std::string("cannot read the release file ") + REVERTD_SOURCE_DIR + ": not a file of at most 1 MiB");
}

TEST(Release, WordsHaveNamesThatReadBack) {
  for (const AtMax at_max : {AtMax::kHold, AtMax::kProceed, AtMax::kReverse}) {
    EXPECT_EQ(AtMaxNamed(NameOf(at_max)), at_max);
  }
  for (const ReverseScope scope : {ReverseScope::kSinceHealthyPoint, ReverseScope::kFailingService}) {
    EXPECT_EQ(ReverseScopeNamed(NameOf(scope)), scope);
  }
  EXPECT_EQ(AtMaxNamed("Hold"), std::nullopt);
  EXPECT_EQ(NameOf(PromoteBy::kPullRequest), "pull_request");
  EXPECT_EQ(NameOf(InverseBy::kRevert), "revert");
}

}  // namespace
}  // namespace revertd
