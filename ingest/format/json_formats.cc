#include "ingest/format/json_formats.h"

#include "ingest/fast/json_plan.h"
#include "ingest/format/json_dialects.h"
#include "ingest/format/json_scanner.h"
#include "ingest/format/keyed_format.h"

namespace revertd {
namespace {

std::unique_ptr<KeyedScanner> NewScanner() { return std::make_unique<JsonScanner>(); }

}  // namespace

std::span<const Format* const> JsonFormats() {
  static const KeyedFormats formats(JsonDialects(), NewScanner, NewJsonPlan);
  return formats.all();
}

StatusOr<std::unique_ptr<const Format>> CustomJsonFormat(std::string_view field_map) {
  return MakeCustomKeyedFormat("json", field_map, NewScanner, NewJsonPlan);
}

}  // namespace revertd
