// TemplateOf: a message with what changes from one event of an error to the next replaced by a word in angle brackets,
// so that all of them read the same:
//   <n>      figures, with their decimals and sign (of "31s" the unit stays), 0x1F, and hexadecimal ids
//   <id>     16 and more letters and figures, of those at least two
//   <uuid>   8-4-4-4-12 hexadecimal digits
//   <date>   2026-11-21, 2026-11-21T03:10:09.5Z
//   <ip>     an address, IPv4 or IPv6
//   <email>  someone@example.com
//   <url>    scheme://...
//   <text>   a quoted part, with its quotes
// A name that ends in figures ("utf8", "shard7") stays. Hexadecimal ids are <n> like figures: one id in forty has no
// letter in its first eight digits, and would else make a group of its own.
//
// One pass over the text, in time proportional to it. A template's template is itself.
//
// Pure, any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace revertd {

inline constexpr size_t kTemplateInputMax = 8 * 1024;  // bytes; the rest of a message says nothing new

std::string TemplateOf(std::string_view message);

}  // namespace revertd
