// One whole rollback over every way that git reaches a remote, with the real servers of Debian, and what becomes of it
// where the far end says no, is somebody else, is not there or never answers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>

#include "tests/actions/executor_fixture.h"
#include "tests/actions/servers.h"

namespace revertd {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::HasSubstr;

constexpr char kPassword[] = "hen-Turmoil7";
constexpr char kWrongPassword[] = "mis-Spelled9";
constexpr int kRoundsMax = 300;  // longer than every wait and retry together

class TransportTest : public testing::Test {
 protected:
  TransportTest() { sandbox_.Publish(); }
  void TearDown() override {
    if (HasFailure()) std::cerr << ReadFile(sandbox_.root + "/servers.log");
    ExpectNoPasswordAnywhere();
  }

  GitProgram MakeGit() { return GitProgram(sandbox_.state_directory, sandbox_.Environment(), &clock_, limits_); }
  std::vector<std::string> Run(const std::string& url) {
    Config config = sandbox_.MakeConfig();
    config.repos[0].url = url;
    GitProgram git = MakeGit();
    RunToTheEnd(&sandbox_, trigger_, config, &git, &clock_, &events_, nullptr, kRoundsMax);
    return Outcomes(sandbox_, trigger_.id);
  }
  void ExpectOneRevert(const std::string& url) {
    const std::vector<std::string> outcomes = Run(url);
    EXPECT_THAT(outcomes, Contains("pushed done"));
    EXPECT_THAT(outcomes, Contains("push_verified done"));
    EXPECT_THAT(outcomes, Contains("recovered recovered"));
    EXPECT_EQ(sandbox_.RemoteReverts(trigger_.id), 1) << testing::PrintToString(events_.events.back().detail);
    EXPECT_EQ(sandbox_.GitIn(sandbox_.remote, {"rev-parse", "production^"}), bad_);
    EXPECT_EQ(sandbox_.GitIn(sandbox_.remote, {"diff", "--stat", "production", bad_ + "^"}), "");
    EXPECT_TRUE(sandbox_.LeftOvers().empty());
  }
  // Ends by name, says why, and has asked often enough but not for ever.
  void ExpectUnreachable(const std::string& url, const std::string& why) {
    const auto before = std::chrono::steady_clock::now();
    EXPECT_EQ(Run(url).back(), "planned remote_unreachable");
    EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(60));
    EXPECT_THAT(events_.events.back().detail, HasSubstr(why));
    EXPECT_EQ(sandbox_.RemoteHead(), bad_);
    EXPECT_TRUE(sandbox_.LeftOvers().empty());
    RepoConfig repo = sandbox_.Repo();
    repo.url = url;
    GitProgram git = MakeGit();
    for (const Status& status : {git.FetchBranch(repo).status(), git.ReadRemoteBranch(repo).status()}) {
      EXPECT_TRUE(absl::IsUnavailable(status)) << MessageOf(status);
      statuses_.emplace_back(MessageOf(status));
    }
  }
  // Neither in what was said nor in any file of the executor's: journal, state, mirror.
  void ExpectNoPasswordAnywhere() {
    for (const std::string password : {kPassword, kWrongPassword}) {
      for (const ExecutorEvent& event : events_.events) EXPECT_EQ(event.detail.find(password), std::string::npos);
      for (const std::string& status : statuses_) EXPECT_EQ(status.find(password), std::string::npos) << status;
      for (const auto& entry : fs::recursive_directory_iterator(sandbox_.state_directory)) {
        if (!entry.is_regular_file()) continue;
        EXPECT_EQ(ReadFile(entry.path()).find(password), std::string::npos) << entry.path();
      }
    }
  }
  // "http://HOST/.." with the user, and with the password where there is one.
  static std::string With(const std::string& url, const std::string& user_and_password) {
    return "http://" + user_and_password + "@" + url.substr(url.find("//") + 2);
  }

  Sandbox sandbox_;
  TestClock clock_;
  // So that a far end that hangs by a mistake of this test fails it soon.
  GitTimeLimits limits_{.first_fetch = 10 * kSecondNs, .fetch = 10 * kSecondNs, .push = 10 * kSecondNs};
  RecordedEvents events_;
  std::vector<std::string> statuses_;
  const std::string bad_ = sandbox_.MergeOf("feature", "bad.txt", "bad\n");
  RollbackTrigger trigger_ = sandbox_.TriggerFor(bad_, "");
};

TEST_F(TransportTest, AFileOnThisMachine) { ExpectOneRevert("file://" + sandbox_.remote); }

TEST_F(TransportTest, GitsOwnDaemon) { ExpectOneRevert(ServeByGitDaemon(sandbox_)->url); }

TEST_F(TransportTest, ARepositoryThatTheDaemonDoesNotHave) {
  const auto far_end = ServeByGitDaemon(sandbox_);
  ExpectUnreachable(far_end->url + "x", "remote.gitx");
}

TEST_F(TransportTest, ADaemonThatTakesNoPushes) {
  const auto far_end = ServeByGitDaemon(sandbox_);
  sandbox_.GitIn(sandbox_.remote, {"config", "daemon.receivepack", "false"});
  sandbox_.WriteHook("pre-receive", "exit 1");
  const std::vector<std::string> outcomes = Run(far_end->url);
  EXPECT_THAT(outcomes.back(), testing::AnyOf("pushed remote_unreachable", "pushed push_rejected"));
  EXPECT_EQ(sandbox_.RemoteHead(), bad_);
}

