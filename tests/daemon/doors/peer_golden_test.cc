// What drone/go-scm makes of the same bodies, field by field: two readers that know nothing of one another agree on
// every word that both have.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/doors/github.h"
#include "daemon/doors/gitlab.h"
#include "daemon/doors/json_body.h"
#include "daemon/doors/told_words.h"
#include "tests/ingest/shared_data.h"

namespace revertd {
namespace {

using testing::Contains;
using testing::EndsWith;

// The peer writes most fields with a capital and some, of pipelines, without.
JsonField Of(const JsonField& field, const std::string& key) {
  const JsonField capital = field[key];
  if (capital.IsThere()) return capital;
  std::string lower = key;
  lower[0] = static_cast<char>(lower[0] - 'A' + 'a');
  return field[lower];
}

std::string TextOf(const JsonField& golden, const std::vector<std::string>& path) {
  JsonField field = golden;
  for (const std::string& key : path) field = Of(field, key);
  return field.Text();
}

// The number of fields compared: a golden file that said nothing would prove nothing.
class Comparison {
 public:
  Comparison(const Told& told, const JsonField& golden) : told_(told), golden_(golden) {}

  int Compare() {
    Same(told_.repository, TextOf(golden_, {"Repo", "Namespace"}) + "/" + TextOf(golden_, {"Repo", "Name"}));
    for (const char* key : {"Clone", "CloneSSH", "Link"}) {
      EXPECT_THAT(told_.urls, Contains(TextOf(golden_, {"Repo", key})));
      ++compared_;
    }
    Same(told_.author, TextOf(golden_, {"Sender", "Login"}));
    Reference();
    Push();
    if (Of(golden_, "Release").IsThere()) Release();
    if (Of(golden_, "Execution").IsThere()) {
      Pipeline();
    } else if (Of(golden_, "PullRequest").IsThere()) {
      Review();
    }
    return compared_;
  }

 private:
  void Same(const std::string& ours, const std::string& theirs) {
    EXPECT_NE(theirs, "");
    EXPECT_EQ(ours, theirs);
    ++compared_;
  }
  void SameRevision(const std::string& ours, const std::string& theirs) {
    const bool is_none = theirs.find_first_not_of('0') == std::string::npos;
    Same(ours.empty() && is_none ? theirs : ours, theirs);
  }

  void Reference() {
    const std::string full = TextOf(golden_, {"Ref"});
    if (!full.empty()) {
      Same(told_.tag.empty() ? "refs/heads/" + told_.branch : "refs/tags/" + told_.tag, full);
    } else if (const std::string name = TextOf(golden_, {"Ref", "Name"}); !name.empty()) {
      Same(told_.tag + told_.branch, name);
    }
    const std::string revision = TextOf(golden_, {"Ref", "Sha"});
    // Of what was deleted the peer names the revision that it had.
    if (!revision.empty()) SameRevision(told_.state == "deleted" ? told_.base : told_.commit, revision);
    const std::string target = TextOf(golden_, {"Target"});
    if (!target.empty()) Same(told_.environment, target);
  }

  void Push() {
    if (TextOf(golden_, {"After"}).empty()) return;
    SameRevision(told_.commit, TextOf(golden_, {"After"}));
    SameRevision(told_.base, TextOf(golden_, {"Before"}));
    EXPECT_EQ(told_.kind, ToldKind::kPush);
  }

  void Release() {
    Same(told_.tag, TextOf(golden_, {"Release", "Tag"}));
    Same(told_.title, TextOf(golden_, {"Release", "Title"}));
    Same(told_.url, TextOf(golden_, {"Release", "Link"}));
    Same(told_.branch, TextOf(golden_, {"Release", "Commitish"}));
    Same(told_.state, TextOf(golden_, {"Action"}));
    if (told_.state != "published") return;
    EXPECT_EQ(told_.at_ns, TimeIn(TextOf(golden_, {"Release", "Published"})));
  }

  void Review() {
    const JsonField request = Of(golden_, "PullRequest");
    const bool merged = request["Merged"].Truth();
    EXPECT_EQ(told_.kind, merged ? ToldKind::kMerge : ToldKind::kReview);
    EXPECT_EQ(told_.number, request["Number"].Integer());
    Same(told_.title, request["Title"].Text());
    Same(told_.branch, request["Target"].Text());
    Same(told_.url, request["Link"].Text());
    // The peer has the request's own head even of a merged one.
    if (!merged) SameRevision(told_.commit, request["Sha"].Text());
    const std::string action = TextOf(golden_, {"Action"});
    const bool in_past = told_.state == "synchronize";
    Same(in_past ? told_.state + "d" : told_.state, action);
  }

  void Pipeline() {
    SameRevision(told_.commit, TextOf(golden_, {"Commit", "Sha"}));
    Same(told_.state, TextOf(golden_, {"Execution", "Status"}));
    Same(told_.branch, TextOf(golden_, {"PullRequest", "Ref"}));
  }

  const Told& told_;
  JsonField golden_;
  int compared_ = 0;
};

void ExpectAgreement(const StatusOr<Told>& told, const std::string& golden_file) {
  SCOPED_TRACE(golden_file);
  ASSERT_TRUE(told.ok()) << told.status();
  const auto golden = ReadSharedFile(golden_file);
  ASSERT_TRUE(golden.has_value());
  if (golden->empty()) return;  // push_merge's: the peer left it empty
  const JsonBody json(*golden);
  ASSERT_TRUE(json.status().ok()) << json.status();
  EXPECT_GE(Comparison(*told, json.root()).Compare(), 6);
}

bool IsMissing(const std::string& folder) { return !std::filesystem::exists(SharedDataPath(folder)); }

TEST(PeerGolden, OfGitHub) {
  const std::string folder = "deploys/github_goscm";
  if (IsMissing(folder)) GTEST_SKIP() << "THE SHARED BODIES ARE MISSING (set REVERTD_SHARED_DATA)";
  const std::vector<std::pair<std::string, std::string_view>> bodies = {
      {"branch_create", "create"},    {"deployment", "deployment"},     {"pipeline_hook", "workflow_run"},
      {"pr_closed", "pull_request"},  {"pr_sync", "pull_request"},      {"push_branch_create", "push"},
      {"push_branch_delete", "push"}, {"push_tag_delete", "push"},      {"release_deleted", "release"},
      {"release_edited", "release"},  {"release_published", "release"}, {"release_unpublished", "release"},
      {"tag_create", "create"},
  };
  for (const auto& [name, event] : bodies) {
    const std::string file = folder + "/" + name + ".json";
    ExpectAgreement(ReadGitHub(event, ReadSharedFile(file).value_or("")), file + ".golden");
  }
}

TEST(PeerGolden, OfGitLab) {
  const std::string folder = "deploys/gitlab_goscm";
  if (IsMissing(folder)) GTEST_SKIP() << "THE SHARED BODIES ARE MISSING (set REVERTD_SHARED_DATA)";
  for (const std::string name : {"branch_create", "branch_delete_subgroup", "pipeline_subgroup", "pull_request_close",
                                 "pull_request_merge", "push_merge", "push_subgroup", "tag_delete"}) {
    const std::string file = folder + "/" + name + ".json";
    ExpectAgreement(ReadGitLab("", ReadSharedFile(file).value_or("")), file + ".golden");
  }
}

}  // namespace
}  // namespace revertd
