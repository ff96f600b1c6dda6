// Flux, Argo CD and sentry-cli.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "base/time_format.h"
#include "daemon/doors/argocd.h"
#include "daemon/doors/deploys_of.h"
#include "daemon/doors/flux.h"
#include "daemon/doors/json_body.h"
#include "daemon/doors/sentry_cli.h"
#include "tests/ingest/shared_data.h"

namespace revertd {
namespace {

const std::string kSha(40, 'c');
const std::string kDigest(64, 'd');

TimeNs At(std::string_view text) { return ParseTime(text).value_or(-1); }

Told Flux(const std::string& revision, const std::string& reason, const std::string& severity = "info",
          const std::string& kind = "Kustomization") {
  const auto told = ReadFlux(R"({"involvedObject":{"apiVersion":"kustomize.toolkit.fluxcd.io/v1","kind":")" + kind +
                             R"(","name":"shop"},"metadata":{"kustomize.toolkit.fluxcd.io/revision":")" + revision +
                             R"("},"severity":")" + severity + R"(","reason":")" + reason +
                             R"(","timestamp":"2026-11-21T03:10:09Z"})");
  EXPECT_TRUE(told.ok()) << told.status();
  return told.ok() ? *told : Told{};
}

TEST(FluxBody, RevisionsOfAllForms) {
  struct Row {
    std::string revision, commit, branch, version;
  };
  const Row rows[] = {
      {"main@sha1:" + kSha, kSha, "main", ""},
      {"main/" + kSha, kSha, "main", ""},
      {"feature/x@sha1:" + kSha, kSha, "feature/x", ""},
      {"feature/x/" + kSha, kSha, "feature/x", ""},
      {"refs/heads/main@sha1:" + kSha, kSha, "main", ""},
      {"sha1:" + kSha, kSha, "", ""},
      {"latest@sha256:" + kDigest, "", "", "latest@sha256:" + kDigest},
      {"6.2.1", "", "", "6.2.1"},
      {"main@sha1:short", "", "", "main@sha1:short"},
  };
  for (const Row& row : rows) {
    const Told told = Flux(row.revision, "ReconciliationSucceeded");
    EXPECT_EQ(told.commit, row.commit) << row.revision;
    EXPECT_EQ(told.branch, row.branch) << row.revision;
    EXPECT_EQ(told.version, row.version) << row.revision;
  }
}

TEST(FluxBody, ReasonsAreStates) {
  const std::string revision = "main@sha1:" + kSha;
  const Told done = Flux(revision, "ReconciliationSucceeded");
  EXPECT_EQ(done.kind, ToldKind::kDeployment);
  EXPECT_EQ(done.state, "success");
  EXPECT_EQ(done.name, "shop");
  EXPECT_EQ(done.environment, "");
  EXPECT_EQ(done.finished_ns, At("2026-11-21T03:10:09Z"));
  EXPECT_EQ(Flux(revision, "Progressing").state, "running");
  EXPECT_EQ(Flux(revision, "Progressing").started_ns, At("2026-11-21T03:10:09Z"));
  EXPECT_EQ(Flux(revision, "HealthCheckFailed", "error").state, "failure");
  EXPECT_EQ(Flux(revision, "DependencyNotReady").state, "DependencyNotReady");
  EXPECT_EQ(Flux(revision, "NewArtifact", "info", "GitRepository").kind, ToldKind::kOther);
}

TEST(FluxBody, TheDocumentedOne) {
  const auto body = ReadSharedFile("deploys/flux/v1beta3_providers_0.json");
  if (!body) GTEST_SKIP() << "THE SHARED BODIES ARE MISSING (set REVERTD_SHARED_DATA)";
  const auto told = ReadFlux(*body);
  ASSERT_TRUE(told.ok()) << told.status();
  EXPECT_EQ(told->name, "webapp");
  EXPECT_EQ(told->state, "failure");
  EXPECT_EQ(told->branch, "main");
  EXPECT_EQ(told->commit.size(), 40U);
  EXPECT_NE(body->find("main/" + told->commit), std::string::npos);
  EXPECT_EQ(told->at_ns, At("2022-10-28T07:26:19Z"));
}