class HttpTest : public TransportTest {
 protected:
  void SetUp() override {
    const std::string missing = FirstMissing({"nginx", "fcgiwrap"});
    if (!missing.empty()) GTEST_SKIP() << missing << " is not installed: rollback over HTTP was NOT tested";
    far_end_ = ServeByHttp(sandbox_, kPassword);
  }
  void WriteNetrc(const std::string& password) {
    WriteFile(sandbox_.root + "/user/.netrc",
              std::string("machine 127.0.0.1 login ") + kUser + " password " + password + "\n");
  }
  std::unique_ptr<FarEnd> far_end_;
};

TEST_F(HttpTest, APasswordFromNetrc) {
  WriteNetrc(kPassword);
  ExpectOneRevert(far_end_->url);
}

TEST_F(HttpTest, APasswordFromACredentialHelper) {
  WriteFile(sandbox_.root + "/user/.gitconfig", "[credential]\n helper = store\n");
  WriteFile(sandbox_.root + "/user/.git-credentials",
            With(far_end_->url.substr(0, far_end_->url.rfind('/')), std::string(kUser) + ":" + kPassword) + "\n");
  ExpectOneRevert(far_end_->url);
}

TEST_F(HttpTest, APasswordInTheUrl) { ExpectOneRevert(With(far_end_->url, std::string(kUser) + ":" + kPassword)); }

TEST_F(HttpTest, APasswordInTheUrlThatTheUsersConfigurationRewrites) {
  WriteFile(sandbox_.root + "/user/.gitconfig",
            "[url \"" + With(far_end_->url, std::string(kUser) + ":" + kPassword) + "\"]\n insteadOf = shop:\n");
  ExpectOneRevert("shop:");
}

TEST_F(HttpTest, AWrongPasswordInTheUrlThatTheUsersConfigurationRewrites) {
  WriteFile(sandbox_.root + "/user/.gitconfig",
            "[url \"" + With(far_end_->url, std::string(kUser) + ":" + kWrongPassword) + "\"]\n insteadOf = shop:\n");
  ExpectUnreachable("shop:", "Authentication failed");
}

TEST_F(HttpTest, AWrongPasswordFromNetrc) {
  WriteNetrc(kWrongPassword);
  ExpectUnreachable(far_end_->url, "fatal: ");
}

TEST_F(HttpTest, AWrongPasswordInTheUrl) {
  ExpectUnreachable(With(far_end_->url, std::string(kUser) + ":" + kWrongPassword), "Authentication failed");
}

TEST_F(HttpTest, NoPasswordAtAllAndNobodyToAsk) { ExpectUnreachable(far_end_->url, "could not read Username"); }

class SshTest : public TransportTest {
 protected:
  void SetUp() override {
    const std::string missing = FirstMissing({"sshd", "ssh", "ssh-keygen"});
    if (!missing.empty()) GTEST_SKIP() << missing << " is not installed: rollback over ssh was NOT tested";
    far_end_ = ServeBySsh(sandbox_);
  }
  std::unique_ptr<FarEnd> far_end_;
};

TEST_F(SshTest, AKey) { ExpectOneRevert(far_end_->url); }

TEST_F(SshTest, AnUnknownHost) {
  WriteFile(sandbox_.root + "/user/known_hosts", "");
  ExpectUnreachable(far_end_->url, "Host key verification failed");
}

TEST_F(SshTest, AHostWithAnotherKey) {
  std::string known = ReadFile(sandbox_.root + "/user/known_hosts");
  known.resize(known.find(' ') + 1);
  WriteFile(sandbox_.root + "/user/known_hosts", known + ReadFile(sandbox_.root + "/user/identity.pub"));
  ExpectUnreachable(far_end_->url, "Host key verification failed");
}

TEST_F(SshTest, AKeyThatTheHostDoesNotKnow) {
  WriteFile(sandbox_.root + "/sshd/authorized_keys", "");
  ExpectUnreachable(far_end_->url, "Permission denied");
}

// Nobody behind the port, or somebody who never says a word.
class NobodyTest : public TransportTest, public testing::WithParamInterface<const char*> {
 protected:
  std::string UrlOf(const LoopbackSocket& socket) const {
    return std::string(GetParam()) + "://127.0.0.1:" + std::to_string(socket.port()) + "/remote.git";
  }
};

TEST_P(NobodyTest, APortThatRefuses) {
  const LoopbackSocket closed(false);
  ExpectUnreachable(UrlOf(closed), "onnect");
}

TEST_P(NobodyTest, AServerThatNeverAnswers) {
  const LoopbackSocket silent(true);
  limits_.first_fetch = limits_.fetch = limits_.ask_remote = 200 * kMillisecondNs;
  ExpectUnreachable(UrlOf(silent), "no answer within the time limit");
}

INSTANTIATE_TEST_SUITE_P(EveryScheme, NobodyTest, testing::Values("git", "http", "ssh"),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace revertd
