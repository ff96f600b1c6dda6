// Real lines and what peers say of them (the servers themselves, Elastic, CrowdSec, Vector): every stated field must
// come out the same, in the named format and by detection.
#include <gtest/gtest.h>
#include <simdjson.h>

#include <cstdio>
#include <map>

#include "base/strings.h"
#include "base/time_format.h"
#include "ingest/format/text_fields.h"
#include "ingest/format_detector.h"
#include "tests/ingest/shared_data.h"

namespace revertd {
namespace {

using simdjson::dom::element;

std::string DecodeBase64(std::string_view text) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string decoded;
  uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const size_t value = kAlphabet.find(c);
    if (value == std::string_view::npos) break;
    bits = bits << 6 | static_cast<uint32_t>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    decoded += static_cast<char>(bits >> count & 0xFF);
  }
  return decoded;
}

// A text member, also where it is given as base64 because it is not UTF-8.
std::optional<std::string> Text(element object, const std::string& key) {
  std::string_view value;
  if (object[key].get(value) == simdjson::SUCCESS) return std::string(value);
  if (object[key + "_b64"].get(value) == simdjson::SUCCESS) return DecodeBase64(value);
  return std::nullopt;
}

struct Score {
  int lines = 0;
  int fields = 0;
  int wrong = 0;
};

class LineCheck {
 public:
  LineCheck(Score* score, std::string line) : score_(score), line_(std::move(line)) {}

  template <typename T>
  void Expect(const char* field, const T& wanted, const T& got) {
    ++score_->fields;
    if (wanted == got) return;
    ++score_->wrong;
    ADD_FAILURE() << field << ": wanted " << wanted << ", got " << got << " in\n" << line_;
  }

 private:
  Score* const score_;
  const std::string line_;
};

void CheckNumbers(element expect, const AccessRecord& record, LineCheck& check) {
  int64_t number = 0;
  if (expect["status"].get(number) == simdjson::SUCCESS) check.Expect("status", number, int64_t{record.status});
  if (expect["bytes"].get(number) == simdjson::SUCCESS) {
    check.Expect("bytes", number, record.bytes == kNotLogged ? 0 : record.bytes);  // peers say 0 for "-"
  }
  if (expect["duration_ns"].get(number) == simdjson::SUCCESS) {
    check.Expect("duration_ns", number, record.duration_ns);
    check.Expect("start_ns", record.end_ns - number, record.start_ns);
  }
  if (const auto time = Text(expect, "ts")) {
    const auto wanted = ParseTime(*time);
    ASSERT_TRUE(wanted.has_value()) << *time;
    check.Expect("ts", FormatRfc3339(*wanted), FormatRfc3339(record.end_ns));
  }
}

void CheckTexts(element expect, const AccessRecord& record, LineCheck& check) {
  const auto method = Text(expect, "method");
  const auto target = Text(expect, "target");
  if (method) check.Expect("method", *method, std::string(record.method));
  if (method && target) {
    check.Expect("path", target->substr(0, target->find('?')), DecodeNginxEscapes(record.path));
  }
  // CrowdSec gives the whole request as the target where it saw no method; there is no path in such a request.
  if (!method && target) check.Expect("path", std::string(), std::string(record.path));
  if (const auto host = Text(expect, "host")) check.Expect("host", *host, std::string(record.host));
}

void CheckLine(element row, Format const* format, Score* score) {
  const auto text = Text(row, "line");
  ASSERT_TRUE(text.has_value());
  element expect;
  ASSERT_EQ(row["expect"].get(expect), simdjson::SUCCESS);
  ++score->lines;
  AccessRecord record;
  LineCheck check(score, *text);
  check.Expect("error", NameOf(ParseError::kNone), NameOf(format->NewReader({})->Parse(*text, record)));
  CheckNumbers(expect, record, check);
  CheckTexts(expect, record, check);

  FormatDetector detector(nullptr);
  AccessRecord detected;
  check.Expect("detected", NameOf(ParseError::kNone), NameOf(detector.Parse(*text, detected)));
  if (detector.chosen() != nullptr) check.Expect("format", format->name(), detector.chosen()->name());
}

TEST(Conformance, EveryStatedFieldOfEveryLine) {
  const auto rows = ReadSharedFile("access/conformance.jsonl");
  if (!rows) GTEST_SKIP() << "NOT TESTED: no " << SharedDataPath("access/conformance.jsonl");
  std::map<std::string_view, Score> scores;
  simdjson::dom::parser parser;
  for (std::string_view row : Split(*rows, '\n')) {
    if (row.empty()) continue;
    element parsed;
    ASSERT_EQ(parser.parse(row.data(), row.size()).get(parsed), simdjson::SUCCESS);
    const Format* format = FormatNamed(*Text(parsed, "format"));
    if (format != nullptr) CheckLine(parsed, format, &scores[format->name()]);
  }
  for (std::string_view name : FormatNames()) {
    const Score& score = scores[name];
    std::printf("conformance %s: %d lines, %d of %d fields right\n", std::string(name).c_str(), score.lines,
                score.fields - score.wrong, score.fields);
    EXPECT_GT(score.lines, 100) << name << ": the data set lost its lines";
  }
}

// All captured lines of a format, also those no peer spoke of, are read and detected as it.
TEST(Conformance, EveryCapturedLineIsOfItsFormat) {
  for (std::string_view name : FormatNames()) {
    const std::string file = "access/lines/" + std::string(name) + ".log";
    const auto text = ReadSharedFile(file);
    if (!text) GTEST_SKIP() << "NOT TESTED: no " << SharedDataPath(file);
    FormatDetector detector(nullptr);
    int good = 0;
    for (std::string_view line : Split(*text, '\n')) {
      if (line.empty()) continue;
      AccessRecord record;
      EXPECT_EQ(NameOf(detector.Parse(Trim(line), record)), "none") << line;
      ASSERT_NE(detector.chosen(), nullptr);
      EXPECT_EQ(detector.chosen()->name(), name) << line;
      ++good;
    }
    std::printf("detected as %s: %d lines\n", std::string(name).c_str(), good);
    EXPECT_GT(good, 100);
  }
}

}  // namespace
}  // namespace revertd
