// `revertd audit`, run as a user runs it: the trail exported, verified, and found out where it was edited.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <filesystem>

#include "store/database.h"
#include "store/executor_store.h"
#include "tests/daemon/program.h"

namespace revertd {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr TimeNs kAt = 1'795'255'200 * kSecondNs;

class AuditCommand : public ::testing::Test {
 protected:
  void SetUp() override {
    config_ = folder_.Write("revertd.yaml", "state: " + folder_.Path("state.db") + "\n");
    const auto store = ExecutorStore::Open(folder_.Path("executor.db"), ExecutorStore::Access::kOwner);
    ASSERT_TRUE(store.ok()) << store.status();
    ASSERT_TRUE((*store)->Begin("t\n1", "accepted", kAt).ok());
    ASSERT_TRUE((*store)->Finish("t\n1", "accepted", kAt + 1, "done", "it's \"x\"\n").ok());
    ASSERT_TRUE((*store)->Audit("odd", "", "not JSON", kAt + 2).ok());
    kept_ = (*store)->ReadAuditHead()->text();
  }

  void Edit(const std::string& sql) {
    const auto database = Database::Open(folder_.Path("executor.db"), Database::Access::kReadWrite);
    ASSERT_TRUE(database.ok());
    ASSERT_TRUE(
        (*database)
            ->RunScript("tampering", "DROP TRIGGER audit_is_never_changed; DROP TRIGGER audit_is_never_cut; " + sql)
            .ok());
  }

  // The trail of an environment in which the release was begun; answers its head.
  std::string AddRelease(const std::string& environment, const std::string& id) {
    const auto store =
        ExecutorStore::Open(folder_.Path("releases/" + environment + ".db"), ExecutorStore::Access::kOwner);
    EXPECT_TRUE(store.ok()) << store.status();
    EXPECT_TRUE(
        (*store)->BeginRelease({.id = id, .environment = environment, .file = "id: " + id, .begun_ns = kAt}).ok());
    return (*store)->ReadAuditHead()->text();
  }

  ProgramResult Run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "audit");
    arguments.insert(arguments.end(), {"--config", config_});
    return RunProgram(folder_, arguments);
  }

  const TestFolder folder_;
  std::string config_;
  std::string kept_;
};

TEST_F(AuditCommand, VerifyAnswersTheHead) {
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"verify"}, {"verify", "--head", kept_}}) {
    const ProgramResult result = Run(arguments);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(result.out, "{\"rows\":3,\"head\":\"" + kept_ + "\"}\n");
    EXPECT_EQ(result.err, "");
  }
}

