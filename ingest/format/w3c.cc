#include "ingest/format/w3c.h"

#include <array>
#include <string>

#include "ingest/format/text_fields.h"
#include "ingest/format/w3c_columns.h"
#include "ingest/format/w3c_guess.h"

namespace revertd {
namespace {

constexpr std::string_view kFieldsDirective = "#Fields:";

// "#Software: ...", as the standard and its writers have them. Other lines with a '#' are nobody's header.
bool IsDirective(std::string_view line) {
  constexpr std::array kNames = {"Version", "Software", "Date", "Start-Date", "End-Date", "Remark", "GMT-Offset"};
  if (!Consume(line, "#")) return false;
  for (const std::string_view name : kNames) {
    if (line.starts_with(name) && line.substr(name.size()).starts_with(':')) return true;
  }
  return false;
}

class Reader final : public LineReader {
 public:
  // `columns`: those that a person named, which are not to be guessed; none: a writer's own format.
  Reader(W3cWriter writer, W3cColumns columns, const ReaderOptions& options)
      : writer_(writer),
        guesses_(columns.columns.empty()),
        any_writer_(!guesses_ || options.alone),
        directive_(std::move(columns)),
        zone_(options.zone) {}

  ParseError Parse(std::string_view line, AccessRecord& record) override {
    if (line.starts_with('#')) return ReadDirective(line);
    std::array<Cell, W3cColumns::kMax> cells;
    if (directive_.has_clock) {
      // IIS quotes nothing, so a quote in a user agent is one. Others quote what holds blanks.
      for (const auto& cut : {&CutWords, &CutCells}) {
        const std::span<const Cell> found(cells.data(), cut(line, cells));
        if (FitsDirective(found)) return ReadRow(found, directive_.columns, RowOptionsOf(directive_), record);
      }
    }
    constexpr size_t kYearSize = 4;
    if (!guesses_ || line.find('-') != kYearSize) return ParseError::kNoFormat;  // what is guessed begins with a date
    return ReadGuessed(std::span(cells).first(CutWords(line, cells)), record);
  }

 private:
  bool FitsDirective(std::span<const Cell> cells) const {
    const std::vector<Column>& columns = directive_.columns;
    return cells.size() == columns.size() && FitsColumns(cells, columns);
  }

  ParseError ReadGuessed(std::span<const Cell> cells, AccessRecord& record) {
    if (writer_ == W3cWriter::kCloudFront) {
      return IsCloudFront(cells) ? ReadRow(cells, CloudFrontColumns(), {}, record) : ParseError::kNoFormat;
    }
    std::array<Column, W3cColumns::kMax> guessed;
    if (writer_ != W3cWriter::kOther || !GuessIisColumns(cells, guessed)) return ParseError::kNoFormat;
    const std::span<const Column> columns = std::span(guessed).first(cells.size());
    return FitsColumns(cells, columns) ? ReadRow(cells, columns, {}, record) : ParseError::kNoFormat;
  }

  static std::span<const Column> CloudFrontColumns() {
    static const W3cColumns always = W3cColumns::Of(kCloudFrontFields);
    return always.columns;
  }

  // An edge location is the code of an airport and a number: "LAX1", "CDG50-P2".
  static bool IsCloudFront(std::span<const Cell> cells) {
    if (cells.size() < CloudFrontColumns().size() || !FitsColumns(cells, CloudFrontColumns())) return false;
    const std::string_view edge = cells[2].text;
    return edge.size() >= 4 && edge.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 3;
  }

  RowOptions RowOptionsOf(const W3cColumns& columns) const {
    return {.zone = columns.is_local ? zone_ : TimeZone(), .date = columns.has_date ? std::string_view() : day_};
  }

  ParseError ReadDirective(std::string_view line) {
    if (Consume(line, kFieldsDirective)) {
      directive_ = W3cColumns::Of(line);
      if (any_writer_ || directive_.writer == writer_) return ParseError::kHeader;
      directive_ = {};  // another's lines follow
      return ParseError::kNoFormat;
    }
    const bool is_mine = writer_ == W3cWriter::kOther || any_writer_ || !directive_.columns.empty();
    if (!is_mine || !IsDirective(line)) return ParseError::kNoFormat;
    if (Consume(line, "#Date:") || Consume(line, "#Start-Date:")) {
      constexpr size_t kDaySize = 10;  // "2026-11-21"
      line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
      day_ = line.substr(0, kDaySize);
    }
    return ParseError::kHeader;
  }

  const W3cWriter writer_;
  const bool guesses_;
  const bool any_writer_;  // obeys the directives of every writer
  W3cColumns directive_;   // no columns until there was one
  std::string day_;        // of lines with a clock only
  const TimeZone zone_;
};

class W3c final : public Format {
 public:
  W3c(std::string_view name, W3cWriter writer) : name_(name), writer_(writer) {}
  W3c(std::string_view name, W3cColumns columns) : name_(name), writer_(columns.writer), columns_(std::move(columns)) {}
  std::string_view name() const override { return name_; }
  std::unique_ptr<LineReader> NewReader(const ReaderOptions& options) const override {
    return std::make_unique<Reader>(writer_, columns_, options);
  }

 private:
  const std::string_view name_;  // a literal
  const W3cWriter writer_;
  const W3cColumns columns_;
};

}  // namespace

std::span<const Format* const> W3cFormats() {
  static const W3c cloudfront("aws_cloudfront", W3cWriter::kCloudFront);
  static const W3c netscaler("w3c_netscaler", W3cWriter::kNetScaler);
  static const W3c shoutcast("w3c_shoutcast", W3cWriter::kShoutcast);
  static const W3c iis("iis_w3c", W3cWriter::kOther);
  static const std::array<const Format*, 4> formats = {&cloudfront, &netscaler, &shoutcast, &iis};
  return formats;
}

StatusOr<std::unique_ptr<const Format>> CustomW3cFormat(std::string_view fields) {
  Consume(fields, kFieldsDirective);
  W3cColumns columns = W3cColumns::Of(fields);
  if (columns.columns.empty()) {
    return InvalidArgument("w3c: names no fields, or more than " + std::to_string(W3cColumns::kMax));
  }
  if (!columns.has_clock || !columns.has_date) return InvalidArgument("w3c: names no date and time");
  return std::unique_ptr<const Format>(std::make_unique<W3c>("w3c", std::move(columns)));
}

}  // namespace revertd
