#include "store/audit.h"

#include <utility>

#include "base/digest.h"
#include "base/strings.h"

namespace revertd {
namespace {

constexpr size_t kHashDigits = 64;

void AppendField(std::string* text, std::string_view field) {
  *text += std::to_string(field.size());
  *text += ':';
  *text += field;
}

}  // namespace

std::optional<AuditHead> ParseAuditHead(std::string_view text) {
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto seq = ParseUnsigned(text.substr(0, colon));
  const std::string_view hash = text.substr(colon + 1);
  const bool is_hash =
      hash.size() == kHashDigits && hash.find_first_not_of("0123456789abcdef") == std::string_view::npos;
  if (!seq || *seq == 0 || *seq > uint64_t{1} << 62 || !is_hash) return std::nullopt;
  return AuditHead{static_cast<int64_t>(*seq), std::string(hash)};
}

std::string FirstAuditHash() { return std::string(kHashDigits, '0'); }

std::string AuditHash(std::string_view before, const AuditRow& row) {
  std::string text;
  AppendField(&text, "revertd-audit-1");
  AppendField(&text, before);
  AppendField(&text, std::to_string(row.seq));
  AppendField(&text, std::to_string(row.at_ns));
  AppendField(&text, row.kind);
  AppendField(&text, row.subject);
  AppendField(&text, row.text);
  return Sha256Hex(text);
}

void AuditChain::Add(const AuditRow& row) {
  if (wrong_) return;
  if (row.seq != head_.seq + 1) {
    wrong_ = "row " + std::to_string(head_.seq + 1) + " is missing; " + std::to_string(row.seq) + " follows";
    return;
  }
  if (row.hash != AuditHash(head_.hash, row)) {
    wrong_ = "row " + std::to_string(row.seq) + " is not what was written, or stands after another row than then";
    return;
  }
  head_ = {row.seq, row.hash};
  if (expected_ && expected_->seq == row.seq) {
    expected_seen_ = true;
    if (expected_->hash != row.hash) {
      wrong_ =
          "row " + std::to_string(row.seq) + " has another hash than the head that was kept: the trail was rewritten";
    }
  }
}

std::optional<std::string> AuditChain::Wrong() const {
  if (wrong_) return wrong_;
  if (expected_ && !expected_seen_) {
    return "the trail ends at row " + std::to_string(head_.seq) + "; the head that was kept is row " +
           std::to_string(expected_->seq) + ": its end was cut off";
  }
  return std::nullopt;
}

}  // namespace revertd
