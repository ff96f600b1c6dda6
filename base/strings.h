// Small text functions that several folders need and the standard library lacks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace revertd {

// Decimal digits only, the whole text, no sign, no overflow.
std::optional<uint64_t> ParseUnsigned(std::string_view text);
// A finite decimal number, the whole text.
std::optional<double> ParseDouble(std::string_view text);
// ASCII lower case.
std::string ToLower(std::string_view text);
std::string_view Trim(std::string_view text);
std::vector<std::string_view> Split(std::string_view text, char separator);
std::string Join(const std::vector<std::string>& parts, std::string_view separator);
// The candidate with the smallest edit distance to `text`, if it is near enough to be what was meant.
std::optional<std::string_view> Nearest(std::string_view text, const std::vector<std::string_view>& candidates);
// `%.{digits}g` without a locale; for people's words.
std::string FormatNumber(double value, int digits = 4);
// Length of the well-formed UTF-8 sequence at the start of `text` (not empty), 0 where it is not well formed (Unicode
// 15, table 3-7).
size_t Utf8Length(std::string_view text);
// Without control characters, those of C1 among them, and without bytes that are no UTF-8 character's: for terminals.
std::string Printable(std::string_view text);
std::string FormatPercent(double fraction);  // 0.0412 -> "4.12 %"

}  // namespace revertd
