#include "ingest/format/clf_formats.h"

#include <algorithm>
#include <deque>

#include "base/check.h"
#include "ingest/format/clf_table.h"
#include "ingest/format/layout_format.h"

namespace revertd {
namespace {

Layout LayoutOf(const ClfRow& row) {
  auto layout =
      row.language == ClfRow::Language::kNginx ? CompileNginxLayout(row.format) : CompileApacheLayout(row.format);
  REVERTD_CHECK(layout.ok());  // the table is ours
  if (row.quotes_are_raw) layout->quotes_are_escaped = false;
  return *std::move(layout);
}

struct Family {
  std::deque<LayoutFormat> formats;  // never moves them
  std::vector<const Format*> by_name;
  std::vector<const LayoutFormat*> detected;

  Family() {
    for (const ClfTwin& twin : ClfTwins()) {
      for (const ClfRow& row : ClfRows()) {
        const bool is_alone = row.name == twin.and_alone;
        if (is_alone || row.name == twin.rows_of) FormatOf(twin.name).Add(LayoutOf(row), is_alone || row.only_alone);
      }
    }
    for (const ClfRow& row : ClfRows()) FormatOf(row.name).Add(LayoutOf(row), row.only_alone);
    for (const LayoutFormat& format : formats) by_name.push_back(&format);
    // Detection goes by the order of the rows.
    for (const ClfRow& row : ClfRows()) {
      const LayoutFormat& format = FormatOf(row.name);
      const bool is_new = std::ranges::find(detected, &format) == detected.end();
      if (is_new && format.detected_as() == format.name()) detected.push_back(&format);
    }
    for (LayoutFormat& format : formats) format.SetDetected(&detected);
  }

  LayoutFormat& FormatOf(std::string_view name) {
    for (LayoutFormat& format : formats) {
      if (format.name() == name) return format;
    }
    const auto twin = std::ranges::find(ClfTwins(), name, &ClfTwin::name);
    return formats.emplace_back(name, twin == ClfTwins().end() ? name : twin->detected_as);
  }
};

const Family& TheFamily() {
  static const Family family;
  return family;
}

class Detection final : public Format {
 public:
  std::string_view name() const override { return "clf"; }
  std::unique_ptr<LineReader> NewReader(const ReaderOptions& options) const override {
    return NewReaderOfLayouts(TheFamily().detected, options);
  }
};

LayoutFormat MakeFallback() {
  Layout layout;
  layout.items = {{"", LayoutField::kIgnored, ""},
                  {"[", LayoutField::kTimeClf, ""},
                  {"] \"", LayoutField::kRequestLine, ""},
                  {"\" ", LayoutField::kStatus, ""},
                  {" ", LayoutField::kBytes, ""}};
  layout.escapes = Escapes::kNginx;
  LayoutFormat fallback("clf_other", "clf_other");
  fallback.Add(layout, /*only_alone=*/false);
  layout.items.push_back({" ", LayoutField::kIgnoredQuoted, ""});
  fallback.Add(std::move(layout), /*only_alone=*/false);
  return fallback;
}

}  // namespace

std::span<const Format* const> ClfFormats() { return TheFamily().by_name; }

const Format& ClfDetection() {
  static const Detection detection;
  return detection;
}

const Format& ClfFallback() {
  static const LayoutFormat fallback = MakeFallback();
  return fallback;
}

}  // namespace revertd
