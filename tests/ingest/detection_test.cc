// Every file of real lines is detected as the format that it is said to be.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>

#include "base/strings.h"
#include "ingest/format_detector.h"
#include "tests/ingest/peer_rows.h"

namespace revertd {
namespace {

// Files whose name is no format's, and files of which most lines are of another format than the name says.
struct Expected {
  std::string_view file;
  std::string_view format;
  std::string_view reason;
};
constexpr std::array kExpected = {
    Expected{"syslog_rfc3164_nginx", "nginx_combined", "wrapped"},
    Expected{"syslog_rfc5424_nginx", "", "its one line is of the error log"},
    Expected{"syslog_nginx", "", "its lines are of other programs, or have no time"},
    Expected{"envoy_json_cri", "envoy_json", "wrapped"},
    Expected{"envoy_json", "envoy_text", "wrapped"},
    Expected{"azure_frontdoor_waf", "", "its lines tell of no request"},
    Expected{"apache_combined", "apache_common", "56 of its 96 lines have neither referer nor user agent"},
};

const Format* ExpectedFormat(const std::string& file) {
  for (const Expected& expected : kExpected) {
    if (expected.file == file) return FormatNamed(expected.format);
  }
  return FormatNamed(file);
}

bool IsWrapped(const std::string& file) {
  return std::ranges::any_of(kExpected, [&](const Expected& e) { return e.file == file && e.reason == "wrapped"; });
}

struct Tally {
  int lines = 0;
  int good = 0;
  std::map<std::string_view, int> chosen;

  int Most() const {
    int most = 0;
    for (const auto& [format, count] : chosen) most = std::max(most, count);
    return most;
  }
};

Tally Detect(const std::string& text) {
  Tally tally;
  FormatDetector detector(nullptr);
  for (std::string_view line : Split(text, '\n')) {
    if (Trim(line).empty()) continue;
    ++tally.lines;
    AccessRecord record;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (detector.Parse(line, record) != ParseError::kNone) continue;
    ++tally.good;
    ++tally.chosen[detector.chosen()->name()];
  }
  return tally;
}

TEST(Detection, FindsTheFormatOfEveryFile) {
  std::error_code error;
  std::filesystem::directory_iterator files(SharedDataPath("access/lines"), error);
  if (error) GTEST_SKIP() << "NOT TESTED: no " << SharedDataPath("access/lines");
  for (const auto& file : files) {
    const std::string name = file.path().stem();
    const auto text = ReadSharedFile("access/lines/" + name + ".log");
    ASSERT_TRUE(text.has_value()) << name;
    const Tally tally = Detect(*text);
    std::printf("detected %s: %d lines, %d good", name.c_str(), tally.lines, tally.good);
    for (const auto& [format, lines] : tally.chosen) std::printf(", %s %d", std::string(format).c_str(), lines);
    std::printf("\n");
    const Format* expected = ExpectedFormat(name);
    if (expected == nullptr) continue;  // not our format (error logs, noise), or not yet
    if (IsWrapped(name) && !WrappersComeOff()) continue;
    // Some files have lines of several formats; no other may have more than that of the name.
    const auto found = tally.chosen.find(expected->detected_as());
    EXPECT_EQ(found == tally.chosen.end() ? 0 : found->second, tally.Most()) << name;
    EXPECT_GT(tally.good, 0) << name;
  }
}

}  // namespace
}  // namespace revertd
