// KeyedFormat: one dialect of a family of logs that name their fields, with the scanner that finds a line's values.
//
// Thread contract: as for Format.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "ingest/format/format.h"
#include "ingest/format/keyed_fields.h"

namespace revertd {

// Finds the values of the keys that a family knows. One thread's; views live until the next Scan.
class KeyedScanner {
 public:
  enum class Result : uint8_t {
    kNotMine,  // another syntax
    kDamaged,  // this syntax, but cut or run together with another line
    kWhole,
  };
  virtual ~KeyedScanner() = default;
  virtual Result Scan(const KeyedFamily& family, std::string_view line, KeyedLine& values) = 0;
};

using NewKeyedScanner = std::unique_ptr<KeyedScanner> (*)();
// The fast plan of one dialect (ingest/fast/json_plan.h), which learns from lines that `exact` reads; nullptr: none.
using NewKeyedPlan = std::unique_ptr<FastPlan> (*)(std::shared_ptr<const KeyedFamily> family, uint16_t dialect,
                                                   const ReaderOptions& options, const FieldNeeds& needs,
                                                   std::unique_ptr<LineReader> exact);

class KeyedFormat final : public Format {
 public:
  KeyedFormat(std::shared_ptr<const KeyedFamily> family, uint16_t dialect, NewKeyedScanner new_scanner,
              NewKeyedPlan new_plan)
      : family_(std::move(family)), dialect_(dialect), new_scanner_(new_scanner), new_plan_(new_plan) {}

  std::string_view name() const override { return family_->dialect(dialect_).name; }
  std::unique_ptr<LineReader> NewReader(const ReaderOptions& options) const override;
  std::unique_ptr<FastPlan> NewFastPlan(const ReaderOptions& options, const FieldNeeds& needs,
                                        SimdKernel kernel) const override;

 private:
  const std::shared_ptr<const KeyedFamily> family_;
  const uint16_t dialect_;
  const NewKeyedScanner new_scanner_;
  const NewKeyedPlan new_plan_;
};

// One format for each of some dialects, which are told apart in their order.
class KeyedFormats {
 public:
  KeyedFormats(std::vector<KeyedDialect> dialects, NewKeyedScanner new_scanner, NewKeyedPlan new_plan);
  std::span<const Format* const> all() const { return formats_; }

 private:
  std::vector<std::unique_ptr<const Format>> owned_;
  std::vector<const Format*> formats_;
};

// From "FIELD=KEY,FIELD=KEY,...": see docs/formats.md for the fields' names.
StatusOr<std::unique_ptr<const Format>> MakeCustomKeyedFormat(std::string_view name, std::string_view field_map,
                                                              NewKeyedScanner new_scanner, NewKeyedPlan new_plan);

}  // namespace revertd