TEST_F(AuditCommand, VerifyOfAnEditIsBadNews) {
  Edit("UPDATE audit SET text = replace(text, 'done', 'held') WHERE seq = 2;");
  const ProgramResult result = Run({"verify"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(result.err, "revertd: " + folder_.Path("executor.db") +
                            ": row 2 is not what was written, or stands after another row than then\n");
}

TEST_F(AuditCommand, VerifyOfACutEndIsBadNewsToWhoeverKeptAHead) {
  Edit("DELETE FROM audit WHERE seq = 3;");
  EXPECT_EQ(Run({"verify"}).exit_code, 0);
  const ProgramResult result = Run({"verify", "--head", kept_});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("the head that was kept is row 3: its end was cut off"));
}

TEST_F(AuditCommand, AHeadThatIsNoneIsWrongUsage) {
  for (const char* head : {"3", "3:abc", "x"}) {
    const ProgramResult result = Run({"verify", "--head", head});
    EXPECT_EQ(result.exit_code, 2) << head;
    EXPECT_THAT(result.err, HasSubstr("not SEQ:HASH")) << head;
  }
}

// What is exported is enough to verify the trail without this program.
TEST_F(AuditCommand, ExportIsOneObjectARowWithAllThatWasHashed) {
  const ProgramResult result = Run({"export"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  ASSERT_EQ(std::ranges::count(result.out, '\n'), 3);
  AuditChain chain;
  std::string before = FirstAuditHash();
  simdjson::dom::parser parser;
  for (size_t at = 0; at < result.out.size(); at = result.out.find('\n', at) + 1) {
    const std::string line = result.out.substr(at, result.out.find('\n', at) - at);
    simdjson::dom::element row;
    ASSERT_FALSE(parser.parse(line).get(row)) << line;
    AuditRow audit;
    audit.seq = row["seq"].get_int64();
    audit.at_ns = row["at_ns"].get_int64();
    audit.kind = row["kind"].get_string().value();
    audit.subject = row["subject"].get_string().value();
    audit.hash = row["hash"].get_string().value();
    audit.text = row["text"].is_string() ? std::string(row["text"].get_string().value())
                                         : std::string(simdjson::minify(row["text"]));
    EXPECT_EQ(row["before"].get_string().value(), before);
    before = audit.hash;
    chain.Add(audit);
  }
  EXPECT_FALSE(chain.Wrong().has_value()) << *chain.Wrong();
  EXPECT_EQ(chain.head().text(), kept_);
  EXPECT_THAT(result.out, HasSubstr("\"text\":{\"step\":\"accepted\",\"outcome\":\"done\",\"detail\":\"it's "
                                    "\\\"x\\\"\\n\"},\"before\":\""));
  EXPECT_THAT(result.out, HasSubstr("\"text\":\"not JSON\""));
}

TEST_F(AuditCommand, EachEnvironmentsReleasesAreATrailOfTheirOwn) {
  const std::string staging = AddRelease("staging", "r2");
  const std::string production = AddRelease("production", "r1");
  folder_.Write("releases/notes.txt", "not a trail");
  const std::string expected = "{\"file\":\"executor.db\",\"rows\":3,\"head\":\"" + kept_ +
                               "\"}\n{\"file\":\"releases/production.db\",\"rows\":1,\"head\":\"" + production +
                               "\"}\n{\"file\":\"releases/staging.db\",\"rows\":1,\"head\":\"" + staging + "\"}\n";
  EXPECT_EQ(Run({"verify"}).out, expected);
  for (const std::string& head : {kept_, production, staging}) {
    const ProgramResult result = Run({"verify", "--head", head});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(result.out, expected);
  }
  const ProgramResult all = Run({"export"});
  EXPECT_EQ(all.exit_code, 0) << all.err;
  EXPECT_EQ(std::ranges::count(all.out, '\n'), 5);
  EXPECT_THAT(all.out, HasSubstr("{\"chain\":\"executor\",\"seq\":3,"));
  const std::string first = ",\"before\":\"" + FirstAuditHash() + "\",";
  const size_t of_production = all.out.find("{\"chain\":\"release:production\",\"seq\":1,");
  const size_t of_staging = all.out.find("{\"chain\":\"release:staging\",\"seq\":1,");
  ASSERT_NE(of_production, std::string::npos);
  ASSERT_NE(of_staging, std::string::npos);
  EXPECT_LT(of_production, of_staging);
  EXPECT_THAT(all.out.substr(of_production, of_staging - of_production), HasSubstr(first));
  EXPECT_THAT(all.out.substr(of_staging), HasSubstr(first));
}

TEST_F(AuditCommand, AnEditOfOneTrailIsBadNewsAndTheOthersAreToldAllTheSame) {
  AddRelease("production", "r1");
  Edit("UPDATE audit SET text = replace(text, 'done', 'held') WHERE seq = 2;");
  const ProgramResult result = Run({"verify"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.err, "revertd: " + folder_.Path("executor.db") +
                            ": row 2 is not what was written, or stands after another row than then\n");
  EXPECT_THAT(result.out, HasSubstr("{\"file\":\"releases/production.db\""));
  EXPECT_THAT(result.out, Not(HasSubstr("executor.db")));
}

TEST_F(AuditCommand, AHeadThatStandsInNoTrailIsBadNewsOfEach) {
  AddRelease("production", "r1");
  Edit("DELETE FROM audit WHERE seq = 3;");
  const ProgramResult result = Run({"verify", "--head", kept_});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.out, IsEmpty());
  EXPECT_THAT(result.err, HasSubstr(folder_.Path("executor.db") + ": the trail ends at row 2"));
  EXPECT_THAT(result.err, HasSubstr(folder_.Path("releases/production.db") + ": the trail ends at row 1"));
}

// A machine that runs releases and no executor.
TEST_F(AuditCommand, ReleasesAloneAreEnough) {
  const std::string head = AddRelease("production", "r1");
  for (const char* file : {"executor.db", "executor.db-wal", "executor.db-shm"}) {
    std::filesystem::remove(folder_.Path(file));
  }
  const ProgramResult result = Run({"verify", "--head", head});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, "{\"file\":\"releases/production.db\",\"rows\":1,\"head\":\"" + head + "\"}\n");
  EXPECT_THAT(Run({"export"}).out, HasSubstr("{\"chain\":\"release:production\",\"seq\":1,"));
}

TEST(AuditCommandLine, WithoutATrailSaysSo) {
  const TestFolder folder;
  const std::string config = folder.Write("revertd.yaml", "state: " + folder.Path("state.db") + "\n");
  for (const char* command : {"verify", "export"}) {
    const ProgramResult result = RunProgram(folder, {"audit", command, "--config", config});
    EXPECT_EQ(result.exit_code, 3) << command;
    EXPECT_THAT(result.out, IsEmpty());
    EXPECT_EQ(result.err, "revertd: there is no " + folder.Path("executor.db") + "\n");
  }
  EXPECT_EQ(RunProgram(folder, {"audit"}).exit_code, 2);
}

}  // namespace
}  // namespace revertd
