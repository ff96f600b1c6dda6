#include "actions/chart.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string_view>

#include "base/strings.h"
#include "base/time_format.h"

namespace revertd {
namespace {

constexpr double kWidth = 960;
constexpr double kHeight = 360;
// The field that is drawn in: axis words stand left of it and below, the marks' labels above.
constexpr double kLeft = 80;
constexpr double kRight = 940;
constexpr double kTop = 120;
constexpr double kBottom = 310;
constexpr double kLabelRowsTop = 50;
constexpr double kLabelRowHeight = 18;
constexpr size_t kLabelRows = 4;  // marks of one rollback stand seconds apart: their labels take turns
constexpr int kRateSteps = 4;
constexpr int64_t kTimeLabelsMax = 8;
constexpr double kEmptyScale = 0.01;  // of a course without one error
constexpr int64_t kDaySeconds = 24 * 3600;

constexpr std::string_view kStyle =
    "<style>\n"
    "svg{color-scheme:light dark;background:#fff}\n"
    "text{font:13px system-ui,sans-serif;fill:#24292f}\n"
    ".title{font-size:16px;font-weight:600}\n"
    ".grid{stroke:#d0d7de;stroke-width:1}\n"
    ".course{fill:none;stroke:#0550ae;stroke-width:2}\n"
    ".mark{stroke-width:2;stroke-dasharray:5 3}\n"
    ".label{paint-order:stroke;stroke:#fff;stroke-width:4px}\n"  // lines pass behind it
    ".deploy{stroke:#57606a}.trigger{stroke:#bc4c00}.push{stroke:#8250df}.recovery{stroke:#1a7f37}\n"
    "@media (prefers-color-scheme:dark){\n"
    "svg{background:#0d1117}\n"
    "text{fill:#e6edf3}\n"
    ".grid{stroke:#30363d}\n"
    ".course{stroke:#79c0ff}\n"
    ".label{stroke:#0d1117}\n"
    ".deploy{stroke:#8b949e}.trigger{stroke:#f0883e}.push{stroke:#d2a8ff}.recovery{stroke:#56d364}\n"
    "}\n"
    "</style>\n";

std::string_view ClassOf(ChartMark::Kind kind) {
  switch (kind) {
    case ChartMark::Kind::kDeploy: return "deploy";
    case ChartMark::Kind::kTrigger: return "trigger";
    case ChartMark::Kind::kPush: return "push";
    case ChartMark::Kind::kRecovery: return "recovery";
  }
  return "deploy";
}

// Text and attribute values. Printable has left no control character; U+FFFE and U+FFFF are no characters of XML.
std::string Escaped(std::string_view text) {
  const std::string printable = Printable(text);
  std::string escaped;
  for (size_t i = 0; i < printable.size(); ++i) {
    const std::string_view rest = std::string_view(printable).substr(i, 3);
    if (rest == "\xEF\xBF\xBE" || rest == "\xEF\xBF\xBF") {
      escaped += '?';
      i += 2;
      continue;
    }
    switch (printable[i]) {
      case '&': escaped += "&amp;"; break;
      case '<': escaped += "&lt;"; break;
      case '>': escaped += "&gt;"; break;
      case '"': escaped += "&quot;"; break;
      case '\'': escaped += "&apos;"; break;
      default: escaped += printable[i];
    }
  }
  return escaped;
}

// A tenth of a unit is finer than any screen.
std::string Coordinate(double value) {
  const auto tenths = static_cast<int64_t>(std::llround(value * 10));
  const std::string whole = std::to_string(tenths / 10);
  return tenths % 10 == 0 ? whole : whole + "." + std::to_string(tenths % 10);
}

std::string Attribute(std::string_view name, double value) {
  return " " + std::string(name) + "=\"" + Coordinate(value) + "\"";
}

std::string Line(std::string_view classes, double x1, double y1, double x2, double y2) {
  return "<line class=\"" + std::string(classes) + "\"" + Attribute("x1", x1) + Attribute("y1", y1) +
         Attribute("x2", x2) + Attribute("y2", y2) + "/>\n";
}

std::string Text(double x, double y, std::string_view anchor, std::string_view words, std::string_view classes = "") {
  std::string text = "<text" + Attribute("x", x) + Attribute("y", y) + " text-anchor=\"" + std::string(anchor) + "\"";
  if (!classes.empty()) text += " class=\"" + std::string(classes) + "\"";
  return text + ">" + Escaped(words) + "</text>\n";
}

// The smallest 1, 2 or 5 times a power of ten that is not below.
double RoundUp(double value) {
  const double power = std::pow(10, std::floor(std::log10(value)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= value) return factor * power;
  }
  return 10 * power;
}

int64_t EndOf(const SeriesPoint& point) { return point.start_second + point.seconds; }

std::optional<double> RateOf(Chart::Unit unit, const SeriesPoint& point) {
  if (unit == Chart::Unit::kRequestRate) {
    return static_cast<double>(point.requests) / static_cast<double>(std::max<int64_t>(1, point.seconds));
  }
  if (point.requests <= 0) return std::nullopt;
  return static_cast<double>(point.errors) / static_cast<double>(point.requests);
}

// Where seconds and rates lie in the picture.
struct Field {
  Chart::Unit unit = Chart::Unit::kErrorShare;
  int64_t from = 0;
  int64_t to = 1;
  double highest = 1;

