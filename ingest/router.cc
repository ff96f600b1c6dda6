#include "ingest/router.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "base/strings.h"
#include "ingest/format/text_fields.h"

namespace revertd {
namespace {

constexpr size_t kHostBytesMax = 255;  // RFC 1035, 2.3.4: no name is longer
constexpr std::string_view kNoHostService = "default";

}  // namespace

Router::Router(const Config& config, ServiceTable* services) : services_(services) {
  for (const ServiceConfig& service : config.services) {
    const ServiceId id = services_->Intern(service.name);
    for (const MatchConfig& match : service.matches) {
      rules_.push_back({.host = ToLower(HostWithoutPort(match.host)), .path = match.path, .service = id});
    }
  }
  // Stable: of two equal rules the one written first wins.
  std::stable_sort(rules_.begin(), rules_.end(), [](const Rule& a, const Rule& b) {
    return std::make_tuple(a.path.size(), !a.host.empty()) > std::make_tuple(b.path.size(), !b.host.empty());
  });
}

ServiceId Router::Resolve(std::string_view host, std::string_view path) {
  host = HostWithoutPort(host);
  if (host.size() > kHostBytesMax) return ServiceTable::kOther;
  std::array<char, kHostBytesMax> buffer;
  std::transform(host.begin(), host.end(), buffer.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  const std::string_view lower(buffer.data(), host.size());
  for (const Rule& rule : rules_) {
    if ((rule.host.empty() || rule.host == lower) && path.starts_with(rule.path)) return rule.service;
  }
  return services_->Intern(lower.empty() ? kNoHostService : lower);
}

}  // namespace revertd
