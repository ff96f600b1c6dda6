#include "base/error_event.h"

#include <array>
#include <charconv>
#include <cstdio>
#include <utility>

#include "base/strings.h"

namespace revertd {
namespace {

constexpr std::array<std::pair<ErrorLevel, std::string_view>, 7> kLevels = {{{ErrorLevel::kDebug, "debug"},
                                                                             {ErrorLevel::kInfo, "info"},
                                                                             {ErrorLevel::kWarning, "warning"},
                                                                             {ErrorLevel::kError, "error"},
                                                                             {ErrorLevel::kFatal, "fatal"},
                                                                             {ErrorLevel::kInfo, "log"},
                                                                             {ErrorLevel::kFatal, "critical"}}};
constexpr size_t kFingerprintDigits = 16;

}  // namespace

std::string_view NameOf(ErrorLevel level) { return kLevels[static_cast<size_t>(level)].second; }

std::optional<ErrorLevel> ErrorLevelNamed(std::string_view name) {
  for (const auto& [level, known] : kLevels) {
    if (known == name) return level;
  }
  return std::nullopt;
}

std::string FingerprintText(uint64_t fingerprint) {
  char text[kFingerprintDigits + 1];
  std::snprintf(text, sizeof(text), "%016llx", static_cast<unsigned long long>(fingerprint));
  return text;
}

std::optional<uint64_t> FingerprintOf(std::string_view text) {
  uint64_t fingerprint = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, fingerprint, 16);
  if (text.size() != kFingerprintDigits || error != std::errc() || stop != end) return std::nullopt;
  return fingerprint;
}

std::string SubjectOf(const NamedError& error) {
  std::string subject = error.type;
  if (!subject.empty() && !error.title.empty()) subject += ": ";
  subject += error.title;
  if (!error.culprit.empty()) subject += " (" + error.culprit + ")";
  return Printable(subject);
}

}  // namespace revertd
