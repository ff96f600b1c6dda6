// LineUnwrapper: takes the wrapper off a log line that was shipped inside another: docker's json-file, CRI, and the
// head of a syslog message (RFC 3164, RFC 5424 and rsyslog's with an ISO time; each with and without the priority), and
// the name that docker compose puts in front ("web-1  | ").
//
// Thread contract: one stream's, one thread. Memory is bounded: a line in pieces is joined up to kLineBytesMax, apart
// for stdout and stderr, whose pieces may alternate. A line that is not wrapped costs a look at its first byte, and at
// ten more where that is a digit. Wrappers within wrappers are taken off as well, each kind of piecemeal one once.
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "ingest/format/access_record.h"

namespace revertd {

// `line` without what `docker logs -t`, `kubectl logs --timestamps` and `--prefix` put in front of it: an RFC 3339
// time,
// "[pod/NAME/CONTAINER]". As it is where neither stands there; a format's own first field may look the same.
std::string_view WithoutShippersWords(std::string_view line);

class LineUnwrapper {
 public:
  // The line inside `line`, or `line` itself where nothing is wrapped around it. kPartial: a piece that is kept until
  // the last one comes, and is counted there. kTooLong: the last piece of a line longer than kLineBytesMax. The inner
  // line is good until the next call, and may be empty.
  ParseError Unwrap(std::string_view line, std::string_view* inner) {
    *inner = line;
    return MayBeWrapped(line) ? TakeOff(inner) : ParseError::kNone;
  }
  // Whether pieces of a line are kept whose last one has not come.
  bool HoldsPieces() const {
    const auto holds = [](const Pieces& pieces) { return !pieces.text.empty() || pieces.too_long; };
    return std::ranges::any_of(docker_, holds) || std::ranges::any_of(cri_, holds);
  }

 private:
  // The pieces of one line so far.
  struct Pieces {
    std::string text;
    std::string joined;  // the last whole line, what the answer points into
    bool too_long = false;
  };
  enum class Stream : uint8_t { kStdout, kStderr, kCount };
  using PiecesByStream = std::array<Pieces, static_cast<size_t>(Stream::kCount)>;

  static constexpr size_t kComposeNameBytesMax = 40;

  static bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }
  static bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
  static bool HasBarInFront(std::string_view line) {
    return line.substr(0, kComposeNameBytesMax).find('|') != std::string_view::npos;
  }
  static bool MayBeWrapped(std::string_view line);
  ParseError TakeOff(std::string_view* inner);
  bool TakeDocker(std::string_view* inner, ParseError* error);
  bool TakeCri(std::string_view* inner, ParseError* error);
  static bool ConsumeComposeName(std::string_view* inner);
  static ParseError Join(Pieces& pieces, bool is_last, std::string_view* inner);

  PiecesByStream docker_;
  PiecesByStream cri_;
  std::string unescaped_;  // docker's text, JSON escapes undone
};

inline bool LineUnwrapper::MayBeWrapped(std::string_view line) {
  if (line.size() < 12) return false;
  switch (line.front()) {
    case '{': return line[1] == '"' || line[1] == ' ';
    case '<': return line[1] >= '0' && line[1] <= '9';
    case '1': return line[1] == ' ' || line[4] == '-';
    case '2': return line[4] == '-' && line[10] == 'T';
    default: return line[3] == ' ' ? IsUpper(line.front()) : IsLower(line.front()) && HasBarInFront(line);
  }
}

}  // namespace revertd
