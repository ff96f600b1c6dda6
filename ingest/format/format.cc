#include "ingest/format/format.h"

#include <array>

#include "ingest/fast/fast_plan.h"
#include "ingest/format/clf_formats.h"
#include "ingest/format/columns.h"
#include "ingest/format/haproxy.h"
#include "ingest/format/w3c.h"

namespace revertd {
namespace {

std::vector<const Format*> Gather() {
  std::vector<const Format*> all;
  for (const auto family : {HaproxyFormats(), ClfFormats(), ColumnFormats()})
    all.insert(all.end(), family.begin(), family.end());
  return all;
}

}  // namespace

std::unique_ptr<FastPlan> Format::NewFastPlan(const ReaderOptions& /*options*/, const FieldNeeds& /*needs*/) const {
  return nullptr;
}

std::span<const Format* const> KnownFormats() {
  static const std::vector<const Format*> formats = Gather();
  return formats;
}

const Format* FormatNamed(std::string_view name) {
  for (const Format* format : KnownFormats()) {
    if (format->name() == name) return format;
  }
  return nullptr;
}

std::vector<std::string_view> FormatNames() {
  std::vector<std::string_view> names;
  for (const Format* format : KnownFormats()) names.push_back(format->name());
  return names;
}

StatusOr<std::unique_ptr<const Format>> CustomFormat(std::string_view description) {
  if (description.starts_with("w3c:")) return CustomW3cFormat(description.substr(4));
  return InvalidArgument("no format \"" + std::string(description) + "\"");
}

}  // namespace revertd
