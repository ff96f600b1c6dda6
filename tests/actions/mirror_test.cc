// Whose mirrors are: root takes them from nobody.
#include "actions/mirror.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "tests/actions/sandbox.h"

namespace revertd {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr uid_t kSomebody = 12345;

TEST(MirrorLock, RootMakesNothingInTheStateFolderOfAnotherUser) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give a folder away";
  Sandbox sandbox;
  TestClock clock;
  const std::string theirs = sandbox.root + "/theirs";
  ASSERT_TRUE(fs::create_directory(theirs));
  ASSERT_EQ(chown(theirs.c_str(), kSomebody, kSomebody), 0);
  for (const std::string& state_folder : {theirs, theirs + "/not/yet"}) {
    const auto refused = MirrorLock::Take(MirrorPathsOf(state_folder, "shop"), &clock);
    EXPECT_TRUE(absl::IsFailedPrecondition(refused.status())) << state_folder;
    EXPECT_THAT(std::string(MessageOf(refused.status())), AllOf(HasSubstr("12345"), HasSubstr("run it as that user")));
  }
  EXPECT_TRUE(fs::is_empty(theirs));
  // A folder that root's own executor was given, as a container's volume is.
  WriteFile(theirs + "/executor.db", "");
  EXPECT_TRUE(MirrorLock::Take(MirrorPathsOf(theirs, "shop"), &clock).ok());
  ASSERT_EQ(chown((theirs + "/executor.db").c_str(), kSomebody, kSomebody), 0);
  EXPECT_FALSE(MirrorLock::Take(MirrorPathsOf(theirs, "shop"), &clock).ok());
}

TEST(MirrorLock, AStateFolderOfOnesOwnIsMade) {
  Sandbox sandbox;
  TestClock clock;
  EXPECT_TRUE(MirrorLock::Take(MirrorPathsOf(sandbox.root + "/a/b", "shop"), &clock).ok());
  EXPECT_TRUE(fs::exists(sandbox.root + "/a/b/mirrors/shop.lock"));
}

}  // namespace
}  // namespace revertd
