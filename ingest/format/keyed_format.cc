#include "ingest/format/keyed_format.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/strings.h"
#include "ingest/fast/fast_plan.h"
#include "ingest/format/keyed_record.h"

namespace revertd {
namespace {

class KeyedReader final : public LineReader {
 public:
  KeyedReader(const KeyedFamily* family, uint16_t dialect, NewKeyedScanner new_scanner, const ReaderOptions& options)
      : family_(family), dialect_(dialect), new_scanner_(new_scanner), options_(options) {}

  ParseError Parse(std::string_view line, AccessRecord& record) override {
    if (!options_.alone && line.find(own().telltale) == std::string_view::npos) return ParseError::kNoFormat;
    if (values_ == nullptr) {
      values_ = std::make_unique<KeyedLine>();
      scanner_ = new_scanner_();
    }
    values_->Clear();
    const KeyedScanner::Result result = scanner_->Scan(*family_, line, *values_);
    if (result == KeyedScanner::Result::kNotMine) return ParseError::kNoFormat;
    const uint16_t dialect = options_.alone && !own().takes_the_rest ? dialect_ : family_->DialectOf(*values_);
    if (dialect == KeyedFamily::kNone || (!options_.alone && dialect != dialect_)) return ParseError::kNoFormat;
    const KeyedValues values(*family_, dialect, *values_);
    if (!IsOurs(values, family_->dialect(dialect))) return ParseError::kNoFormat;
    if (result == KeyedScanner::Result::kDamaged) return ParseError::kBadField;
    if (values.Has(KeyedField::kInnerLine)) return ParseInner(values.Text(KeyedField::kInnerLine), record);
    record.escapes = values_->escapes;
    return ReadKeyedRecord(values, family_->dialect(dialect).stamps_make_duration, options_.zone, record);
  }

 private:
  const KeyedDialect& own() const { return family_->dialect(dialect_); }

  bool IsOurs(const KeyedValues& values, const KeyedDialect& dialect) const {
    if (options_.alone && (dialect.takes_the_rest || family_->DialectOf(*values_) != dialect_)) {
      return values.Has(KeyedField::kStatus) || values.Has(KeyedField::kEnd) || values.Has(KeyedField::kStart) ||
             values.Has(KeyedField::kInnerLine);
    }
    return !dialect.takes_the_rest || values.LooksLikeRequest();
  }

  // "frontend.0 nginx: 192.0.2.7 - - [...": what a web server wrote, with the shipper's name for it in front.
  ParseError ParseInner(std::string_view text, AccessRecord& record) {
    if (inner_ == nullptr) inner_ = FormatNamed("nginx_combined")->NewReader(options_);
    const size_t head = text.find(": ");
    if (head == std::string_view::npos) return ParseError::kNoFormat;
    return inner_->Parse(text.substr(head + 2), record);
  }

