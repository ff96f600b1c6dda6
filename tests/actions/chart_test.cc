// The picture of a rollback: well-formed XML whatever the names are, of bounded size, and drawn where the numbers say.
#include "actions/chart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

namespace revertd {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr int64_t kFinish = 1'795'255'200;  // 2026-11-21T10:00:00Z

// A reader of the little of XML that we write: elements, attributes, text, the five entities. Empty: well-formed.
class XmlReader {
 public:
  explicit XmlReader(std::string_view text) : text_(text) {}

  std::string Wrong() {
    int roots = 0;
    while (at_ < text_.size()) {
      if (text_[at_] == '<') {
        if (open_.empty() && ++roots > 1 && text_.substr(at_, 2) != "</") return At("a second root");
        if (const std::string wrong = ReadTag(); !wrong.empty()) return wrong;
      } else if (const std::string wrong = ReadText(); !wrong.empty()) {
        return wrong;
      }
    }
    return open_.empty() ? "" : "not closed: " + open_.back();
  }

 private:
  static bool IsName(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_'; }

  std::string At(const std::string& what) const {
    return what + " at byte " + std::to_string(at_) + ": " + std::string(text_.substr(at_, 40));
  }
  char Next() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  std::string ReadName() {
    const size_t start = at_;
    while (IsName(Next())) ++at_;
    return std::string(text_.substr(start, at_ - start));
  }
  void SkipBlanks() {
    while (Next() == ' ' || Next() == '\n') ++at_;
  }

  std::string CheckEntity() {
    for (const std::string_view entity : {"&amp;", "&lt;", "&gt;", "&quot;", "&apos;"}) {
      if (text_.substr(at_, entity.size()) != entity) continue;
      at_ += entity.size();
      return "";
    }
    return At("a bare ampersand");
  }

  std::string ReadText() {
    while (at_ < text_.size() && Next() != '<') {
      const auto c = static_cast<unsigned char>(Next());
      if (c == '&') {
        if (const std::string wrong = CheckEntity(); !wrong.empty()) return wrong;
        continue;
      }
      if ((c < ' ' && c != '\n') || c == 0x7F) return At("a control character");
      if (open_.empty() && c != '\n') return At("text outside the root");
      ++at_;
    }
    return "";
  }

  std::string ReadAttribute(std::vector<std::string>* names) {
    const std::string name = ReadName();
    if (name.empty()) return At("no attribute's name");
    if (std::find(names->begin(), names->end(), name) != names->end()) return At("attribute twice: " + name);
    names->push_back(name);
    if (text_.substr(at_, 2) != "=\"") return At("no value of " + name);
    at_ += 2;
    while (at_ < text_.size() && Next() != '"') {
      if (Next() == '<') return At("'<' in a value");
      if (Next() == '&') {
        if (const std::string wrong = CheckEntity(); !wrong.empty()) return wrong;
      } else {
        ++at_;
      }
    }
    ++at_;
    return "";
  }

  std::string ReadTag() {
    ++at_;
    const bool closes = Next() == '/';
    if (closes) ++at_;
    const std::string name = ReadName();
    if (name.empty()) return At("no element's name");
    std::vector<std::string> attributes;
    for (SkipBlanks(); at_ < text_.size() && Next() != '>' && Next() != '/'; SkipBlanks()) {
      if (closes) return At("attributes of a closing tag");
      if (const std::string wrong = ReadAttribute(&attributes); !wrong.empty()) return wrong;
    }
    const bool is_empty = Next() == '/';
    if (is_empty) ++at_;
    if (Next() != '>') return At("a tag without its end");
    ++at_;
    if (closes) {
      if (open_.empty() || open_.back() != name) return At("closes another element: " + name);
      open_.pop_back();
    } else if (!is_empty) {
      open_.push_back(name);
    }
    return "";
  }

  std::string_view text_;
  size_t at_ = 0;
  std::vector<std::string> open_;
};

Chart OneMinute() {
  Chart chart;
  chart.title = "checkout";
  chart.description = "Share of requests that failed.";
  for (int64_t i = -3; i < 3; ++i) chart.points.push_back({kFinish + i * 10, 10, 200, i < 0 ? 0 : 8});
  chart.marks = {{ChartMark::Kind::kDeploy, kFinish * kSecondNs, "deploy finished"},
                 {ChartMark::Kind::kTrigger, (kFinish + 21) * kSecondNs, "rollback decided"}};
  return chart;
}

TEST(XmlReader, FindsWhatIsNotWellFormed) {
  EXPECT_EQ(XmlReader("<a b=\"&lt;\">x &amp; y<c/></a>\n").Wrong(), "");
  for (const char* wrong : {"<a>", "<a></b>", "<a b=c/>", "<a b=\"<\"/>", "<a>&</a>", "<a>&nbsp;</a>", "<a/><b/>",
                            "<a b=\"1\" b=\"2\"/>", "x<a/>", "<a>\x01</a>", "<>", "<a", "</a>"}) {
    EXPECT_NE(XmlReader(wrong).Wrong(), "") << wrong;
  }
}

TEST(ChartSvg, OfNoPointsThereIsNone) { EXPECT_EQ(ChartSvg(Chart{}), ""); }

TEST(ChartSvg, DrawsEachPointAsAStepAndEachMarkWithItsLabel) {
  const std::string svg = ChartSvg(OneMinute());
  EXPECT_EQ(XmlReader(svg).Wrong(), "");
  // 4 % under a scale of 5 %: from the bottom at 310 to a fifth below the top at 120. Sixty seconds over 860 units.
  EXPECT_THAT(svg, HasSubstr("d=\"M80 310H223.3V310H366.7V310H510V158H653.3V158H796.7V158H940\""));
  EXPECT_THAT(svg, HasSubstr("<line class=\"mark deploy\" x1=\"510\" "));
  EXPECT_THAT(svg, HasSubstr("<line class=\"mark trigger\" x1=\"811\" "));
  EXPECT_THAT(svg, HasSubstr(">deploy finished</text>"));
  EXPECT_THAT(svg, HasSubstr(">rollback decided</text>"));
  EXPECT_THAT(svg, HasSubstr(">5 %</text>"));
  EXPECT_THAT(svg, HasSubstr(">10:00:00</text>"));
}

TEST(ChartSvg, IsForEveryReader) {
  const std::string svg = ChartSvg(OneMinute());
  EXPECT_THAT(svg, HasSubstr("role=\"img\" aria-labelledby=\"title desc\""));
  EXPECT_THAT(svg, HasSubstr("<title id=\"title\">checkout</title>"));
  EXPECT_THAT(svg, HasSubstr("<desc id=\"desc\">Share of requests that failed.</desc>"));
  EXPECT_THAT(svg, HasSubstr("@media (prefers-color-scheme:dark)"));
  EXPECT_THAT(svg, HasSubstr("width=\"960\" height=\"360\""));
}

TEST(ChartSvg, NamesCannotBreakOut) {
  Chart chart = OneMinute();
  const std::string name =
      "</title><script>alert('1')</script>&<!--]]>\"\n\x01\xff\xEF\xBF\xBE\xC2\x85" + std::string(1, '\0');
  chart.title = chart.description = name;
  for (ChartMark& mark : chart.marks) mark.label = name;
  const std::string svg = ChartSvg(chart);
  EXPECT_EQ(XmlReader(svg).Wrong(), "");
  EXPECT_THAT(svg, Not(HasSubstr("<script")));
  EXPECT_THAT(svg, Not(HasSubstr("<!--")));
  EXPECT_THAT(svg, HasSubstr("&lt;/title&gt;&lt;script&gt;alert(&apos;1&apos;)"));
  EXPECT_THAT(svg, HasSubstr("&quot;" + std::string(6, '?') + "</title>"));
}

TEST(ChartSvg, AHoleStaysOpenAndAPointWithoutRequestsIsNone) {
  Chart chart = OneMinute();
  chart.points.erase(chart.points.begin() + 1);
  chart.points[3] = {kFinish + 10, 10, 0, 0};
  const std::string svg = ChartSvg(chart);
  EXPECT_THAT(svg, HasSubstr("d=\"M80 310H223.3M366.7 310H510V158H653.3M796.7 158H940\""));
}

TEST(ChartSvg, MarksBeyondTheDrawnTimeAreLeftOut) {
  Chart chart = OneMinute();
  chart.marks.push_back({ChartMark::Kind::kPush, (kFinish - 31) * kSecondNs, "too early"});
  chart.marks.push_back({ChartMark::Kind::kRecovery, (kFinish + 31) * kSecondNs, "too late"});
  const std::string svg = ChartSvg(chart);
  EXPECT_THAT(svg, Not(HasSubstr("too ")));
  EXPECT_THAT(svg, Not(HasSubstr("mark push")));
}

TEST(ChartSvg, TrafficIsDrawnInRequestsASecond) {
  Chart chart = OneMinute();
  chart.unit = Chart::Unit::kRequestRate;
  EXPECT_THAT(ChartSvg(chart), HasSubstr(">20 /s</text>"));
}

// Extreme numbers: no point without errors, one point, all failed, ages before the epoch, far apart.
TEST(ChartSvg, IsWellFormedAndSmallForAnySeries) {
  std::vector<std::vector<SeriesPoint>> cases = {
      {{0, 1, 1, 0}},
      {{kFinish, 1, 0, 0}},
      {{kFinish, 10, 5, 5}},
      {{-100, 10, 5, 1}, {-50, 10, 5, 2}},
      {{kFinish, 1, 1'000'000'000'000, 1}, {kFinish + 14 * 86400, 40, 1, 1}},
      {{kFinish, 0, 7, 1}},
  };
  std::vector<SeriesPoint> long_one;
  for (int64_t i = 0; i < 100'000; ++i) long_one.push_back({kFinish + i, 1, 100, i % 7});
  cases.push_back(long_one);
  for (const std::vector<SeriesPoint>& points : cases) {
    for (const Chart::Unit unit : {Chart::Unit::kErrorShare, Chart::Unit::kRequestRate}) {
      Chart chart = OneMinute();
      chart.unit = unit;
      chart.points = points;
      const std::string svg = ChartSvg(chart);
      EXPECT_EQ(XmlReader(svg).Wrong(), "");
      EXPECT_LT(svg.size(), 32U * 1024);
      EXPECT_THAT(svg, Not(HasSubstr("nan")));
      EXPECT_THAT(svg, Not(HasSubstr("inf")));
    }
  }
}

TEST(JoinPoints, KeepsEverySumAndLeavesFewAlone) {
  std::vector<SeriesPoint> points;
  for (int64_t i = 0; i < 1000; ++i) points.push_back({kFinish + 3 * i, 3, i, i % 5});
  EXPECT_EQ(JoinPoints(points, 1000), points);
  const auto sums = [](const std::vector<SeriesPoint>& all) {
    int64_t requests = 0;
    int64_t errors = 0;
    for (const SeriesPoint& point : all) {
      requests += point.requests;
      errors += point.errors;
    }
    return std::make_pair(requests, errors);
  };
  for (const size_t most : {1U, 2U, 7U, 100U, 999U}) {
    const std::vector<SeriesPoint> joined = JoinPoints(points, most);
    EXPECT_LE(joined.size(), most);
    EXPECT_EQ(sums(joined), sums(points));
    for (size_t i = 1; i < joined.size(); ++i) {
      EXPECT_GE(joined[i].start_second, joined[i - 1].start_second + joined[i - 1].seconds);
    }
  }
}

}  // namespace
}  // namespace revertd
