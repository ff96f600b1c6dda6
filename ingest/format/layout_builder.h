// LayoutBuilder: puts a layout together as a compiler of format strings meets its parts, and keeps the promises that
// layout.h makes of a compiled layout. Thread contract: one thread, one layout.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ingest/format/layout.h"
#include "ingest/format/time_pattern.h"

namespace revertd {

// A directive as it stands in the format string, for errors.
struct LayoutDirective {
  std::string_view text;
  size_t place = 0;  // of its first byte, from 1
};

Status LayoutError(const LayoutDirective& directive, std::string_view what);

class LayoutBuilder {
 public:
  // `empty` has no items yet, and says all else.
  explicit LayoutBuilder(Layout empty);

  void Literal(std::string_view text) { pending_ += text; }
  // Of two fields with one meaning that with the higher `rank` is kept. An error: it runs together with the one before.
  Status Field(LayoutField field, int rank, const LayoutDirective& directive);
  // A piece of a time; pieces with nothing but text between them are one time.
  Status Time(std::string_view strftime_letters, bool is_start, const LayoutDirective& directive);
  // A time that is a number of its own, without pieces.
  Status EpochTime(LayoutField field, bool is_start, const LayoutDirective& directive);
  // A port; behind "host:" it belongs to the host.
  Status Port(const LayoutDirective& directive);
  // A query; right behind a path both are the target. `may_be_dash`: "-" stands for none.
  Status Query(bool may_be_dash, const LayoutDirective& directive);

  StatusOr<Layout> Finish();

 private:
  struct Item {
    LayoutItem item;
    int rank = 0;
    bool is_start = false;  // of a time
  };

  Status Append(Item item, const LayoutDirective& directive);
  Status FinishTimes();
  void KeepTheBest();

  Layout layout_;
  std::vector<Item> items_;
  std::string pending_;        // literal text since the last field
  bool is_time_open_ = false;  // the last item is a time that a next piece may go on with
};

}  // namespace revertd
