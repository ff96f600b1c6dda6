#include "ingest/fast/layout_steps.h"

#include <algorithm>
#include <string>

#include "base/clock.h"
#include "ingest/fast/byte_index.h"

namespace revertd {
namespace {

using Kind = LayoutStep::Kind;

constexpr char kQuote = '"';

// What may hold any text, blanks included; the exact reader cuts these out last.
bool IsFree(LayoutField field) { return field == LayoutField::kIgnored || field == LayoutField::kRequestLine; }

bool IsNumber(Kind kind) { return kind == Kind::kNumber || kind == Kind::kSeconds || kind == Kind::kIgnoredNumber; }

LayoutStep Number(int64_t AccessRecord::*into, int64_t unit) {
  LayoutStep step;
  step.kind = Kind::kNumber;
  step.number = into;
  step.unit = unit;
  return step;
}

LayoutStep Seconds(int64_t AccessRecord::*into) {
  LayoutStep step;
  step.kind = Kind::kSeconds;
  step.number = into;
  return step;
}

LayoutStep Word(std::string_view AccessRecord::*into, bool is_list) {
  LayoutStep step;
  step.kind = Kind::kWord;
  step.text = into;
  step.is_list = is_list;
  return step;
}

LayoutStep Of(Kind kind) {
  LayoutStep step;
  step.kind = kind;
  return step;
}

std::optional<LayoutStep> StepFor(LayoutField field) {
  switch (field) {
    case LayoutField::kIgnored:
    case LayoutField::kIgnoredWord: return Of(Kind::kText);
    case LayoutField::kIgnoredList: {
      LayoutStep step = Of(Kind::kText);
      step.is_list = true;
      return step;
    }
    case LayoutField::kTimeClf: return Of(Kind::kTime);
    case LayoutField::kRequestLine: return Of(Kind::kRequest);
    case LayoutField::kStatus: return Of(Kind::kStatus);
    case LayoutField::kHost: return Of(Kind::kHost);
    case LayoutField::kIgnoredNumber: return Of(Kind::kIgnoredNumber);
    case LayoutField::kConnection: return Of(Kind::kConnection);
    case LayoutField::kBytes: return Number(&AccessRecord::bytes, 1);
    case LayoutField::kDurationWholeSeconds: return Number(&AccessRecord::duration_ns, kSecondNs);
    case LayoutField::kDurationMillis: return Number(&AccessRecord::duration_ns, kMillisecondNs);
    case LayoutField::kDurationMicros: return Number(&AccessRecord::duration_ns, kMicrosecondNs);
    case LayoutField::kDurationSeconds: return Seconds(&AccessRecord::duration_ns);
    case LayoutField::kUpstreamSeconds: return Seconds(&AccessRecord::upstream_ns);
    case LayoutField::kConnectSeconds: return Seconds(&AccessRecord::connect_ns);
    case LayoutField::kUpstream: return Word(&AccessRecord::upstream, true);
    case LayoutField::kBackend: return Word(&AccessRecord::backend, false);
    case LayoutField::kRelease: return Word(&AccessRecord::release, false);
    default: return std::nullopt;
  }
}

// What would make the end found here another than the exact reader's, or its text need a second look.
char ForbiddenIn(const LayoutStep& step, LayoutField field) {
  if (step.kind == Kind::kWord && step.is_list) return ',';
  const bool has_shape = IsFree(field) || IsNumber(step.kind) || step.kind == Kind::kTime || step.kind == Kind::kStatus;
  return step.quoted || step.until == ' ' || has_shape ? '\0' : ' ';
}

// `literal`'s first piece becomes the step's; the rest steps of its own.
void Append(LayoutStep step, LayoutField field, std::string_view literal, std::vector<LayoutStep>& steps) {
  do {
    const std::string_view piece = literal.substr(0, 8);
    literal.remove_prefix(piece.size());
    const size_t quote = piece.find(kQuote);
    const bool has_quote = quote != std::string_view::npos;
    step.quotes = static_cast<uint8_t>(std::count(piece.begin(), piece.end(), kQuote));
    step.mark_offset = static_cast<uint8_t>(has_quote ? quote : 0);
    step.literal = ShortLiteral::Of(piece);
    step.literal_size = static_cast<uint8_t>(piece.size());
    step.until = piece.empty() ? '\n' : piece.front();
    step.forbidden = step.kind == Kind::kLiteral ? '\0' : ForbiddenIn(step, field);
    step.ends_by_mark = piece.empty() || (has_quote && (quote == 0 || IsNumber(step.kind)));
    steps.push_back(step);
    step = {};
  } while (!literal.empty());
}

bool Is(const LayoutStep& step, Kind kind, bool quoted, std::string_view literal) {
  return step.kind == kind && step.quoted == quoted && step.literal_size == literal.size() &&
         step.literal.word == ShortLiteral::Of(literal).word;
}

// How many of the steps from `at` on are one of the kinds that stand for several; 1: none.
size_t Fuse(const std::vector<LayoutStep>& steps, size_t at, LayoutStep& fused) {
  const auto next = [&](size_t i) -> const LayoutStep& { return steps[std::min(at + i, steps.size() - 1)]; };
  fused = steps[at];
  if (Is(next(0), Kind::kTime, false, "] \"") && Is(next(1), Kind::kRequest, true, "\" ") &&
      Is(next(2), Kind::kStatus, false, " ") && next(3).kind == Kind::kNumber) {
    fused = next(3);
    fused.kind = Kind::kClfCore;
    return 4;
  }
  if (Is(next(0), Kind::kText, true, "\" \"") && next(1).kind == Kind::kText && next(1).quoted) {
    fused = next(1);
    fused.kind = Kind::kTwoTexts;
    return 2;
  }
  if (Is(next(0), Kind::kText, false, " - ") && Is(next(1), Kind::kText, false, " [")) {
    fused = next(1);
    fused.kind = Kind::kClient;
    return 2;
  }
  return 1;
}

std::vector<LayoutStep> Fused(const std::vector<LayoutStep>& steps) {
  std::vector<LayoutStep> fused;
  for (size_t at = 0; at < steps.size();) at += Fuse(steps, at, fused.emplace_back());
  return fused;
}

// What stands between two quotes.
struct Piece {
  int blanks = 0;        // in literals and in a time
  bool is_open = false;  // a field may hold more of them
  bool is_text = false;  // any text between quotes
};

std::vector<Piece> PiecesOf(const Layout& layout) {
  std::vector<Piece> pieces(1);
  const auto cut = [&pieces](std::string_view literal) {
    for (const char c : literal) {
      if (c == kQuote) pieces.emplace_back();
      if (c == ' ') ++pieces.back().blanks;
    }
  };
  for (const LayoutItem& item : layout.items) {
    cut(item.literal);
    const auto step = StepFor(item.field);
    Piece& piece = pieces.back();
    piece.is_text = piece.is_text || item.literal.ends_with(kQuote);
    piece.is_open = piece.is_open || IsFree(item.field) || !step || step->is_list;
    if (item.field == LayoutField::kTimeClf) ++piece.blanks;
  }
  cut(layout.tail);
  return pieces;
}

bool EndsInNumber(const Layout& layout) {
  if (!layout.tail.empty()) return false;
  const auto step = StepFor(layout.items.back().field);
  return step && (IsNumber(step->kind) || step->kind == Kind::kStatus);
}

// Whether no line can end as both do: in their tails, or in a number, which has digits or is "-".
bool EndApart(const Layout& a, const Layout& b) {
  const auto is_of_number = [](char c) { return (c >= '0' && c <= '9') || c == '-'; };
  if (!a.tail.empty() && !b.tail.empty()) return a.tail.back() != b.tail.back();
  if (EndsInNumber(a) && !b.tail.empty()) return !is_of_number(b.tail.back());
  return EndsInNumber(b) && !a.tail.empty() && !is_of_number(a.tail.back());
}

// Whether item `at` is a client and the next a user: "$remote_addr - $remote_user [", with only a host before it.
bool BeginsWithClient(const Layout& layout, size_t at) {
  if (layout.items.size() < at + 3) return false;
  const LayoutItem& client = layout.items[at];
  const bool is_word = client.field == LayoutField::kIgnoredWord || client.field == LayoutField::kIgnoredList;
  const bool is_first = at == 0 || (layout.items[0].literal.empty() && layout.items[0].field == LayoutField::kHost);
  return is_word && is_first && client.literal == (at == 0 ? "" : " ") && layout.items[at + 1].literal == " - " &&
         layout.items[at + 1].field == LayoutField::kIgnored && layout.items[at + 2].literal == " [";
}

}  // namespace

std::optional<std::vector<LayoutStep>> CompileLayoutSteps(const Layout& layout) {
  std::vector<LayoutStep> steps;
  if (layout.items.empty()) return std::nullopt;
  const std::string& front = layout.items.front().literal;
  if (!front.empty()) Append({}, LayoutField::kIgnored, front, steps);
  auto quotes = std::count(layout.tail.begin(), layout.tail.end(), kQuote);
  bool after_free = false;  // inside the piece between two quotes
  for (size_t i = 0; i < layout.items.size(); ++i) {
    const LayoutItem& item = layout.items[i];
    const bool last = i + 1 == layout.items.size();
    const std::string& behind = last ? layout.tail : layout.items[i + 1].literal;
    auto step = StepFor(item.field);
    if (!step || (!last && behind.empty())) return std::nullopt;
    step->quoted = item.literal.ends_with(kQuote);
    // Between quotes a field ends at the next one; elsewhere its search must not end at a quote.
    if (step->quoted != behind.starts_with(kQuote)) return std::nullopt;
    // Blanks cut a piece into fields in one way only; behind a field of any text other literals might not.
    if (item.literal.find(kQuote) != std::string::npos) after_free = false;
    after_free = after_free || (IsFree(item.field) && !step->quoted);
    if (after_free && !behind.empty() && !behind.starts_with(' ') && !behind.starts_with("] ")) return std::nullopt;
    Append(*step, item.field, behind, steps);
    quotes += std::count(item.literal.begin(), item.literal.end(), kQuote);
  }
  if (quotes == 0 || quotes + 1 >= static_cast<ptrdiff_t>(ByteIndex::kRepeats)) return std::nullopt;
  return Fused(steps);
}

bool AreDisjoint(const Layout& earlier, const Layout& later) {
  if (EndApart(earlier, later)) return true;
  const std::vector<Piece> before = PiecesOf(earlier);
  const std::vector<Piece> after = PiecesOf(later);
  // Of these every quote of a literal must be found, but a field may hold more.
  if (!earlier.quotes_are_escaped) return before.size() > after.size();
  if (earlier.items.back().field == LayoutField::kIgnoredQuoted) return false;
  if (before.size() != after.size()) return true;
  // "HOST CLIENT - USER [" is no "CLIENT - USER [" with a blank in its user: the plan takes no "-" for a client.
  if (BeginsWithClient(earlier, 0) && BeginsWithClient(later, 1)) return true;
  for (size_t i = 0; i < before.size(); ++i) {
    if (after[i].is_text) continue;
    if (before[i].blanks > after[i].blanks) return true;
    if (before[i].blanks < after[i].blanks && !before[i].is_open) return true;
  }
  return false;
}

}  // namespace revertd
