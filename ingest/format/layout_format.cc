#include "ingest/format/layout_format.h"

#include <map>

#include "ingest/fast/layout_plan.h"

namespace revertd {
namespace {

class ReaderOfLayouts final : public LineReader {
 public:
  ReaderOfLayouts(const std::vector<const LayoutFormat*>& formats, const ReaderOptions& options)
      : is_alone_(options.alone) {
    for (const LayoutFormat* format : formats) {
      for (const LayoutFormat::Variant& variant : format->variants()) {
        if (!variant.only_alone || options.alone) Add(*format, variant.compiled, options);
      }
    }
  }

  ParseError Parse(std::string_view line, AccessRecord& record) override {
    // "#Fields: ..." and its like: other formats have lines that are no requests, and no host or client begins so.
    if (!is_alone_ && line.starts_with('#')) return ParseError::kNoFormat;
    const ParseError error = ParseExactly(line, record);
    if (error == ParseError::kNone) return error;
    // Blanks at the end may belong to an empty last field, or to nobody. OpenLiteSpeed and some shippers put the whole
    // line into quotes, and leave those inside as they are.
    std::string_view bare = line.substr(0, line.find_last_not_of(" \t") + 1);
    if (bare.size() > 1 && bare.starts_with('"') && bare.ends_with('"')) bare = bare.substr(1, bare.size() - 2);
    if (bare.size() == line.size()) return error;
    const ParseError bare_error = ParseExactly(bare, record);
    return bare_error == ParseError::kNoFormat ? error : bare_error;
  }

  const Format* last_format() const override { return last_format_; }

 private:
  ParseError ParseExactly(std::string_view line, AccessRecord& record) {
    QuotePlaces quotes;
    FindQuotes(line, quotes);
    const auto fitting = by_quotes_.find(quotes.count);
    // Damage is a layout's own only where no other reads the line well.
    ParseError first_error = ParseError::kNoFormat;
    for (const size_t i : fitting == by_quotes_.end() ? of_any_quotes_ : fitting->second) {
      Candidate& candidate = candidates_[i];
      const ParseError error = candidate.reader.Parse(line, quotes, record);
      if (error == ParseError::kNoFormat) continue;
      if (first_error == ParseError::kNoFormat) {
        first_error = error;
        last_format_ = candidate.format;
      }
      if (error != ParseError::kNone) continue;
      last_format_ = candidate.format;
      return ParseError::kNone;
    }
    return first_error;
  }

  struct Candidate {
    const Format* format;
    LayoutReader reader;
  };

  void Add(const LayoutFormat& format, const CompiledLayout& layout, const ReaderOptions& options) {
    const size_t index = candidates_.size();
    candidates_.push_back({&format, LayoutReader(&layout, options)});
    if (layout.quotes_are_escaped() && !layout.ends_in_any_quoted()) {
      // A count that is new has all layouts before it for which the count does not matter.
      by_quotes_.try_emplace(layout.quotes(), of_any_quotes_).first->second.push_back(index);
      return;
    }
    of_any_quotes_.push_back(index);
    for (auto& [quotes, candidates] : by_quotes_) candidates.push_back(index);
  }

  const bool is_alone_;
  std::vector<Candidate> candidates_;
  std::map<size_t, std::vector<size_t>> by_quotes_;
  std::vector<size_t> of_any_quotes_;
  const Format* last_format_ = nullptr;
};

}  // namespace

void LayoutFormat::Add(Layout layout, bool only_alone) { variants_.emplace_back(std::move(layout), only_alone); }

std::unique_ptr<LineReader> LayoutFormat::NewReader(const ReaderOptions& options) const {
  return NewReaderOfLayouts({this}, options);
}

std::unique_ptr<FastPlan> LayoutFormat::NewFastPlan(const ReaderOptions& options, const FieldNeeds& needs,
                                                    SimdKernel /*kernel*/) const {
  std::vector<PlanLayout> layouts;
  const std::vector<const LayoutFormat*> only_this = {this};
  for (const LayoutFormat* format : options.alone || detected_ == nullptr ? only_this : *detected_) {
    for (const Variant& variant : format->variants_) {
      if (!variant.only_alone || options.alone) layouts.push_back({&variant.layout, format == this});
    }
  }
  return NewLayoutPlan(layouts, needs);
}

std::unique_ptr<LineReader> NewReaderOfLayouts(const std::vector<const LayoutFormat*>& formats,
                                               const ReaderOptions& options) {
  return std::make_unique<ReaderOfLayouts>(formats, options);
}

StatusOr<std::unique_ptr<const Format>> CustomLayoutFormat(std::string_view name, StatusOr<Layout> layout) {
  if (!layout.ok()) return layout.status();
  auto format = std::make_unique<LayoutFormat>(name, name);
  format->Add(*std::move(layout), /*only_alone=*/false);
  return format;
}

}  // namespace revertd
