// Format: how one kind of access log is written; LineReader: reads the lines of one stream in it; and the list of all
// formats that revertd knows.
//
// Thread contract: formats are immutable and live for the process (custom ones for as long as their owner keeps them);
// any thread may use any of them. A reader belongs to one thread and must not outlive its format.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/time_zone.h"
#include "ingest/format/access_record.h"

namespace revertd {

struct ReaderOptions {
  TimeZone zone;  // of times that are logged without one (HAProxy, syslog, Zoraxy)
  // No other format is asked: a line that another one would fit better is read as well as this one can.
  bool alone = false;
};

class Format;

class LineReader {
 public:
  virtual ~LineReader() = default;
  // Reads `line` (no line end) into `record`, which is unspecified unless the answer is kNone. kNoFormat is "not mine",
  // the other errors are "mine, but damaged" or "mine, but no request". Never kEmpty or kPartial: FormatDetector keeps
  // blank lines and wrappers away. Does not allocate once warm.
  virtual ParseError Parse(std::string_view line, AccessRecord& record) = 0;
  // Of a reader that knows several formats: that of the last line that it read. Else nullptr.
  virtual const Format* last_format() const { return nullptr; }
};

class FastPlan;                   // ingest/fast/fast_plan.h
struct FieldNeeds;                // ingest/fast/fast_plan.h
enum class SimdKernel : uint8_t;  // ingest/fast/byte_index.h

class Format {
 public:
  virtual ~Format() = default;
  virtual std::string_view name() const = 0;
  // The name that detection gives to this format's lines: that of a twin where one has the same.
  virtual std::string_view detected_as() const { return name(); }
  virtual std::unique_ptr<LineReader> NewReader(const ReaderOptions& options) const = 0;
  // The fast way to read most lines just as the reader does; nullptr where there is none.
  virtual std::unique_ptr<FastPlan> NewFastPlan(const ReaderOptions& options, const FieldNeeds& needs,
                                                SimdKernel kernel) const;
};

// Every format with a name.
std::span<const Format* const> KnownFormats();
// Readers for a line of unknown format. No line fits two of them; a reader of several formats chooses by itself.
std::span<const Format* const> DetectedFormats();
// For lines that fit none of those: less exact, so never asked first.
std::span<const Format* const> FallbackFormats();
// By name (docs/formats.md); nullptr where there is no such format.
const Format* FormatNamed(std::string_view name);
std::vector<std::string_view> FormatNames();

// A format that a person describes, as "KIND:DESCRIPTION":
//   nginx:LOG_FORMAT    an nginx log_format string          apache:LOGFORMAT   an Apache LogFormat string
//   json:FIELD=KEY,...  keys of one JSON object a line      ltsv:FIELD=LABEL,...
//   w3c:FIELDS          what a #Fields: directive would say
// An error names the part of the description that is wrong.
StatusOr<std::unique_ptr<const Format>> CustomFormat(std::string_view description);

}  // namespace revertd
