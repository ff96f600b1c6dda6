// The words in which forges and delivery tools say the same things: references, revisions, states, times. Pure, any
// thread.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "daemon/doors/told.h"

namespace revertd {

// 40 or 64 hexadecimal digits: SHA-1 and SHA-256.
bool IsFullRevision(std::string_view text);
// 7 to 64: git's shortest abbreviation and everything longer.
bool MayBeRevision(std::string_view text);

// The part of `text` after `prefix`, or all of it where it does not begin so.
std::string WithoutPrefix(std::string_view text, std::string_view prefix);
// "refs/heads/x" to the branch, "refs/tags/x" to the tag; any other text is a branch.
void TakeRef(std::string_view ref, Told* told);

// A state as Told::state has it: "succeeded" is "success", "error" and "timed_out" are "failure", "queued" and
// "waiting" are "pending", "in_progress" is "running"; otherwise the word itself, in lower case.
std::string StateInOurWords(std::string_view word);

// RFC 3339, Unix seconds, and GitLab's "2021-04-28 21:50:00 +0200" and "... UTC"; 0 where it is none of them.
TimeNs TimeIn(std::string_view text);

std::string FirstLine(std::string_view text);
// The first of the two that says something.
std::string FirstOf(std::string first, std::string second);

}  // namespace revertd
