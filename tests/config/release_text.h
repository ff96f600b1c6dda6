// Release files as the tests of their reader write them: a configuration to look names up in, and the text that stands
// around what a row of a table says.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "config/load.h"
#include "config/load_release.h"

namespace revertd {

// `bare` has no repo; only `web` has a forge.
inline Config TestConfig() {
  const auto config = ParseConfig(
      "services: {payments: {repo: payments}, cart: {repo: payments}, web: {repo: web}, bare: {}}\n"
      "repos:\n"
      "  payments: {url: p}\n"
      "  web: {url: w, branch: live, forge: {repository: acme/web, token: {env: T}}}\n",
      "C");
  EXPECT_TRUE(config.ok()) << config.status();
  return config.ok() ? *config : Config{};
}

inline StatusOr<ReleaseFile> Parse(const std::string& yaml) {
  static const Config config = TestConfig();
  return ParseRelease(yaml, "F", config);
}

inline std::string MessageOfParse(const std::string& yaml) {
  const auto release = Parse(yaml);
  if (release.ok()) return "ok";
  EXPECT_EQ(ExitCodeOf(release.status()), ExitCode::kUsage);
  return std::string(MessageOf(release.status()));
}

struct WrongRow {
  std::string yaml;
  std::string message;  // behind the path of what the row stands in
};

inline void ExpectAll(const std::vector<WrongRow>& rows, const std::function<std::string(const std::string&)>& in,
                      const std::string& where) {
  for (const WrongRow& row : rows) EXPECT_EQ(MessageOfParse(in(row.yaml)), where + row.message) << row.yaml;
}

inline std::string WithStages(const std::string& stages) { return "release: r\nstages:\n" + stages; }
inline std::string InStep(const std::string& yaml) {
  return WithStages("  - stage: s\n    steps:\n      - {step: x, " + yaml + "}\n");
}
inline constexpr char kInStep[] = "F:5: stages[0].steps[0]";
// Each of these is right but for what the row says.
inline std::string InMerge(const std::string& yaml) {
  return InStep("service: payments, promote: {merge: main}, " + yaml);
}
inline std::string InCommand(const std::string& yaml) {
  return InStep("promote: {command: [c], verify: [v]}, " + yaml);
}
inline std::string InInverse(const std::string& yaml) { return InCommand("inverse: " + yaml); }

inline std::string Duration(const std::string& range, const std::string& found) {
  return "a duration like 90s, 15m or 1h, " + range + " expected, \"" + found + "\" found";
}

inline std::string NameExpected(const std::string& found) {
  return "a name of letters, digits, '.', '-' and '_', which begins with a letter or a digit, does not end in '.' or "
         "\".lock\", holds no \"..\" and has at most 80, expected, \"" +
         found + "\" found";
}

inline std::string Stage(const std::string& name, const std::string& more) {
  return "  - {stage: " + name + ", " + more + "steps: [{step: of-" + name +
         ", promote: {command: [c], verify: [v]}, inverse: none}]}\n";
}

}  // namespace revertd
