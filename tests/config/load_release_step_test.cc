// What a release file may say of one step, and what is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/config/release_text.h"

namespace revertd {
namespace {

using ::testing::HasSubstr;

TEST(LoadReleaseStep, WrongStepsAreRefused) {
  ExpectAll(
      {
          {"service: web", ": promote expected"},
          {"service: paymnts", ".service: no service \"paymnts\" in the configuration; did you mean \"payments\"?"},
          {"approval: maybe", ".approval: true or false expected, \"maybe\" found"},
          {"promot: {}", ".promot: unknown key; did you mean \"promote\"?"},
          {"promote: main", ".promote: a map expected, a single value found"},
          {"promote: {}", ".promote: one of merge, pull_request and command expected"},
          {"promote: {merge: a, command: [b]}", ".promote: one of merge, pull_request and command expected"},
          {"promote: {comand: [b]}", ".promote.comand: unknown key; did you mean \"command\"?"},
          {"promote: {command: [b]}",
           ".promote: verify expected: after a crash it is asked whether the command is done"},
          {"promote: {command: [b], verify: []}", ".promote.verify: argv expected"},
          {"promote: {command: [b], verify: [v], revision: 0123abc}",
           ".promote.revision: unknown key; did you mean \"version\"?"},
          {"promote: {merge: main}", ".promote.merge: needs a service: it is its repo that is promoted in"},
          {"service: bare, promote: {merge: main}",
           ".promote.merge: service \"bare\" has no repo in the configuration"},
          {"service: payments, promote: {pull_request: main}",
           ".promote.pull_request: repo \"payments\" has no forge where one could be opened"},
          {"service: web, promote: {merge: live}",
           ".promote.merge: this is the branch of repo \"web\" that it is promoted to"},
      },
      &InStep, kInStep);
  EXPECT_EQ(MessageOfParse(InStep("service: payments, promote: {merge: live}")), "ok") << "another repo's branch";
  EXPECT_EQ(MessageOfParse(WithStages("  - stage: s\n    steps:\n      - promote: {}\n")),
            "F:5: stages[0].steps[0].promote: one of merge, pull_request and command expected");
  EXPECT_EQ(MessageOfParse(WithStages("  - {stage: s, steps: [{service: web, promote: {merge: main}}]}\n")),
            "F:3: stages[0].steps[0]: step expected: its name");
  EXPECT_EQ(MessageOfParse(WithStages("  - {stage: s, steps: [{step: a/b}]}\n")),
            "F:3: stages[0].steps[0].step: " + NameExpected("a/b"));
  // Parts of a branch's name, which git would refuse.
  for (const std::string name : {"a.", "a..b", "a.lock"}) {
    EXPECT_EQ(MessageOfParse(WithStages("  - {stage: s, steps: [{step: " + name + "}]}\n")),
              "F:3: stages[0].steps[0].step: " + NameExpected(name));
  }
}

TEST(LoadReleaseStep, ABranchIsAPlainNameAndARevisionHexadecimal) {
  const auto in_merge = [](const std::string& yaml) { return InStep("service: web, promote: {merge: " + yaml + "}"); };
  for (const std::string branch : {"main", "release/1.2", "feature/a-b_c+d", "a@b", "0042"}) {
    EXPECT_EQ(MessageOfParse(in_merge(branch)), "ok") << branch;
  }
  for (const std::string branch : {"-f",  "a..b", "a b", "/a", "a/", "a//b", "a.lock", ".a", "a/.b",  "a.",
                                   "a~1", "a^",   "a:b", "a*", "a?", "a[b",  "a\\b",   "@",  "a@{1}", "\xc3\xa4"}) {
    EXPECT_EQ(
        MessageOfParse(in_merge("'" + branch + "'")),
        kInStep + std::string(".promote.merge: the name of a branch, like main, expected, \"") + branch + "\" found");
  }
  EXPECT_EQ(MessageOfParse(in_merge("''")), kInStep + std::string(".promote.merge: must not be empty"));
  EXPECT_EQ(MessageOfParse(in_merge("\"a\\nb\"")),
            kInStep + std::string(".promote.merge: must not hold line ends or control characters"));
  for (const std::string& revision : {std::string("0123456"), std::string("DEADBEEF"), std::string(64, 'a')}) {
    EXPECT_EQ(MessageOfParse(in_merge("main, revision: " + revision)), "ok") << revision;
  }
  for (const std::string& revision :
       {std::string("012345"), std::string("0123456g"), std::string("HEAD"), std::string(65, 'a')}) {
    EXPECT_EQ(MessageOfParse(in_merge("main, revision: " + revision)),
              kInStep + std::string(".promote.revision: a revision of 7 to 64 hexadecimal digits expected, \"") +
                  revision + "\" found");
  }
}

TEST(LoadReleaseStep, WrongInversesAreRefused) {
  EXPECT_EQ(MessageOfParse(InStep("promote: {command: [c], verify: [v]}")),
            kInStep + std::string(": inverse expected: a command, or none"));
  ExpectAll(
      {
          {"revert", ": a command, or none, expected: there is no push that git could revert"},
          {"back", ": revert, none, {none: WHY} or {command, verify} expected, \"back\" found"},
          {"[]", ": a map expected, a list found"},
          {"{none: ''}", ".none: must not be empty"},
          {"{none: x, command: [c]}", ".command: unknown key; known are none"},
          {"{verify: [v]}", ": command expected"},
          {"{command: [c]}", ": verify expected: after a crash it is asked whether the step is undone"},
      },
      &InInverse, kInStep + std::string(".inverse"));
  for (const std::string fine : {"none", "{none: why}", "{command: [c], verify: [v]}"}) {
    EXPECT_EQ(MessageOfParse(InInverse(fine)), "ok") << fine;
    EXPECT_EQ(MessageOfParse(InMerge("inverse: " + fine)), "ok") << fine;
  }
  EXPECT_EQ(MessageOfParse(InMerge("inverse: revert")), "ok");
}

TEST(LoadReleaseStep, WhereAnInverseIsRequiredNoneIsRefused) {
  const std::string yaml = InInverse("\n        none");
  EXPECT_EQ(MessageOfParse(yaml), "ok");
  EXPECT_EQ(MessageOfParse("inverse: required\n" + InMerge("inverse: revert")), "ok");
  for (const std::string& both :
       {"inverse: required\n" + InInverse("none"), InInverse("none") + "inverse: required\n"}) {
    EXPECT_THAT(MessageOfParse(both),
                HasSubstr(": stages[0].steps[0].inverse: none, where the release says inverse: required"));
  }
}

TEST(LoadReleaseStep, WrongGuardsAreRefused) {
  ExpectAll(
      {
          {"guard: {min: 2m, max: 1m}", ".guard.min: at most max, which is 1m, expected, \"2m\" found"},
          {"guard: {min: 31m}", ".guard.min: at most max, which is 30m, expected, \"31m\" found"},
          {"guard: {max: 25h}", ".guard.max: " + Duration("from 1s to 24h", "25h")},
          {"guard: {max: 0s}", ".guard.max: " + Duration("from 1s to 24h", "0s")},
          {"guard: {at_max: wait}", ".guard.at_max: hold, proceed or reverse expected, \"wait\" found"},
          {"guard: {verdict: no}", ".guard.verdict: true or false expected, \"no\" found"},
          {"guard: {mx: 1m}", ".guard.mx: unknown key; did you mean \"max\"?"},
      },
      &InMerge, kInStep);
  EXPECT_EQ(MessageOfParse(InMerge("guard: {min: 0s, max: 24h, verdict: true}")), "ok");
  EXPECT_EQ(MessageOfParse(InCommand("inverse: none, guard: {verdict: true}")),
            kInStep + std::string(".guard.verdict: needs a service: without its traffic there is no verdict"));
  EXPECT_EQ(MessageOfParse(InCommand("inverse: none, guard: {verdict: false}")), "ok");
}

TEST(LoadReleaseStep, WrongConditionsAreRefused) {
  std::string many = "[";
  for (int i = 0; i < 17; ++i) many += "{condition: c" + std::to_string(i) + ", command: [c]}, ";
  ExpectAll(
      {
          {"conditions: {}", ".conditions: a list expected, a map found"},
          {"conditions: [{command: [c]}]", ".conditions[0]: condition expected: its name"},
          {"conditions: [{condition: q}]", ".conditions[0]: command expected"},
          {"conditions: [{condition: q/r}]", ".conditions[0].condition: " + NameExpected("q/r")},
          {"conditions: [{condition: q, every: 2h}]", ".conditions[0].every: " + Duration("from 1s to 1h", "2h")},
          {"conditions: [{condition: q, command: [c]}, {condition: q, command: [c]}]",
           ".conditions[1]: a second condition \"q\""},
          {"conditions: " + many + "]", ".conditions: at most 16 conditions expected"},
      },
      &InMerge, kInStep);
}

TEST(LoadReleaseStep, AWordThatNothingReplacesIsRefused) {
  const std::string always = "known are {release}, {environment}, {step}";
  const std::string command = "promote: {command: [c, '{before}'], verify: [v]";
  EXPECT_EQ(MessageOfParse(InStep(command + "}, inverse: none")),
            kInStep + std::string(".promote.command[1]: nothing replaces {before}; " + always));
  EXPECT_EQ(
      MessageOfParse(InStep(command + ", version: v1}, inverse: none, service: web")),
      kInStep + std::string(".promote.command[1]: nothing replaces {before}; " + always + ", {service}, {version}"));
  EXPECT_EQ(MessageOfParse(InMerge("conditions: [{condition: q, command: ['{good}']}]")),
            kInStep + std::string(".conditions[0].command[0]: nothing replaces {good}; " + always +
                                  ", {service}, {version}, {before}"));
}

}  // namespace
}  // namespace revertd
