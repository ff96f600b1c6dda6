// The audit trail: rows that are only appended, each with the hash of itself and of the one before, so that an edit, a
// cut in the middle or another order shows. What is cut off at the end shows to whoever kept a later head: every
// revert's trailer and every message to people carries one.
//
// Pure, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace revertd {

struct AuditRow {
  int64_t seq = 0;  // from 1, without gaps
  TimeNs at_ns = 0;
  std::string kind;     // "step_begun", "step_finished", "decision", "delivery", "incident", ...
  std::string subject;  // a trigger's id, or a deploy's
  std::string text;     // JSON
  std::string hash;     // of the row before and of all the above: AuditHash
};

struct AuditHead {
  int64_t seq = 0;  // 0: nothing yet
  std::string hash;

  std::string text() const { return std::to_string(seq) + ":" + hash; }
  bool operator==(const AuditHead&) const = default;
};
// "SEQ:HASH"; nullopt where it is none.
std::optional<AuditHead> ParseAuditHead(std::string_view text);

// What stands before the first row.
std::string FirstAuditHash();
// SHA-256, hexadecimal, of "revertd-audit-1", `before` and the row's fields but its own hash, each as LENGTH:BYTES.
std::string AuditHash(std::string_view before, const AuditRow& row);

// Takes the rows in order of seq and answers the first thing that is wrong.
class AuditChain {
 public:
  // `expected`: a head that somebody kept.
  explicit AuditChain(std::optional<AuditHead> expected = std::nullopt) : expected_(std::move(expected)) {}

  void Add(const AuditRow& row);
  // Once every row was added. nullopt: the chain is whole, and holds the expected head.
  std::optional<std::string> Wrong() const;
  const AuditHead& head() const { return head_; }

 private:
  std::optional<AuditHead> expected_;
  AuditHead head_{0, FirstAuditHash()};
  bool expected_seen_ = false;
  std::optional<std::string> wrong_;
};

}  // namespace revertd
