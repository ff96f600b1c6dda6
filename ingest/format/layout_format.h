// LayoutFormat: a format that is one or several layouts: a server's default and the forms of it that are about.
//
// Thread contract: immutable, any thread.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/format/format.h"
#include "ingest/format/layout.h"
#include "ingest/format/layout_reader.h"

namespace revertd {

class LayoutFormat final : public Format {
 public:
  // `name` outlives the format. `detected_as` is the name that detection gives to the same lines.
  LayoutFormat(std::string_view name, std::string_view detected_as) : name_(name), detected_as_(detected_as) {}

  // Layouts are tried in the order of adding. One `only_alone` is tried only where no other format is asked.
  void Add(Layout layout, bool only_alone);

  std::string_view name() const override { return name_; }
  std::string_view detected_as() const override { return detected_as_; }
  std::unique_ptr<LineReader> NewReader(const ReaderOptions& options) const override;
  std::unique_ptr<FastPlan> NewFastPlan(const ReaderOptions& options, const FieldNeeds& needs,
                                        SimdKernel kernel) const override;

  struct Variant {
    explicit Variant(Layout from, bool alone) : layout(std::move(from)), compiled(layout), only_alone(alone) {}
    Layout layout;
    CompiledLayout compiled;
    bool only_alone;
  };
  // The formats that detection asks, in its order; a line of several is the first one's. Lives as long as the format.
  void SetDetected(const std::vector<const LayoutFormat*>* detected) { detected_ = detected; }

  // Stays where it is when variants are added.
  const std::deque<Variant>& variants() const { return variants_; }

 private:
  std::string_view name_;
  std::string_view detected_as_;
  std::deque<Variant> variants_;
  const std::vector<const LayoutFormat*>* detected_ = nullptr;
};

// Reads lines of several formats at once: the first layout that a line fits wholly, in the order of the formats. What
// a line becomes never depends on the lines before it. Finds a line's quotes once and asks only the layouts that have
// as many.
std::unique_ptr<LineReader> NewReaderOfLayouts(const std::vector<const LayoutFormat*>& formats,
                                               const ReaderOptions& options);

// "nginx:LOG_FORMAT" or "apache:LOGFORMAT" without its kind; `compile` is the compiler of that kind.
StatusOr<std::unique_ptr<const Format>> CustomLayoutFormat(std::string_view name, StatusOr<Layout> layout);

}  // namespace revertd