TEST(FluxBody, AnArtifactIsOfTheCommitThatItWasBuiltFrom) {
  const auto told =
      ReadFlux(R"({"involvedObject":{"apiVersion":"kustomize.toolkit.fluxcd.io/v1","kind":"Kustomization"},
      "metadata":{"kustomize.toolkit.fluxcd.io/revision":"latest@sha256:)" +
               kDigest + R"(","kustomize.toolkit.fluxcd.io/originRevision":"main@sha1:)" + kSha + "\"}}");
  ASSERT_TRUE(told.ok());
  EXPECT_EQ(told->commit, kSha);
}

Told Argo(const std::string& phase, const std::string& finished_at, const std::string& revision = kSha) {
  const auto told = ReadArgoCd(R"({"app":"shop","revision":")" + revision + R"(","phase":")" + phase +
                               R"(","started_at":"2026-11-21T03:10:00Z","finished_at":")" + finished_at +
                               R"(","repo_url":"https://git.example/acme/shop.git"})");
  EXPECT_TRUE(told.ok()) << told.status();
  return told.ok() ? *told : Told{};
}

TEST(ArgoCdBody, PhasesAreStates) {
  const Told done = Argo("Succeeded", "2026-11-21T03:11:00Z");
  EXPECT_EQ(done.state, "success");
  EXPECT_EQ(done.at_ns, At("2026-11-21T03:11:00Z"));
  EXPECT_EQ(done.started_ns, At("2026-11-21T03:10:00Z"));
  EXPECT_EQ(done.finished_ns, done.at_ns);
  EXPECT_EQ(done.repository, "acme/shop");
  EXPECT_EQ(done.commit, kSha);

  const Told running = Argo("Running", "<no value>");
  EXPECT_EQ(running.state, "running");
  EXPECT_EQ(running.started_ns, At("2026-11-21T03:10:00Z"));
  EXPECT_EQ(running.at_ns, At("2026-11-21T03:10:00Z"));
  EXPECT_EQ(running.finished_ns, 0);
  EXPECT_EQ(Argo("Failed", "").state, "failure");
  EXPECT_EQ(Argo("Error", "").state, "failure");
  EXPECT_EQ(Argo("Succeeded", "", "1.2.3").version, "1.2.3");
  EXPECT_EQ(Argo("Succeeded", "", "1.2.3").commit, "");
}

Told Sentry(std::string_view method, std::string_view target, std::string_view body) {
  const auto told = ReadSentryCall(method, target, body);
  EXPECT_TRUE(told.ok()) << told.status();
  return told.ok() ? *told : Told{};
}

TEST(SentryCall, ADeployKnowsItsProjectsFromItsRelease) {
  const Told release = Sentry("POST", "/api/0/organizations/acme/releases/",
                              R"({"version":"shop@)" + kSha + R"(","projects":["shop","cart"],
                                  "refs":[{"repository":"acme/shop","commit":")" +
                                  kDigest + R"("}]})");
  EXPECT_EQ(release.kind, ToldKind::kRelease);
  EXPECT_EQ(release.state, "created");
  EXPECT_EQ(release.name, "shop,cart");
  EXPECT_EQ(release.commit, kDigest);
  EXPECT_EQ(release.repository, "acme/shop");

  Told deploy = Sentry("POST", "/api/0/organizations/acme/releases/shop%40" + kSha + "/deploys/?x=1",
                       R"({"environment":"production","dateStarted":"2026-11-21T03:00:00Z",
                           "dateFinished":"2026-11-21T03:10:00.123456789Z"})");
  EXPECT_EQ(deploy.kind, ToldKind::kDeployment);
  EXPECT_EQ(deploy.version, release.version);
  EXPECT_EQ(deploy.commit, kSha);
  EXPECT_EQ(deploy.name, "");
  EXPECT_EQ(deploy.state, "success");
  EXPECT_EQ(deploy.started_ns, At("2026-11-21T03:00:00Z"));
  FillFromRelease(release, &deploy);
  EXPECT_EQ(deploy.name, "shop,cart");
  EXPECT_EQ(deploy.commit, kDigest);
  EXPECT_EQ(deploy.repository, "acme/shop");
}

