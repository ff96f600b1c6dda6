// What the configuration says of where it is looked up what production runs; and the two forms of a command.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "config/load.h"

namespace revertd {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string MessageOfParse(const std::string& yaml) {
  const auto config = ParseConfig(yaml, "F");
  return config.ok() ? "ok" : std::string(MessageOf(config.status()));
}

std::string InRunning(const std::string& yaml) { return "services: {a: {running: " + yaml + "}}"; }
std::string InDrift(const std::string& yaml) { return "drift: " + yaml + "\nrepos: {shop: {url: u}}"; }

TEST(LoadDrift, NothingIsAskedUnlessItIsSaidHow) {
  const auto config = ParseConfig("services: {a: {}}", "F");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_FALSE(config->services[0].running.given());
  EXPECT_THAT(config->drift.work_trees, IsEmpty());
}

TEST(LoadDrift, EachWayToAskAService) {
  const auto running = [](const std::string& yaml) {
    const auto config = ParseConfig(InRunning(yaml), "F");
    EXPECT_TRUE(config.ok()) << config.status();
    return config.ok() ? config->services[0].running : RunningConfig{};
  };
  EXPECT_EQ(running("{url: 'http://h/v/'}").url, "http://h/v/") << "a slash at its end is another page";
  EXPECT_EQ(running("{url: 'http://h/v', header: X-Revision}").header, "x-revision");
  EXPECT_EQ(running("{url: 'http://h/v', json: /build/sha}").json, "/build/sha");
  const RunningConfig by_list = running("{command: [/bin/v, '{service}']}");
  EXPECT_THAT(by_list.command.argv, ElementsAre("/bin/v", "{service}"));
  EXPECT_EQ(by_list.command.time_limit, CommandConfig{}.time_limit);
  EXPECT_EQ(running("{command: {argv: [/bin/v], time_limit: 5s}}").command.time_limit, 5 * kSecondNs);
}

TEST(LoadDrift, WrongWaysToAskAreRefused) {
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"{}", ": one of url and command expected"},
      {"{url: 'http://h', command: [v]}", ": one of url and command expected"},
      {"{url: h}", ".url: a URL that begins with https:// or http:// expected"},
      {"{url: 'http://h', header: 'X Y'}", ".header: the name of a header expected"},
      {"{url: 'http://h', json: sha}", ".json: a JSON pointer that begins with /, or is empty, expected"},
      {"{url: 'http://h', header: X, json: /s}", ": one of header and json expected"},
      {"{command: [v], header: X}", ": header and json are of a url; what the command prints is the revision"},
      {"{command: []}", ".command: argv expected"},
      {"{command: v}", ".command: a map expected, a single value found"},
      {"{command: [v, '{good}']}", ".command[1]: nothing replaces {good}; known are {service}"},
      {"{command: {argv: [v], limit: 1s}}", ".command.limit: unknown key; known are argv, time_limit"},
      {"{ulr: x}", ".ulr: unknown key; did you mean \"url\"?"},
  };
  for (const auto& [yaml, message] : rows) {
    EXPECT_EQ(MessageOfParse(InRunning(yaml)), "F:1: services.a.running" + message) << yaml;
  }
}

TEST(LoadDrift, TheScanIsReadAsWritten) {
  const auto config = ParseConfig(
      InDrift("{every: 24h, grace: 0s, work_trees: [{path: /srv/a, repo: shop}, {path: /b, repo: shop}]}"), "F");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->drift.every, 24 * kHourNs);
  EXPECT_EQ(config->drift.grace, 0);
  ASSERT_EQ(config->drift.work_trees.size(), 2U);
  EXPECT_EQ(config->drift.work_trees[0].path, "/srv/a");
  EXPECT_EQ(config->drift.work_trees[1].repo, "shop");
}

TEST(LoadDrift, WrongScansAreRefused) {
  const std::string duration = "a duration like 90s, 15m or 1h, ";
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"{every: 59s}", ".every: " + duration + "from 1m to 24h expected, \"59s\" found"},
      {"{every: 25h}", ".every: " + duration + "from 1m to 24h expected, \"25h\" found"},
      {"{grace: 25h}", ".grace: " + duration + "from 0s to 24h expected, \"25h\" found"},
      {"{work_trees: /srv}", ".work_trees: a list expected, a single value found"},
      {"{work_trees: [{path: srv, repo: shop}]}", ".work_trees[0].path: an absolute path expected"},
      {"{work_trees: [{repo: shop}]}", ".work_trees[0]: path expected"},
      {"{work_trees: [{path: /srv}]}", ".work_trees[0]: repo expected"},
      {"{work_trees: [{path: /srv, repo: shpo}]}", ".work_trees[0].repo: no repo \"shpo\"; did you mean \"shop\"?"},
      {"{work_trees: [{path: /srv, repo: shop}, {path: /srv, repo: shop}]}", ".work_trees[1]: the same path twice"},
  };
  for (const auto& [yaml, message] : rows) EXPECT_EQ(MessageOfParse(InDrift(yaml)), "F:1: drift" + message) << yaml;
}

TEST(LoadCommand, TheListOfItsArgumentsAloneIsACommand) {
  const auto config = ParseConfig("services: {a: {deploy: [/bin/deploy, '{good}']}}", "F");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_THAT(config->services[0].deploy.argv, ElementsAre("/bin/deploy", "{good}"));
  EXPECT_EQ(MessageOfParse("services: {a: {deploy: [x, '{god}']}}"),
            "F:1: services.a.deploy[1]: nothing replaces {god}; known are {service}, {bad}, {good}, {trigger}, "
            "{in_flight}, {signal}");
}

}  // namespace
}  // namespace revertd