  double X(double second) const {
    const double share = (second - static_cast<double>(from)) / static_cast<double>(to - from);
    return kLeft + (kRight - kLeft) * std::clamp(share, 0.0, 1.0);
  }
  double Y(double rate) const { return kBottom - (kBottom - kTop) * std::clamp(rate / highest, 0.0, 1.0); }
  bool Holds(TimeNs at_ns) const { return at_ns >= from * kSecondNs && at_ns <= to * kSecondNs; }
};

Field FieldOf(const Chart& chart, const std::vector<SeriesPoint>& points) {
  Field field;
  field.unit = chart.unit;
  field.from = points.front().start_second;
  field.to = std::max(field.from + 1, EndOf(points.back()));
  double highest = 0;
  for (const SeriesPoint& point : points) highest = std::max(highest, RateOf(chart.unit, point).value_or(0));
  const bool is_share = chart.unit == Chart::Unit::kErrorShare;
  field.highest = highest > 0 ? RoundUp(highest) : is_share ? kEmptyScale : 1;
  if (is_share) field.highest = std::min(field.highest, 1.0);
  return field;
}

std::string RateAxis(const Field& field) {
  std::string text;
  for (int step = 0; step <= kRateSteps; ++step) {
    const double rate = field.highest * step / kRateSteps;
    const std::string words = field.unit == Chart::Unit::kErrorShare ? FormatPercent(rate) : FormatNumber(rate) + " /s";
    text += Line("grid", kLeft, field.Y(rate), kRight, field.Y(rate));
    text += Text(kLeft - 8, field.Y(rate) + 4, "end", words);
  }
  return text;
}

std::string TimeAxis(const Field& field) {
  constexpr std::array<int64_t, 14> kSteps = {1,   5,   10,   15,   30,       60,          120,
                                              300, 600, 1800, 3600, 6 * 3600, kDaySeconds, 7 * kDaySeconds};
  const int64_t span = field.to - field.from;
  int64_t step = kSteps.back();
  for (auto candidate = kSteps.rbegin(); candidate != kSteps.rend(); ++candidate) {
    if (span / *candidate < kTimeLabelsMax) step = *candidate;
  }
  std::string text;
  int64_t labels = 0;
  // The first whole step at or after the start, also before the epoch.
  int64_t second = field.from - ((field.from % step) + step) % step;
  if (second < field.from) second += step;
  for (; second <= field.to && labels < kTimeLabelsMax; second += step, ++labels) {
    const double x = field.X(static_cast<double>(second));
    const std::string time = FormatRfc3339(second * kSecondNs);
    text += Line("grid", x, kBottom, x, kBottom + 5);
    text += Text(x, kBottom + 20, "middle", span > kDaySeconds ? time.substr(5, 11) : time.substr(11, 8));
  }
  return text + Text(kLeft, kHeight - 10, "start", "UTC, from " + FormatRfc3339(field.from * kSecondNs));
}

// A step for each point, because a point is of a stretch of time; neighbours are joined, a hole is left open.
std::string Course(const Field& field, const std::vector<SeriesPoint>& points) {
  std::string path;
  int64_t drawn_to = field.from - 1;
  for (const SeriesPoint& point : points) {
    const std::optional<double> rate = RateOf(field.unit, point);
    if (!rate) continue;
    const std::string y = Coordinate(field.Y(*rate));
    const bool joined = drawn_to == point.start_second;
    path += joined ? "V" + y : "M" + Coordinate(field.X(static_cast<double>(point.start_second))) + " " + y;
    drawn_to = EndOf(point);
    path += "H" + Coordinate(field.X(static_cast<double>(drawn_to)));
  }
  return path.empty() ? "" : "<path class=\"course\" d=\"" + path + "\"/>\n";
}

std::string Marks(const Field& field, const std::vector<ChartMark>& marks) {
  std::string lines;
  std::string labels;
  size_t row = 0;
  for (const ChartMark& mark : marks) {
    if (!field.Holds(mark.at_ns)) continue;
    const double x = field.X(static_cast<double>(mark.at_ns) / static_cast<double>(kSecondNs));
    const double y = kLabelRowsTop + kLabelRowHeight * static_cast<double>(row % kLabelRows);
    ++row;
    lines += Line("mark " + std::string(ClassOf(mark.kind)), x, y + 4, x, kBottom);
    // Labels at the right end would leave the picture.
    const bool at_the_right = x > (kLeft + kRight) / 2;
    labels += Text(at_the_right ? x - 4 : x + 4, y + 2, at_the_right ? "end" : "start", mark.label, "label");
  }
  return lines + labels;
}

}  // namespace

std::vector<SeriesPoint> JoinPoints(const std::vector<SeriesPoint>& points, size_t most) {
  if (points.size() <= most) return points;
  const int64_t from = points.front().start_second;
  const int64_t span = std::max<int64_t>(1, EndOf(points.back()) - from);
  const auto stretches = static_cast<int64_t>(std::max<size_t>(1, most));
  const int64_t seconds = (span + stretches - 1) / stretches;
  std::vector<SeriesPoint> joined;
  for (const SeriesPoint& point : points) {
    const int64_t start = from + (point.start_second - from) / seconds * seconds;
    if (joined.empty() || joined.back().start_second != start) joined.push_back({start, seconds, 0, 0});
    joined.back().requests += point.requests;
    joined.back().errors += point.errors;
  }
  return joined;
}

std::string ChartSvg(const Chart& chart) {
  if (chart.points.empty()) return "";
  const std::vector<SeriesPoint> points = JoinPoints(chart.points, kChartPointsMax);
  const Field field = FieldOf(chart, points);
  const std::string size = Coordinate(kWidth) + " " + Coordinate(kHeight);
  std::string svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + size + "\" width=\"" +
                    Coordinate(kWidth) + "\" height=\"" + Coordinate(kHeight) +
                    "\" role=\"img\" aria-labelledby=\"title desc\">\n";
  svg += "<title id=\"title\">" + Escaped(chart.title) + "</title>\n";
  svg += "<desc id=\"desc\">" + Escaped(chart.description) + "</desc>\n";
  svg += kStyle;
  svg += Text(kLeft, 24, "start", chart.title, "title");
  svg += RateAxis(field) + TimeAxis(field) + Course(field, points) + Marks(field, chart.marks);
  return svg + "</svg>\n";
}

}  // namespace revertd
