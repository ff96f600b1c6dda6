// PathTemplate: the route of a request's path: `/items/17` is `/items/:id`, so that requests of one handler are
// counted together.
//
// One pass, no allocation. What changes from request to request is told by its shape alone:
//   :id     digits: a whole segment, or three and more between separators (`order-1234.json`)
//   :date   2026-11-21 at the start of a segment or behind a separator
//   :uuid   8-4-4-4-12 hexadecimal digits, a whole segment
//   :hash   8 and more hexadecimal digits, figures and letters both (`app.3f2a9c1b.js`)
//   :token  16 and more letters and figures, of those at least two
// Separators are - _ . ~ and the slash. Everything else stays as it is. Past kSegmentsMax segments or kBytesMax bytes
// the rest is `*`: deep paths are trees of files, not handlers.
//
// Thread contract: a value type; the view is of `path` or of the object, and lives until its next Write.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace revertd {

class PathTemplate {
 public:
  static constexpr size_t kBytesMax = 120;
  static constexpr int kSegmentsMax = 8;

  // `path` without its query.
  std::string_view Write(std::string_view path);

 private:
  std::array<char, kBytesMax + 2> text_;  // and "/*"
};

}  // namespace revertd
