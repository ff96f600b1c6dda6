#include "ingest/format/format.h"

#include <algorithm>
#include <array>

#include "ingest/fast/fast_plan.h"
#include "ingest/format/clf_formats.h"
#include "ingest/format/columns.h"
#include "ingest/format/config_text.h"
#include "ingest/format/haproxy.h"
#include "ingest/format/json_formats.h"
#include "ingest/format/layout_format.h"
#include "ingest/format/ltsv_formats.h"
#include "ingest/format/text_fields.h"
#include "ingest/format/w3c.h"

namespace revertd {
namespace {

// A family is one line here. That of the CLF detects its formats by one reader for all.
constexpr std::array kFamilies = {JsonFormats, LtsvFormats, HaproxyFormats, ClfFormats, ColumnFormats};

std::vector<const Format*> GatherKnown() {
  std::vector<const Format*> known;
  for (const auto family : kFamilies) known.insert(known.end(), family().begin(), family().end());
  return known;
}

std::vector<const Format*> GatherDetected() {
  std::vector<const Format*> detected;
  for (const auto family : kFamilies) {
    if (family == ClfFormats) continue;
    std::ranges::copy_if(family(), std::back_inserter(detected),
                         [](const Format* format) { return format->detected_as() == format->name(); });
  }
  detected.push_back(&ClfDetection());
  return detected;
}

struct Alias {
  std::string_view name;
  std::string_view format;
};

// The same lines by another door, in a wrapper that comes off, or another log of the same server.
constexpr std::array kAliases = {Alias{"cloudflare_logpull", "cloudflare_logpush"},
                                 Alias{"azure_frontdoor_waf", "azure_frontdoor"},
                                 Alias{"envoy_json_cri", "envoy_json"},
                                 Alias{"syslog_nginx", "nginx_combined"},
                                 Alias{"syslog_rfc3164_nginx", "nginx_combined"},
                                 Alias{"syslog_rfc5424_nginx", "nginx_combined"}};

struct Kind {
  std::string_view prefix;
  StatusOr<std::unique_ptr<const Format>> (*make)(std::string_view description);
};

StatusOr<std::unique_ptr<const Format>> NginxFormat(std::string_view log_format) {
  const auto format = NginxFormatString(log_format);
  return format.ok() ? CustomLayoutFormat("nginx", CompileNginxLayout(*format)) : format.status();
}

StatusOr<std::unique_ptr<const Format>> ApacheFormat(std::string_view log_format) {
  const auto format = ApacheFormatString(log_format);
  return format.ok() ? CustomLayoutFormat("apache", CompileApacheLayout(*format)) : format.status();
}

constexpr std::array kKinds = {Kind{"nginx:", NginxFormat}, Kind{"apache:", ApacheFormat},
                               Kind{"w3c:", CustomW3cFormat}, Kind{"json:", CustomJsonFormat},
                               Kind{"ltsv:", CustomLtsvFormat}};

}  // namespace

std::unique_ptr<FastPlan> Format::NewFastPlan(const ReaderOptions& /*options*/, const FieldNeeds& /*needs*/,
                                              SimdKernel /*kernel*/) const {
  return nullptr;
}

std::span<const Format* const> KnownFormats() {
  static const std::vector<const Format*> formats = GatherKnown();
  return formats;
}

std::span<const Format* const> DetectedFormats() {
  static const std::vector<const Format*> formats = GatherDetected();
  return formats;
}

std::span<const Format* const> FallbackFormats() {
  static const std::array formats = {&ClfFallback()};
  return formats;
}

const Format* FormatNamed(std::string_view name) {
  for (const Alias& alias : kAliases) {
    if (alias.name == name) name = alias.format;
  }
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
  for (const Kind& kind : kKinds) {
    if (Consume(description, kind.prefix)) return kind.make(description);
  }
  return InvalidArgument("no format \"" + std::string(description) + "\"");
}

}  // namespace revertd
