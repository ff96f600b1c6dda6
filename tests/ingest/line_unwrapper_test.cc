// What shippers wrap around lines comes off, pieces are joined, and an ordinary line is left alone.
#include "ingest/line_unwrapper.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace revertd {
namespace {

constexpr std::string_view kLine = R"(192.0.2.7 - - [21/Nov/2026:03:10:09 +0000] "GET /a HTTP/1.1" 200 1 "-" "x: y")";
constexpr std::string_view kCriTime = "2026-11-21T03:10:09.123456789Z";

struct Answer {
  ParseError error = ParseError::kNone;
  std::string inner;
  friend bool operator==(const Answer&, const Answer&) = default;
};

std::ostream& operator<<(std::ostream& out, const Answer& answer) {
  return out << NameOf(answer.error) << " \"" << answer.inner.substr(0, 200) << "\"";
}

Answer Unwrap(LineUnwrapper& unwrapper, std::string_view line) {
  std::string_view inner;
  const ParseError error = unwrapper.Unwrap(line, &inner);
  return {error, error == ParseError::kNone ? std::string(inner) : ""};
}

Answer Unwrap(std::string_view line) {
  LineUnwrapper unwrapper;
  return Unwrap(unwrapper, line);
}

const Answer kWhole{ParseError::kNone, std::string(kLine)};
const Answer kPiece{ParseError::kPartial, ""};

std::string Cri(std::string_view stream, std::string_view tag, std::string_view text) {
  return std::string(kCriTime) + " " + std::string(stream) + " " + std::string(tag) + " " + std::string(text);
}

TEST(LineUnwrapper, TakesEveryHeadOff) {
  const std::string line(kLine);
  for (const std::string_view head :
       {"<190>Nov 21 03:10:09 vm nginx: ", "<190>Nov  1 03:10:09 vm nginx[71]: ", "<134>Nov 21 03:10:09 haproxy[7]: ",
        "Nov 21 03:10:09 vm nginx: ", "Nov 01 2026 03:10:09 vm nginx: ", "<134>Nov 21 03:10:09 vm ",
        "<171>1 2026-11-21T03:10:09.003Z vm nginx 71 - - ", "<171>1 2026-11-21T03:10:09Z - - - - - \xEF\xBB\xBF",
        "1 2026-11-21T03:10:09Z vm nginx 71 ID47 - ", R"(<165>1 - vm nginx - - [ex@1 a="1\"]" b="]"][m@2 c=""] )",
        "2026-11-21T03:10:09.123+00:00 vm nginx[71]: ", "<190>2026-11-21T03:10:09.123+00:00 vm docker/web.1[71]: ",
        "web-1  | ", "<134>Nov 21 03:10:09 relay fwd: <190>Nov 21 03:10:09 vm nginx: "}) {
    EXPECT_EQ(Unwrap(std::string(head) + line), kWhole) << head;
  }
  EXPECT_EQ(Unwrap(Cri("stdout", "F", kLine)), kWhole);
  EXPECT_EQ(Unwrap(Cri("stderr", "F:x", kLine)), kWhole);
}

TEST(LineUnwrapper, LeavesOrdinaryLinesAlone) {
  for (std::string_view line : {
           kLine,
           std::string_view(
               "shop.example.com:443 192.0.2.7 - - [21/Nov/2026:03:10:09 +0000] \"GET /a|b HTTP/1.1\" 200"),
           std::string_view(
               "2026-11-21T03:10:09.945958Z my-elb 192.0.2.7:2817 10.0.0.1:80 0.000073 0.001048 0.000057 200"),
           std::string_view("2026-11-21T03:10:09Z 192.0.2.7 GET /a: 200"),
           std::string_view("1 - - [21/Nov/2026:03:10:09 +0000] \"GET / HTTP/1.1\" 200 1 \"-\" \"-\""),
           std::string_view("10.0.0.1 - - [21/Nov/2026:03:10:09 +0000] \"GET / HTTP/1.1\" 200 1 \"-\" \"-\""),
           std::string_view(R"({"log":"access","status":200,"stream":"video"})"),
           std::string_view(R"({"log":"a \"stream\":\"stdout\" b","status":200})"),
           std::string_view(R"({"status":200,"log":"x","stream":"stdout"})"),
           std::string_view("<BADREQ> 21/Nov/2026"),
           std::string_view("<1234>Nov 21 03:10:09 vm nginx: x"),
           std::string_view("May be a line"),
           std::string_view("Nov 21 03:10:09 vm no tag here"),
           std::string_view(""),
       }) {
    EXPECT_EQ(Unwrap(line), (Answer{ParseError::kNone, std::string(line)})) << line;
  }
}

