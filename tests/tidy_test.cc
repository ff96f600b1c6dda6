// Reads every file of the tree and holds it to the rules of tests/tidy/rules.h. Each rule is first shown a snippet that
// breaks it: a rule that cannot fail would be a defect.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "tests/tidy/rules.h"
#include "tests/tidy/source_text.h"

namespace revertd::tidy {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Complaints Includes(std::string_view path, std::string_view text) {
  return CheckIncludeTable(ReadSourceText(path, text));
}
Complaints Packages(std::string_view path, std::string_view text) {
  return CheckPackageOwners(ReadSourceText(path, text));
}
Complaints Calls(std::string_view path, std::string_view text) { return CheckBannedCalls(ReadSourceText(path, text)); }

TEST(IncludeTable, SiblingsNeverMeet) {
  EXPECT_THAT(Includes("analysis/gate.cc", "#include \"base/clock.h\"\n#include \"ingest/router.h\"\n"),
              ElementsAre(HasSubstr("analysis/gate.cc:2: ingest/router.h: a folder includes only")));
  EXPECT_THAT(Includes("ingest/router.cc", "#include \"store/database.h\"\n"), Contains(HasSubstr("store/database.h")));
  EXPECT_THAT(Includes("actions/git.cc", "#include \"analysis/gate.h\"\n"), Contains(HasSubstr("analysis/gate.h")));
  EXPECT_THAT(Includes("base/clock.cc", "#include \"config/config.h\"\n"), Contains(HasSubstr("config/config.h")));
}

TEST(IncludeTable, NothingIncludesDaemonOrTestsOrBench) {
  for (const char* folder : {"base", "config", "ingest", "analysis", "store", "actions"}) {
    const std::string path = std::string(folder) + "/x.cc";
    EXPECT_EQ(Includes(path, "#include \"daemon/app.h\"\n").size(), 1U) << path;
    EXPECT_EQ(Includes(path, "#include \"tests/fake.h\"\n").size(), 1U) << path;
    EXPECT_EQ(Includes(path, "#include \"bench/run.h\"\n").size(), 1U) << path;
  }
  EXPECT_EQ(Includes("daemon/x.cc", "#include \"tests/fake.h\"\n").size(), 1U);
}

TEST(IncludeTable, ATestStandsWhereItsFolderStands) {
  EXPECT_THAT(Includes("tests/analysis/gate_test.cc", "#include \"analysis/gate.h\"\n"), IsEmpty());
  EXPECT_THAT(Includes("tests/analysis/gate_test.cc", "#include \"ingest/router.h\"\n"), Contains(HasSubstr("ingest")));
  EXPECT_THAT(Includes("tests/sim/whole_test.cc", "#include \"ingest/router.h\"\n"), IsEmpty());
}

TEST(IncludeTable, PathsStartAtTheRoot) {
  EXPECT_THAT(Includes("base/clock.cc", "#include \"clock.h\"\n"), Contains(HasSubstr("from the root of the tree")));
  EXPECT_THAT(Includes("base/clock.cc", "// #include \"clock.h\"\n"), IsEmpty());
}

TEST(PackageOwners, EachPackageHasOne) {
  EXPECT_THAT(Packages("ingest/tailer.cc", "#include <liburing.h>\n"), Contains(HasSubstr("only ingest/uring_io.*")));
  EXPECT_THAT(Packages("ingest/uring_io.cc", "#include <liburing.h>\n"), IsEmpty());
  EXPECT_THAT(Packages("config/load.cc", "#include <yaml-cpp/yaml.h>\n"), Contains(HasSubstr("config/yaml.")));
  EXPECT_THAT(Packages("store/state_store.cc", "#include <sqlite3.h>\n"), Contains(HasSubstr("store/database.")));
  EXPECT_THAT(Packages("daemon/main.cc", "#include <CLI/CLI.hpp>\n"), Contains(HasSubstr("daemon/cli")));
  EXPECT_THAT(Packages("store/x.cc", "#include <simdjson.h>\n"), Contains(HasSubstr("simdjson.h")));
  EXPECT_THAT(Packages("analysis/series.cc", "#include <boost/math/x.hpp>\n"), Contains(HasSubstr("gamma_quantile")));
  EXPECT_THAT(Packages("base/clock.h", "#include \"absl/time/time.h\"\n"), Contains(HasSubstr("base/status.")));
  EXPECT_THAT(Packages("base/clock.cc", "#include <gtest/gtest.h>\n"), Contains(HasSubstr("only tests/*")));
}

TEST(PackageOwners, AnUnknownPackageAsksForAnOwner) {
  EXPECT_THAT(Packages("base/clock.cc", "#include <fmt/format.h>\n"), Contains(HasSubstr("needs an owner")));
  EXPECT_THAT(Packages("base/clock.cc", "#include <vector>\n#include <sys/stat.h>\n"), IsEmpty());
}

TEST(BannedCalls, EachNamesItsReplacement) {
  const std::map<std::string, std::string> banned = {
      {"int x = std::system(\"ls\");", "actions/process"},
      {"FILE* f = popen(\"ls\", \"r\");", "actions/process"},
      {"double d = std::strtod(p, &e);", "ParseDouble"},
      {"int i = atoi(p);", "ParseUnsigned"},
      {"int i = std::stoi(s);", "ParseUnsigned"},
      {"std::cout << 1;", "OutputWriter"},
      {"usleep(5);", "Clock::SleepFor"},
      {"std::this_thread::sleep_for(d);", "Clock::SleepFor"},
      {"thread.detach();", "join the thread"},
      {"assert(x);", "REVERTD_CHECK"},
      {"throw x;", "Status"},
      {"try { f(); } catch (...) {}", "only the file that names a throwing library"},
      {"std::regex r;", "std::regex recurses"},
      {"int i = rand();", "seed"},
      {"gettimeofday(&t, nullptr);", "ask a Clock"},
      {"auto t = time(nullptr);", "ask a Clock"},
      {"auto t = std::chrono::system_clock::now();", "ask a Clock"},
      {"absl::string_view s;", "std::string_view"},
      {"using namespace std;", "name what you use"},
  };
  for (const auto& [line, instead] : banned) {
    EXPECT_THAT(Calls("analysis/x.cc", line), ElementsAre(HasSubstr(instead))) << line;
  }
}

TEST(BannedCalls, LeavesAloneWhatOnlyLooksLikeThem) {
  EXPECT_THAT(Calls("base/x.cc", "static_assert(sizeof(int) == 4);\n// never throw\nauto s = \"rand()\";\n"),
              IsEmpty());
  EXPECT_THAT(Calls("base/x.cc", "auto s = R\"(throw x; \")\"; auto c = '\"'; int n = 1'000; f(\"throw\");"),
              IsEmpty());
  EXPECT_THAT(Calls("base/clock.cc", "std::this_thread::sleep_for(d);"), IsEmpty());
  EXPECT_THAT(Calls("base/x.cc", "int n = 1'000; throw n;"), ElementsAre(HasSubstr("throw")));
}

TEST(HeaderOpening, CommentThenPragma) {
  const auto opening = [](std::string_view text) { return CheckHeaderOpening(ReadSourceText("base/x.h", text)); };
  EXPECT_THAT(opening("// What it is for.\n#pragma once\n#include <vector>\n"), IsEmpty());
  EXPECT_THAT(opening("#pragma once\n"), ElementsAre(HasSubstr("opens with a comment")));
  EXPECT_THAT(opening("// What.\n#include <vector>\n#pragma once\n"), ElementsAre(HasSubstr("#pragma once")));
  EXPECT_THAT(opening("// What.\nint x;\n"), ElementsAre(HasSubstr("#pragma once")));
  EXPECT_THAT(opening("// What.\n// #pragma once\n"), ElementsAre(HasSubstr("#pragma once")));
}

TEST(OwnHeaderFirst, ProvesThatTheHeaderStandsAlone) {
  const auto own = [](std::string_view text, bool has_header) {
    return CheckOwnHeaderFirst(ReadSourceText("base/x.cc", text), has_header);
  };
  EXPECT_THAT(own("// What.\n#include \"base/x.h\"\n\n#include <vector>\n", true), IsEmpty());
  EXPECT_THAT(own("#include <vector>\n\n#include \"base/x.h\"\n", true),
              ElementsAre(HasSubstr("base/x.cc:1: includes its own header, base/x.h, first")));
  EXPECT_THAT(own("int x;\n", true), ElementsAre(HasSubstr("base/x.h, first")));
  EXPECT_THAT(own("#include <vector>\n", false), IsEmpty());
}

TEST(Lengths, ColumnsAndFiles) {
  const auto lengths = [](const std::string& text) { return CheckLengths(ReadSourceText("base/x.cc", text)); };
  EXPECT_THAT(lengths(std::string(kColumnsMax, 'x') + "\n"), IsEmpty());
  EXPECT_THAT(lengths(std::string(kColumnsMax + 1, 'x') + "\n"), ElementsAre(HasSubstr("longer than 120")));
  EXPECT_THAT(lengths(std::string(kFileLinesMax, '\n')), IsEmpty());
  EXPECT_THAT(lengths(std::string(kFileLinesMax + 1, '\n')), ElementsAre(HasSubstr("split it")));
}

// A function of `lines` lines.
std::string FunctionOf(size_t lines) {
  std::string text = "int F(int x) {\n";
  for (size_t i = 2; i < lines; ++i) text += "  if (x > 1) { ++x; }\n";
  return text + "}\n";
}

TEST(Lengths, Functions) {
  const auto complaints = [](const std::string& text) { return CheckLengths(ReadSourceText("base/x.cc", text)); };
  EXPECT_THAT(complaints("namespace a {\n" + FunctionOf(kFunctionLinesMax) + "}\n"), IsEmpty());
  EXPECT_THAT(complaints("namespace a {\n" + FunctionOf(kFunctionLinesMax + 1) + "}\n"),
              ElementsAre(HasSubstr("base/x.cc:2: 71 lines of function")));
  EXPECT_THAT(complaints("class A final : B {\n public:\n" + FunctionOf(kFunctionLinesMax + 1) + "};\n"),
              ElementsAre(HasSubstr("base/x.cc:3: 71 lines of function")));
  std::string table = "constexpr int kTable[] = {\n";
  for (size_t i = 0; i < 100; ++i) table += "    F(1),\n";
  EXPECT_THAT(complaints(table + "};\n"), IsEmpty());
}

TEST(PlainAscii, NoOtherBytesAndNoTrailingBlanks) {
  const auto ascii = [](std::string_view text) { return CheckPlainAscii(ReadSourceText("x.md", text)); };
  EXPECT_THAT(ascii("plain\n"), IsEmpty());
  EXPECT_THAT(ascii("na\xc3\xafve\n"), ElementsAre(HasSubstr("ASCII")));
  EXPECT_THAT(ascii("a\tb\n"), ElementsAre(HasSubstr("ASCII")));
  EXPECT_THAT(ascii("a \n"), ElementsAre(HasSubstr("ends in a blank")));
}

TEST(Leftovers, AreFinishedOrIssues) {
  const auto leftovers = [](std::string_view text) { return CheckNoLeftovers(ReadSourceText("base/x.cc", text)); };
  EXPECT_THAT(leftovers(std::string("int x;  // TO") + "DO: y\n"), ElementsAre(HasSubstr("open an issue")));
  EXPECT_THAT(leftovers(std::string("int x;  // FIX") + "ME\n"), ElementsAre(HasSubstr("open an issue")));
  EXPECT_THAT(leftovers("int x;  // mkstemp's XXXXXX, a lifeTODOx\n"), IsEmpty());
}

TEST(MachinePath, IsWrittenNowhere) {
  const auto paths = [](const std::string& text) {
    return CheckNoMachinePath(ReadSourceText("base/x.cc", text), "/src/checkout");
  };
  EXPECT_THAT(paths(std::string("open(\"/ho") + "me/me/x\");\n"), ElementsAre(HasSubstr("testing::TempDir")));
  EXPECT_THAT(paths(std::string("open(\"/tm") + "p/x\");\n"), ElementsAre(HasSubstr("testing::TempDir")));
  EXPECT_THAT(paths("open(\"/src/checkout/x\");\n"), ElementsAre(HasSubstr("REVERTD_SOURCE_DIR")));
  EXPECT_THAT(paths("open(\"/var/lib/revertd/state.db\"); // a.example/home/x\n"), IsEmpty());
}

TEST(IsBuilt, EachSourceIsNamed) {
  const SourceText source = ReadSourceText("base/clock.cc", "");
  EXPECT_THAT(CheckIsBuilt(source, "SOURCES\n  clock.cc\n"), IsEmpty());
  EXPECT_THAT(CheckIsBuilt(source, "SOURCES\n  my_clock.cc\n"), ElementsAre(HasSubstr("never built")));
}

TEST(OneTypePerName, WhateverItsKindIs) {
  OneTypePerName names;
  const auto complaints = [&](std::string_view path, std::string_view text) {
    return names.Check(ReadSourceText(path, text));
  };
  EXPECT_THAT(complaints("base/a.h", "namespace revertd {\nclass A final : public B {\n  struct Inner {};\n};\n}\n"),
              IsEmpty());
  EXPECT_THAT(complaints("store/a.h", "namespace revertd {\n\nstruct A {\n  int x = 0;\n};\n}\n"),
              ElementsAre(HasSubstr("store/a.h:3: revertd::A is defined in base/a.h too")));
  EXPECT_THAT(complaints("store/b.h", "namespace revertd {\ntemplate <typename T>\nclass A\n    : C {};\n}\n"),
              ElementsAre(HasSubstr("store/b.h:2: revertd::A is defined")));
  EXPECT_THAT(complaints("store/c.h", "namespace revertd {\nvoid F() {}\nenum class A : uint8_t { kX };\n}\n"),
              ElementsAre(HasSubstr("store/c.h:3: revertd::A is defined")));
  EXPECT_THAT(complaints("store/c.cc", "namespace revertd {\nnamespace {\nclass A {};\n}\nclass A;\nA F() {}\n}\n"),
              IsEmpty());
  EXPECT_THAT(complaints("bench/c.h", "namespace revertd::bench {\nclass A {};\nclass Inner {};\n}\n"), IsEmpty());
}

// The tree itself.
namespace fs = std::filesystem;

std::string ReadFile(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// Files under `folder` whose name ends in one of `endings`; golden inputs are evidence, not text of ours.
std::vector<fs::path> FilesOf(const fs::path& folder, const std::vector<std::string>& endings) {
  std::vector<fs::path> files;
  if (!fs::exists(folder)) return files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (!entry.is_regular_file() || entry.path().string().find("/golden/") != std::string::npos) continue;
    for (const std::string& ending : endings) {
      if (name.size() >= ending.size() && name.substr(name.size() - ending.size()) == ending) {
        files.push_back(entry.path());
        break;
      }
    }
  }
  return files;
}

SourceText ReadAt(const fs::path& path) {
  return ReadSourceText(fs::relative(path, REVERTD_SOURCE_DIR).generic_string(), ReadFile(path));
}

constexpr const char* kSourceFolders[] = {"base",    "config", "ingest", "analysis", "store",
                                          "actions", "daemon", "tests",  "bench"};

void Report(const Complaints& complaints) {
  for (const std::string& complaint : complaints) ADD_FAILURE() << complaint;
}

// The CMakeLists.txt of the file's own folder and of those above it.
std::string CMakeListsOf(const fs::path& path) {
  std::string text;
  const fs::path root(REVERTD_SOURCE_DIR);
  for (fs::path folder = path.parent_path(); folder != root && folder.has_relative_path();
       folder = folder.parent_path()) {
    text += ReadFile(folder / "CMakeLists.txt");
  }
  return text;
}

TEST(Tree, EverySourceFileHoldsTheRules) {
  size_t files = 0;
  OneTypePerName names;
  for (const char* folder : kSourceFolders) {
    for (const fs::path& path : FilesOf(fs::path(REVERTD_SOURCE_DIR) / folder, {".h", ".cc"})) {
      const SourceText source = ReadAt(path);
      Report(CheckIncludeTable(source));
      Report(CheckPackageOwners(source));
      Report(CheckBannedCalls(source));
      Report(CheckHeaderOpening(source));
      Report(CheckOwnHeaderFirst(source, fs::exists(fs::path(path).replace_extension(".h"))));
      Report(CheckLengths(source));
      Report(CheckIsBuilt(source, CMakeListsOf(path)));
      Report(names.Check(source));
      ++files;
    }
  }
  EXPECT_GT(files, 50U) << "REVERTD_SOURCE_DIR does not hold the tree";
}

TEST(Tree, EveryTextIsPlainAndFinished) {
  const fs::path root(REVERTD_SOURCE_DIR);
  std::vector<fs::path> files = {root / "CMakeLists.txt", root / "README.md", root / "check", root / "demo",
                                 root / ".ci/run"};
  const std::vector<std::string> endings = {".h", ".cc", ".md", ".sh", ".cmake", ".yaml", ".sql", "CMakeLists.txt"};
  for (const char* folder : kSourceFolders) {
    for (fs::path& path : FilesOf(root / folder, endings)) files.push_back(std::move(path));
  }
  for (const char* folder : {"cmake", "docs"}) {
    for (fs::path& path : FilesOf(root / folder, endings)) files.push_back(std::move(path));
  }
  for (const fs::path& path : files) {
    ASSERT_TRUE(fs::exists(path)) << path;
    const SourceText source = ReadAt(path);
    Report(CheckPlainAscii(source));
    Report(CheckNoLeftovers(source));
    Report(CheckNoMachinePath(source, REVERTD_SOURCE_DIR));
  }
}

}  // namespace
}  // namespace revertd::tidy
