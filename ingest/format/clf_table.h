// The table of the CLF family's formats, as their servers describe them.
#pragma once

#include <span>
#include <string_view>

namespace revertd {

struct ClfRow {
  enum class Language : bool { kNginx, kApache };
  // Rows of one name are one format; the first is the server's default.
  std::string_view name;
  Language language;
  std::string_view format;
  bool quotes_are_raw = false;  // Layout::quotes_are_escaped
  bool only_alone = false;      // lines that the format's logs hold too, and that detection knows by another name
};

// In the order of detection: where two fit a line, the first is right.
std::span<const ClfRow> ClfRows();

// Formats whose lines look like another's, which gives detection the name.
struct ClfTwin {
  std::string_view name;
  std::string_view detected_as;
  std::string_view rows_of;    // the format whose rows it shares; empty: it has rows of its own
  std::string_view and_alone;  // a format whose lines it takes as well where no other format is asked
};
std::span<const ClfTwin> ClfTwins();

}  // namespace revertd