TEST(ShippersWords, AreTakenOffTheFront) {
  EXPECT_EQ(WithoutShippersWords("2026-11-21T03:10:09.123456789Z ::1 - -"), "::1 - -");
  EXPECT_EQ(WithoutShippersWords("[pod/web-1/nginx] ::1 - -"), "::1 - -");
  EXPECT_EQ(WithoutShippersWords("[pod/web-1/nginx] 2026-11-21T03:10:09+01:00 ::1 - -"), "::1 - -");
  for (const char* line : {"", "::1 - -", "2026-11-21T03:10:09Z", "2026-13-21T03:10:09.123Z a", "[pod/web-1"}) {
    EXPECT_EQ(WithoutShippersWords(line), line);
  }
}

TEST(LineUnwrapper, UndoesDockersEscapes) {
  EXPECT_EQ(
      Unwrap(R"({"log":"a \"b\" \\x \u003ctag\u003e \u00e9\r\n","stream":"stdout","time":"2026-11-21T03:10:09Z"})"),
      (Answer{ParseError::kNone, "a \"b\" \\x <tag> \xC3\xA9"}));
  EXPECT_EQ(Unwrap(R"({"log": "x\n", "attrs": {"tag":"t"}, "stream": "stderr", "time": "2026-11-21T03:10:09Z"})"),
            (Answer{ParseError::kNone, "x"}));
  EXPECT_EQ(Unwrap(R"({"log":"\n","stream":"stdout","time":"2026-11-21T03:10:09Z"})"), (Answer{ParseError::kNone, ""}));
}

TEST(LineUnwrapper, JoinsPiecesOfEachStreamApart) {
  LineUnwrapper unwrapper;
  const auto docker = [](std::string_view text, std::string_view stream) {
    return R"({"log":")" + std::string(text) + R"(","stream":")" + std::string(stream) + R"(","time":"t"})";
  };
  EXPECT_EQ(Unwrap(unwrapper, docker("one ", "stdout")), kPiece);
  EXPECT_EQ(Unwrap(unwrapper, docker("error ", "stderr")), kPiece);
  EXPECT_EQ(Unwrap(unwrapper, docker("two ", "stdout")), kPiece);
  EXPECT_EQ(Unwrap(unwrapper, docker(R"(three\n)", "stdout")), (Answer{ParseError::kNone, "one two three"}));
  EXPECT_EQ(Unwrap(unwrapper, docker(R"(told\n)", "stderr")), (Answer{ParseError::kNone, "error told"}));
  EXPECT_EQ(Unwrap(unwrapper, docker(R"(alone\n)", "stdout")), (Answer{ParseError::kNone, "alone"}));
  EXPECT_EQ(Unwrap(unwrapper, Cri("stdout", "P", "one ")), kPiece);
  EXPECT_EQ(Unwrap(unwrapper, Cri("stderr", "F", "told")), (Answer{ParseError::kNone, "told"}));
  EXPECT_EQ(Unwrap(unwrapper, Cri("stdout", "P", "")), kPiece);
  EXPECT_EQ(Unwrap(unwrapper, Cri("stdout", "F", "two")), (Answer{ParseError::kNone, "one two"}));
}

TEST(LineUnwrapper, TakesWrappersWithinWrappersOff) {
  LineUnwrapper unwrapper;
  EXPECT_EQ(
      Unwrap(unwrapper, R"({"log":"2026-11-21T03:10:09.123456789Z stdout P \u003c190\u003eNov 21 03:10:09 vm ng\n",)"
                        R"("stream":"stdout","time":"t"})"),
      kPiece);
  EXPECT_EQ(Unwrap(unwrapper,
                   R"({"log":"2026-11-21T03:10:09.123456789Z stdout F inx: text\n","stream":"stdout","time":"t"})"),
            (Answer{ParseError::kNone, "text"}));
}

// One counted drop for each piece, one for the end: nothing is kept beyond the longest line.
TEST(LineUnwrapper, GivesUpALineThatGrowsTooLong) {
  LineUnwrapper unwrapper;
  const std::string half(kLineBytesMax / 2, 'x');
  EXPECT_EQ(Unwrap(unwrapper, Cri("stdout", "P", half)), kPiece);
  EXPECT_EQ(Unwrap(unwrapper, Cri("stdout", "P", half)), kPiece);
  EXPECT_EQ(Unwrap(unwrapper, Cri("stdout", "P", "x")), kPiece);
  EXPECT_EQ(Unwrap(unwrapper, Cri("stdout", "P", half)), kPiece);
  EXPECT_EQ(Unwrap(unwrapper, Cri("stdout", "F", "x")), (Answer{ParseError::kTooLong, ""}));
  EXPECT_EQ(Unwrap(unwrapper, Cri("stdout", "F", "next")), (Answer{ParseError::kNone, "next"}));
  EXPECT_EQ(Unwrap(unwrapper, Cri("stdout", "P", half)), kPiece);
  EXPECT_EQ(Unwrap(unwrapper, Cri("stdout", "F", half)), (Answer{ParseError::kNone, half + half}));
}

}  // namespace
}  // namespace revertd