TEST(SentryCall, AVersionMayBeACommit) {
  const auto commit_of = [](const std::string& version) {
    return Sentry("PUT", "/api/0/projects/acme/shop/releases/" + version + "/", "{}").commit;
  };
  EXPECT_EQ(commit_of("shop%401a2b3c4"), "1a2b3c4");
  EXPECT_EQ(commit_of(kDigest), kDigest);
  EXPECT_EQ(commit_of("shop@2.4.1"), "");
  EXPECT_EQ(commit_of("1a2b3c"), "") << "six digits are too few";
  EXPECT_EQ(commit_of(kDigest + "0"), "");
}

TEST(SentryCall, RefsOfTwoRepositoriesAreNoCommit) {
  EXPECT_EQ(Sentry("PUT", "/api/0/organizations/acme/releases/v1/",
                   R"({"refs":[{"repository":"a/b","commit":")" + kSha + R"("},{"repository":"a/c","commit":")" +
                       kDigest + "\"}]}")
                .commit,
            "");
}

TEST(SentryCall, OtherCallsAreNoneOfOurs) {
  for (const std::string_view target :
       {"", "/", "/api/0/", "/api/0/organizations/acme/chunk-upload/", "/api/0/organizations/acme/releases/v1/files/",
        "/api/1/organizations/acme/releases/", "/x/api/0/organizations/acme/releases/"}) {
    EXPECT_EQ(Sentry("POST", target, "\x1f\x8b").kind, ToldKind::kOther) << target;
  }
  EXPECT_EQ(Sentry("GET", "/api/0/organizations/acme/releases/", "").kind, ToldKind::kOther);
  EXPECT_FALSE(ReadSentryCall("POST", "/api/0/organizations/acme/releases/", "{").ok());
}

// What sentry-cli 2.58.6 sent.
TEST(SentryCall, AsTheProgramSendsThem) {
  const auto request = ReadSharedFile("sentry/sdk_requests/cli/003.request.json");
  if (!request) GTEST_SKIP() << "THE SHARED REQUESTS ARE MISSING (set REVERTD_SHARED_DATA)";
  int deploys = 0;
  int releases = 0;
  for (const std::string name : {"001", "003", "005"}) {
    const std::string file = "sentry/sdk_requests/cli/" + name;
    const JsonBody call(ReadSharedFile(file + ".request.json").value_or(""));
    ASSERT_TRUE(call.status().ok()) << call.status();
    const Told told =
        Sentry(call.root()["method"].Text(), call.root()["target"].Text(), ReadSharedFile(file + ".body").value_or(""));
    Config config;
    config.services.push_back({.name = "api", .matches = {}, .repo = "", .depends_on = {}, .known_as = {"shop-api"}});
    const ToldDeploys answer = DeploysOf(told, config, 0);
    if (told.kind == ToldKind::kDeployment) {
      ++deploys;
      EXPECT_EQ(told.version, "shop-api@2.4.1");
      EXPECT_EQ(told.environment, "production");
      ASSERT_EQ(answer.deploys.size(), 1U) << answer.not_a_deploy;
      EXPECT_EQ(answer.deploys[0].service, "api");
      EXPECT_EQ(answer.deploys[0].finish_ns, At("2026-11-21T03:07:12.435804810Z"));
      EXPECT_EQ(answer.deploys[0].head, "");
    } else if (told.kind == ToldKind::kRelease) {
      ++releases;
      EXPECT_EQ(told.name, "shop-api");
      EXPECT_EQ(told.state, "published");
      EXPECT_EQ(answer.not_a_deploy, "release_is_no_deploy_here");
    } else {
      EXPECT_EQ(answer.not_a_deploy, "none_of_ours");
    }
  }
  EXPECT_EQ(deploys, 1);
  EXPECT_EQ(releases, 1);
}

}  // namespace
}  // namespace revertd