  const KeyedFamily* const family_;
  const uint16_t dialect_;
  const NewKeyedScanner new_scanner_;
  const ReaderOptions options_;
  // Made for the first line that may be ours: most readers never see one.
  std::unique_ptr<KeyedLine> values_;
  std::unique_ptr<KeyedScanner> scanner_;
  std::unique_ptr<LineReader> inner_;
};

struct FieldName {
  std::string_view name;
  KeyedField field;
  TimeUnit unit = TimeUnit::kByForm;
};

constexpr std::array<FieldName, 19> kFieldNames = {{{"time", KeyedField::kEnd},
                                                    {"start", KeyedField::kStart},
                                                    {"status", KeyedField::kStatus},
                                                    {"request", KeyedField::kRequestLine},
                                                    {"method", KeyedField::kMethod},
                                                    {"path", KeyedField::kTarget},
                                                    {"host", KeyedField::kHost},
                                                    {"bytes", KeyedField::kBytes},
                                                    {"upstream", KeyedField::kUpstream},
                                                    {"backend", KeyedField::kBackend},
                                                    {"release", KeyedField::kRelease},
                                                    {"duration", KeyedField::kDuration},
                                                    {"duration_s", KeyedField::kDuration, TimeUnit::kSeconds},
                                                    {"duration_ms", KeyedField::kDuration, TimeUnit::kMillis},
                                                    {"duration_us", KeyedField::kDuration, TimeUnit::kMicros},
                                                    {"duration_ns", KeyedField::kDuration, TimeUnit::kNanos},
                                                    {"upstream_s", KeyedField::kUpstreamTime, TimeUnit::kSeconds},
                                                    {"upstream_ms", KeyedField::kUpstreamTime, TimeUnit::kMillis},
                                                    {"upstream_us", KeyedField::kUpstreamTime, TimeUnit::kMicros}}};

StatusOr<KeyedRow> ParseFieldMapping(std::string_view mapping) {
  const size_t equals = mapping.find('=');
  const std::string_view name = Trim(mapping.substr(0, equals));
  const std::string_view key = equals == std::string_view::npos ? "" : Trim(mapping.substr(equals + 1));
  if (key.find_first_not_of("_-.=") == std::string_view::npos || key.size() > kKeyBytesMax) {
    return InvalidArgument("\"" + std::string(mapping) + "\" is not FIELD=KEY");
  }
  std::vector<std::string_view> names;
  for (const FieldName& field : kFieldNames) {
    if (field.name == name) return KeyedRow{.path = std::string(key), .field = field.field, .unit = field.unit};
    names.push_back(field.name);
  }
  const auto nearest = Nearest(name, names);
  return InvalidArgument("no field \"" + std::string(name) + "\"" +
                         (nearest ? " (nearest: " + std::string(*nearest) + ")" : ""));
}

}  // namespace

std::unique_ptr<FastPlan> KeyedFormat::NewFastPlan(const ReaderOptions& options, const FieldNeeds& needs,
                                                   SimdKernel /*kernel*/) const {
  return new_plan_ == nullptr ? nullptr : new_plan_(family_, dialect_, options, needs, NewReader(options));
}

std::unique_ptr<LineReader> KeyedFormat::NewReader(const ReaderOptions& options) const {
  return std::make_unique<KeyedReader>(family_.get(), dialect_, new_scanner_, options);
}

KeyedFormats::KeyedFormats(std::vector<KeyedDialect> dialects, NewKeyedScanner new_scanner, NewKeyedPlan new_plan) {
  const auto family = std::make_shared<const KeyedFamily>(std::move(dialects));
  for (uint16_t i = 0; i < family->dialect_count(); ++i) {
    owned_.push_back(std::make_unique<KeyedFormat>(family, i, new_scanner, new_plan));
    formats_.push_back(owned_.back().get());
  }
}

StatusOr<std::unique_ptr<const Format>> MakeCustomKeyedFormat(std::string_view name, std::string_view field_map,
                                                              NewKeyedScanner new_scanner, NewKeyedPlan new_plan) {
  KeyedDialect dialect{.name = std::string(name), .takes_the_rest = true};
  bool has_status = false;
  bool has_time = false;
  for (std::string_view mapping : Split(field_map, ',')) {
    const StatusOr<KeyedRow> row = ParseFieldMapping(mapping);
    if (!row.ok()) return row.status();
    has_status = has_status || row->field == KeyedField::kStatus;
    has_time = has_time || row->field == KeyedField::kEnd || row->field == KeyedField::kStart;
    dialect.rows.push_back(*row);
  }
  if (!has_status || !has_time) {
    return InvalidArgument(std::string(name) + ":" + std::string(field_map) + " names no key for " +
                           (has_status ? "time or start" : "status"));
  }
  const auto family = std::make_shared<const KeyedFamily>(std::vector<KeyedDialect>{std::move(dialect)});
  return std::unique_ptr<const Format>(std::make_unique<KeyedFormat>(family, 0, new_scanner, new_plan));
}

}  // namespace revertd
