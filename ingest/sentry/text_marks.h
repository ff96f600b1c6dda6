// Where an e-mail address, a network address or a URL stands in a text: for what templates it and for what masks it.
// All answer a length in bytes, 0 where there is none, and look at most kMarkBytesMax ahead, but for URLs.
//
// Each takes as much as fits and leaves the rest, so that what stands behind a mark never decides whether it is one.
//
// Pure functions, any thread.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/ascii.h"

namespace revertd {

inline constexpr size_t kMarkBytesMax = 256;  // an e-mail address may have 254

constexpr bool IsAlnum(char c) { return IsDigit(c) || IsLetter(c); }

// The domain behind an @ at the beginning of `text`: labels with dots, one after the first of letters alone.
size_t EmailDomainLength(std::string_view text);
// The part before an @, at the end of `text`.
size_t EmailLocalLength(std::string_view text);
size_t Ipv4Length(std::string_view text);
size_t Ipv6Length(std::string_view text);
// Of a URL whose "://" stands at `colon`: the letters of its scheme, before `colon`.
size_t SchemeLength(std::string_view text, size_t colon);
// What follows a "://": to the next blank, quote or angle bracket, without the marks that end a sentence.
size_t UrlRestLength(std::string_view text);

}  // namespace revertd
