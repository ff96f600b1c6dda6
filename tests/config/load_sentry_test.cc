// What the configuration says of error events.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "config/load.h"

namespace revertd {
namespace {

// In a file with the door and two services that it needs.
std::string With(const std::string& sentry) {
  return "http:\nservices: {checkout: {}, cart: {known_as: [shop-cart]}}\nsentry: " + sentry + "\n";
}

std::string MessageOfParse(const std::string& yaml) {
  const auto config = ParseConfig(yaml, "F");
  return config.ok() ? "ok" : std::string(MessageOf(config.status()));
}

TEST(LoadSentry, NothingIsTakenUnlessAsked) {
  EXPECT_FALSE(ParseConfig("http:\n", "F")->sentry);
  const auto config = ParseConfig("http:\nsentry:\n", "F");
  ASSERT_TRUE(config.ok()) << config.status();
  ASSERT_TRUE(config->sentry);
  EXPECT_TRUE(config->sentry->projects.empty());
  EXPECT_EQ(config->sentry->service_by, ErrorServiceBy::kProject);
  EXPECT_FALSE(config->sentry->webhook_secret.given());
}

TEST(LoadSentry, AllOfItIsRead) {
  const auto config = ParseConfig(
      With("{projects: {'1': {service: checkout, key: 0123abcd, tee: {env: DSN}}, shop-cart: {}, cart:},"
           " service_from: {tag: app}, webhook_secret: {file: /s}, limits: {body: 20000, decoded: 30000, queue: 1000,"
           " tee: 1048576}}"),
      "F");
  ASSERT_TRUE(config.ok()) << config.status();
  const SentryConfig& sentry = *config->sentry;
  ASSERT_EQ(sentry.projects.size(), 3U);
  EXPECT_EQ(sentry.projects[0].id, "1");
  EXPECT_EQ(sentry.projects[0].service, "checkout");
  EXPECT_EQ(sentry.projects[0].key, "0123abcd");
  EXPECT_EQ(sentry.projects[0].tee.env, "DSN");
  EXPECT_EQ(sentry.projects[1].id, "shop-cart");
  EXPECT_TRUE(sentry.projects[2].service.empty());
  EXPECT_EQ(sentry.service_by, ErrorServiceBy::kTag);
  EXPECT_EQ(sentry.service_tag, "app");
  EXPECT_EQ(sentry.webhook_secret.file, "/s");
  EXPECT_EQ(sentry.body_bytes_max, 20000);
  EXPECT_EQ(sentry.decoded_bytes_max, 30000);
  EXPECT_EQ(sentry.queue_events_max, 1000);
  EXPECT_EQ(sentry.tee_bytes_max, 1048576);
}

TEST(LoadSentry, EachWordThatMayNameAService) {
  for (const auto& [word, by] :
       {std::pair("project", ErrorServiceBy::kProject), std::pair("server_name", ErrorServiceBy::kServerName)}) {
    const auto config = ParseConfig(With(std::string("{service_from: ") + word + "}"), "F");
    ASSERT_TRUE(config.ok()) << config.status();
    EXPECT_EQ(config->sentry->service_by, by);
  }
}

// A project that no service is called after is fine where the events themselves name theirs.
TEST(LoadSentry, AProjectWithoutAServiceNeedsAnotherWord) {
  EXPECT_EQ(MessageOfParse(With("{projects: {'9': {}}, service_from: server_name}")), "ok");
  EXPECT_EQ(MessageOfParse(With("{projects: {'9': {}}}")),
            "F:3: sentry.projects.9: service expected: none is called \"9\" or known_as it");
}

TEST(LoadSentry, MistakesAreRefusedByName) {
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"{project: {}}", "sentry.project: unknown key; did you mean \"projects\"?"},
      {"{projects: {'1': {servce: checkout}}}", "sentry.projects.1.servce: unknown key; did you mean \"service\"?"},
      {"{projects: {'1': {service: chekout}}}",
       "sentry.projects.1.service: no service \"chekout\"; did you mean \"checkout\"?"},
      {"{projects: {'1': {service: shop-cart}}}", "sentry.projects.1.service: no service \"shop-cart\""},
      {"{projects: {a/b: {service: cart}}}", "sentry.projects.a/b: a project as the DSN's path ends expected, like 1"},
      {"{projects: {'1': {service: cart, key: 'a b'}}}",
       "sentry.projects.1.key: the DSN's public key expected: letters and digits in front of its @"},
      {"{projects: {'1': {service: cart, tee: {}}}}", "sentry.projects.1.tee: one of file and env expected"},
      {"{service_from: host}", "sentry.service_from: project, server_name or {tag: NAME} expected, \"host\" found"},
      {"{service_from: {}}", "sentry.service_from: tag expected"},
      {"{limits: {body: 1}}", "sentry.limits.body: a whole number from 16384 to 20971520 expected, \"1\" found"},
      {"{limits: {queue: 10}}", "sentry.limits.queue: a whole number from 1000 to 100000 expected, \"10\" found"},
      {"{limits: {decoded: 16384}}", "sentry.limits: decoded must not be less than body"},
  };
  for (const auto& [yaml, message] : rows) EXPECT_EQ(MessageOfParse(With(yaml)), "F:3: " + message) << yaml;
}

TEST(LoadSentry, SomethingMustBeAbleToComeIn) {
  EXPECT_EQ(MessageOfParse("sentry:\n"),
            "F:1: sentry: needs http, or a source of format sentry: nothing could come in");
  EXPECT_EQ(MessageOfParse("sentry:\nsources: [{stdin: {format: sentry}}]\n"), "ok");
  EXPECT_EQ(MessageOfParse("sentry:\nhttp:\n"), "ok");
  EXPECT_EQ(MessageOfParse("sources: [{stdin: {}}, {file: {path: /x, format: sentry}}]"),
            "F:1: sources[1]: format sentry needs sentry: it says whose the events are");
  EXPECT_EQ(MessageOfParse("sentry:\nsources: [{syslog: {listen: 'unix:/x', format: sentry}}]"),
            "F:2: sources[0]: format sentry is read from a file or standard input, not by syslog");
}

}  // namespace
}  // namespace revertd
