#include "ingest/router.h"

#include <algorithm>
#include <array>
#include <optional>
#include <tuple>

#include "base/strings.h"
#include "ingest/format/text_fields.h"

namespace revertd {
namespace {

constexpr size_t kHostBytesMax = 255;  // RFC 1035, 2.3.4: no name is longer
constexpr std::string_view kNoHostService = "default";
using HostBuffer = std::array<char, kHostBytesMax>;

// Without port, in lower case, in `buffer`; nullopt where it is too long to be a host.
std::optional<std::string_view> LowerHost(std::string_view host, HostBuffer& buffer) {
  host = HostWithoutPort(host);
  if (host.size() > kHostBytesMax) return std::nullopt;
  std::transform(host.begin(), host.end(), buffer.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return std::string_view(buffer.data(), host.size());
}

}  // namespace

Router::Router(const Config& config, ServiceTable* services) : services_(services) {
  for (const ServiceConfig& service : config.services) {
    const ServiceId id = services_->Intern(service.name);
    for (const MatchConfig& match : service.matches) {
      reads_paths_ = reads_paths_ || !match.path.empty();
      rules_.push_back({.host = ToLower(HostWithoutPort(match.host)), .path = match.path, .service = id});
    }
  }
  // Stable: of two equal rules the one written first wins.
  std::stable_sort(rules_.begin(), rules_.end(), [](const Rule& a, const Rule& b) {
    return std::make_tuple(a.path.size(), !a.host.empty()) > std::make_tuple(b.path.size(), !b.host.empty());
  });
}

ServiceId Router::Resolve(std::string_view host, std::string_view backend, std::string_view path) {
  HostBuffer buffer;
  const auto lower = LowerHost(host, buffer);
  if (!lower) return ServiceTable::kOther;
  for (const Rule& rule : rules_) {
    if ((rule.host.empty() || rule.host == *lower) && path.starts_with(rule.path)) return rule.service;
  }
  if (!lower->empty()) return services_->Intern(*lower);
  if (backend.size() > kHostBytesMax) return ServiceTable::kOther;
  return services_->Intern(backend.empty() ? kNoHostService : backend);
}

bool Router::HangsOnPath(std::string_view host) const {
  HostBuffer buffer;
  const auto lower = LowerHost(host, buffer);
  return lower && std::any_of(rules_.begin(), rules_.end(), [&](const Rule& rule) {
           return !rule.path.empty() && (rule.host.empty() || rule.host == *lower);
         });
}

}  // namespace revertd
