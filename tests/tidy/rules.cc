#include "tests/tidy/rules.h"

#include <algorithm>
#include <cctype>
#include <iterator>

namespace revertd::tidy {
namespace {

constexpr std::string_view kFolders[] = {"base",    "config", "ingest", "analysis", "store",
                                         "actions", "daemon", "tests",  "bench"};

struct FolderRow {
  std::string_view folder;
  std::vector<std::string_view> may_include;
};

// base <- config <- {ingest, analysis, store} <- actions <- daemon; ingest, analysis and actions never meet.
const std::vector<FolderRow>& IncludeTable() {
  static const std::vector<FolderRow> table = {
      {"base", {"base"}},
      {"config", {"base", "config"}},
      {"ingest", {"base", "config", "ingest"}},
      {"analysis", {"base", "config", "analysis"}},
      {"store", {"base", "config", "store"}},
      {"actions", {"base", "config", "store", "actions"}},
      {"daemon", {"base", "config", "ingest", "analysis", "store", "actions", "daemon"}},
      {"bench", {"base", "config", "ingest", "analysis", "store", "actions", "daemon", "bench"}},
  };
  return table;
}

struct OwnerRow {
  std::string_view header;               // the beginning of what stands between the brackets
  std::vector<std::string_view> owners;  // beginnings of paths
};

// The first row that fits speaks: the longer prefix stands first.
const std::vector<OwnerRow>& OwnerTable() {
  static const std::vector<OwnerRow> table = {
      {"liburing", {"ingest/uring_io."}},
      {"yaml-cpp/", {"config/yaml."}},
      {"sqlite3.h", {"store/database."}},
      {"CLI/", {"daemon/cli"}},
      {"simdjson.h",
       {"ingest/", "actions/forge", "actions/health_json.", "actions/notice.", "actions/release/sidecar_life.",
        "daemon/api/body.", "daemon/deploy_spec.", "daemon/error_sample.", "daemon/cmd_", "daemon/doors/json_body.",
        "daemon/doors/manifest.", "tests/", "bench/"}},
      {"boost/asio", {"daemon/http/http_server."}},
      {"boost/beast", {"daemon/http/http_server."}},
      {"boost/math", {"analysis/gamma_quantile.", "tests/analysis/"}},
      {"absl/", {"base/status.", "base/time_zone.", "bench/", "tests/actions/release/freeze_test."}},
      {"immintrin.h", {"ingest/fast/"}},
      {"curl/", {"actions/http_client."}},
      {"openssl/", {"base/digest.", "actions/http_client.", "tests/actions/fake_tls_server."}},
      {"re2/", {"base/pattern."}},
      {"brotli/", {"ingest/sentry/content_coding.", "tests/ingest/sentry_coding_test."}},
      {"zlib.h", {"ingest/sentry/content_coding.", "tests/ingest/sentry_coding_test."}},
      {"zstd.h", {"ingest/sentry/content_coding.", "tests/ingest/sentry_coding_test."}},
      {"nats/", {"daemon/fleet_link."}},
      {"gtest/", {"tests/"}},
      {"gmock/", {"tests/"}},
      {"benchmark/", {"bench/"}},
  };
  return table;
}

// Headers of the system itself, besides the C++ library's (which have neither a dot nor a slash).
constexpr std::string_view kSystemHeaders[] = {"sys/",     "linux/",   "netinet/", "arpa/",     "unistd.h", "fcntl.h",
                                               "poll.h",   "signal.h", "spawn.h",  "errno.h",   "string.h", "time.h",
                                               "dirent.h", "stdlib.h", "ftw.h",    "fnmatch.h", "pthread.h"};

struct BannedCall {
  std::string_view text;  // a whole word on its left; on its right too where it ends in a word
  std::vector<std::string_view> allowed;
  std::string_view instead;
};

const std::vector<BannedCall>& BannedCalls() {
  static const std::vector<BannedCall> calls = {
      {"system(", {"actions/process."}, "run programs through actions/process, which needs no shell"},
      {"popen(", {"actions/process."}, "run programs through actions/process, which needs no shell"},
      {"fork(", {"actions/process.", "tests/"}, "run programs through actions/process"},
      {"strtod(", {"base/strings."}, "use ParseDouble of base/strings.h: whole text, no locale"},
      {"strtol(", {"base/strings."}, "use ParseUnsigned of base/strings.h: whole text, no overflow"},
      {"strtoul(", {"base/strings."}, "use ParseUnsigned of base/strings.h: whole text, no overflow"},
      {"strtoull(", {"base/strings."}, "use ParseUnsigned of base/strings.h: whole text, no overflow"},
      {"atoi(", {}, "use ParseUnsigned of base/strings.h: it can say no"},
      {"atof(", {}, "use ParseDouble of base/strings.h: it can say no"},
      {"stoi(", {}, "use ParseUnsigned of base/strings.h: it does not throw"},
      {"stol(", {}, "use ParseUnsigned of base/strings.h: it does not throw"},
      {"stoull(", {}, "use ParseUnsigned of base/strings.h: it does not throw"},
      {"stod(", {}, "use ParseDouble of base/strings.h: it does not throw"},
      {"std::cout", {"tests/", "bench/"}, "use OutputWriter or EventPrinter of daemon/output.h"},
      {"std::cerr", {"tests/", "bench/"}, "use Say of daemon/output.h, or answer a Status"},
      {"usleep(", {}, "use Clock::SleepFor; a test advances its clock"},
      {"nanosleep(", {}, "use Clock::SleepFor; a test advances its clock"},
      {"sleep(", {}, "use Clock::SleepFor; a test advances its clock"},
      {"sleep_for(", {"base/clock."}, "use Clock::SleepFor; a test advances its clock"},
      {"sleep_until(", {}, "use Clock::SleepFor; a test advances its clock"},
      {"gettimeofday(", {}, "ask a Clock (base/clock.h), or take the time as an argument"},
      {"clock_gettime(", {"base/clock.", "bench/"}, "ask a Clock (base/clock.h), or take the time as an argument"},
      {"time(nullptr)", {}, "ask a Clock (base/clock.h), or take the time as an argument"},
      {"time(NULL)", {}, "ask a Clock (base/clock.h), or take the time as an argument"},
      {"system_clock::now", {"base/clock."}, "ask a Clock (base/clock.h), or take the time as an argument"},
      {"detach(", {}, "join the thread: whoever starts one ends it"},
      {"assert(", {}, "use REVERTD_CHECK: it stays in the build that ships"},
      {"throw", {}, "answer a Status, count bad bytes, REVERTD_CHECK our own bugs"},
      {"catch",
       {"config/yaml.", "daemon/cli", "analysis/gamma_quantile."},
       "only the file that names a throwing "
       "library catches, at its edge"},
      {"std::regex", {}, "write the few comparisons out; std::regex recurses once a character"},
      {"rand(", {}, "use <random> with a seed that the test prints"},
      {"srand(", {}, "use <random> with a seed that the test prints"},
      {"random_device", {}, "use <random> with a seed that the test prints"},
      {"sprintf(", {}, "use std::snprintf, FormatNumber or JsonWriter"},
      {"strcpy(", {}, "use std::string"},
      {"strtok(", {}, "use Split of base/strings.h"},
      {"using namespace", {}, "name what you use"},
      {"absl::string_view", {"base/status."}, "use std::string_view; Debian's absl has a type of its own"},
  };
  return calls;
}

bool IsWord(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

bool StartsWithOneOf(std::string_view text, const std::vector<std::string_view>& beginnings) {
  return std::any_of(beginnings.begin(), beginnings.end(),
                     [&](std::string_view beginning) { return text.substr(0, beginning.size()) == beginning; });
}

std::string_view FolderOf(std::string_view path) { return path.substr(0, path.find('/')); }
bool IsFolder(std::string_view name) {
  return std::find(std::begin(kFolders), std::end(kFolders), name) != std::end(kFolders);
}
bool IsHeader(std::string_view path) { return path.size() > 2 && path.substr(path.size() - 2) == ".h"; }

std::string At(const SourceText& source, size_t line, std::string_view what) {
  return source.path + ":" + std::to_string(line) + ": " + std::string(what);
}

// A test of a folder stands where that folder stands, with its own headers; tests of the whole stand where daemon does.
bool MayInclude(std::string_view path, std::string_view header) {
  std::string_view folder = FolderOf(path);
  const std::string_view wanted = FolderOf(header);
  if (folder == "tests") {
    if (wanted == "tests") return true;
    const std::string_view mirrored = FolderOf(path.substr(folder.size() + 1));
    folder = IsFolder(mirrored) ? mirrored : "daemon";
  }
  for (const FolderRow& row : IncludeTable()) {
    if (row.folder != folder) continue;
    return std::find(row.may_include.begin(), row.may_include.end(), wanted) != row.may_include.end();
  }
  return false;
}

bool ContainsCall(std::string_view line, std::string_view call) {
  for (size_t at = line.find(call); at != std::string_view::npos; at = line.find(call, at + 1)) {
    const size_t end = at + call.size();
    const bool whole_right = !IsWord(call.back()) || end == line.size() || !IsWord(line[end]);
    if ((at == 0 || !IsWord(line[at - 1])) && whole_right) return true;
  }
  return false;
}

}  // namespace

Complaints CheckIncludeTable(const SourceText& source) {
  Complaints complaints;
  for (const Include& include : IncludesOf(source)) {
    if (include.angled) continue;
    if (!IsFolder(FolderOf(include.name))) {
      if (StartsWithOneOf(include.name, {"absl/"})) continue;  // CheckPackageOwners speaks of it
      complaints.push_back(At(source, include.line, include.name + ": write include paths from the root of the tree"));
    } else if (!MayInclude(source.path, include.name)) {
      complaints.push_back(At(source, include.line,
                              include.name + ": a folder includes only what stands to its left in base <- config <- "
                                             "{ingest, analysis, store} <- actions <- daemon; meet in a type of base"));
    }
  }
  return complaints;
}

Complaints CheckPackageOwners(const SourceText& source) {
  Complaints complaints;
  for (const Include& include : IncludesOf(source)) {
    const std::string_view name = include.name;
    const auto& table = OwnerTable();
    const auto row = std::find_if(table.begin(), table.end(), [&](const OwnerRow& candidate) {
      return name.substr(0, candidate.header.size()) == candidate.header;
    });
    if (row != table.end()) {
      if (StartsWithOneOf(source.path, row->owners)) continue;
      complaints.push_back(
          At(source, include.line,
             include.name + ": only " + std::string(row->owners.front()) + "* knows this package; use its interface"));
    } else if (include.angled && name.find_first_of("./") != std::string_view::npos &&
               !StartsWithOneOf(name, {std::begin(kSystemHeaders), std::end(kSystemHeaders)})) {
      complaints.push_back(At(source, include.line,
                              include.name + ": a new package needs an owner in tests/tidy/rules.cc and a sentence in "
                                             "docs/architecture.md"));
    }
  }
  return complaints;
}

Complaints CheckBannedCalls(const SourceText& source) {
  Complaints complaints;
  for (const BannedCall& call : BannedCalls()) {
    if (StartsWithOneOf(source.path, call.allowed)) continue;
    for (size_t i = 0; i < source.code.size(); ++i) {
      if (!ContainsCall(source.code[i], call.text)) continue;
      complaints.push_back(At(source, i + 1, std::string(call.text) + ": " + std::string(call.instead)));
    }
  }
  return complaints;
}

Complaints CheckHeaderOpening(const SourceText& source) {
  if (!IsHeader(source.path)) return {};
  Complaints complaints;
  if (source.lines.empty() || source.lines[0].compare(0, 3, "// ") != 0) {
    complaints.push_back(At(source, 1, "a header opens with a comment: what it is for, and who may call it"));
  }
  const auto directive = std::find_if(source.code.begin(), source.code.end(),
                                      [](const std::string& line) { return !line.empty() && line[0] == '#'; });
  if (directive == source.code.end() || *directive != "#pragma once") {
    complaints.push_back(At(source, 1, "#pragma once is a header's first directive"));
  }
  return complaints;
}

Complaints CheckOwnHeaderFirst(const SourceText& source, bool has_header) {
  if (IsHeader(source.path) || !has_header) return {};
  const std::string own = source.path.substr(0, source.path.rfind('.')) + ".h";
  const std::vector<Include> includes = IncludesOf(source);
  if (!includes.empty() && includes.front().name == own) return {};
  return {At(source, includes.empty() ? 1 : includes.front().line, "includes its own header, " + own + ", first")};
}

Complaints CheckLengths(const SourceText& source) {
  Complaints complaints;
  for (size_t i = 0; i < source.lines.size(); ++i) {
    if (source.lines[i].size() > kColumnsMax) {
      complaints.push_back(At(source, i + 1, "longer than " + std::to_string(kColumnsMax) + " columns; wrap it"));
    }
  }
  for (const FunctionExtent& function : FunctionsOf(source)) {
    if (function.lines <= kFunctionLinesMax) continue;
    complaints.push_back(At(source, function.line,
                            std::to_string(function.lines) + " lines of function, at most " +
                                std::to_string(kFunctionLinesMax) + "; name its steps"));
  }
  if (source.lines.size() > kFileLinesMax) {
    complaints.push_back(At(source, source.lines.size(),
                            "a file of more than " + std::to_string(kFileLinesMax) + " lines has two jobs; split it"));
  }
  return complaints;
}

Complaints CheckPlainAscii(const SourceText& source) {
  Complaints complaints;
  for (size_t i = 0; i < source.lines.size(); ++i) {
    const std::string& line = source.lines[i];
    if (std::any_of(line.begin(), line.end(), [](char c) { return c < ' ' || c > '~'; })) {
      complaints.push_back(At(source, i + 1, "not plain ASCII; write bytes as \\x.., tabs as blanks"));
    }
    if (!line.empty() && line.back() == ' ') complaints.push_back(At(source, i + 1, "ends in a blank"));
  }
  return complaints;
}

Complaints CheckNoLeftovers(const SourceText& source) {
  Complaints complaints;
  for (size_t i = 0; i < source.unquoted.size(); ++i) {
    for (const std::string_view word : {"TODO", "FIXME", "XXX", "HACK"}) {
      if (ContainsCall(source.unquoted[i], word)) {
        complaints.push_back(At(source, i + 1, std::string(word) + ": finish it, or open an issue"));
      }
    }
  }
  return complaints;
}

Complaints CheckNoMachinePath(const SourceText& source, std::string_view root) {
  std::vector<std::string> homes;
  for (const std::string_view folder : {"/home", "/Users", "/root", "/tmp"}) homes.push_back(std::string(folder) + "/");
  // A checkout in the root folder itself has no name to leak.
  if (root.size() > 1) homes.push_back(std::string(root) + "/");
  Complaints complaints;
  for (size_t i = 0; i < source.unquoted.size(); ++i) {
    const std::string& line = source.lines[i];
    for (const std::string& home : homes) {
      const size_t at = line.find(home);
      // What follows a host or a folder of the tree is no path of a machine.
      if (at == std::string::npos || (at > 0 && (IsWord(line[at - 1]) || line[at - 1] == '.'))) continue;
      const size_t end = at + home.size();
      if (end < line.size() && !IsWord(line[end])) continue;  // root + "/home/.gitconfig" is a test's own home
      complaints.push_back(At(source, i + 1, "a path of one machine; use REVERTD_SOURCE_DIR or testing::TempDir()"));
    }
  }
  return complaints;
}

Complaints CheckIsBuilt(const SourceText& source, std::string_view cmake_lists) {
  const std::string_view path = source.path;
  const std::string_view name = path.substr(path.rfind('/') + 1);
  if (IsHeader(path) || ContainsCall(cmake_lists, name)) return {};
  return {At(source, 1, "no CMakeLists.txt names it: it is never built")};
}

Complaints OneTypePerName::Check(const SourceText& source) {
  Complaints complaints;
  for (const NamedType& type : TypesOf(source)) {
    const auto [first, is_first] = places_.emplace(type.name, source.path);
    if (is_first) continue;
    complaints.push_back(At(source, type.line,
                            type.name + " is defined in " + first->second +
                                " too: another name, or an unnamed namespace in a source file"));
  }
  return complaints;
}

}  // namespace revertd::tidy
