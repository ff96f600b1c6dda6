#include "ingest/line_unwrapper.h"

#include <algorithm>
#include <optional>

#include "base/limits.h"
#include "base/strings.h"
#include "base/time_format.h"
#include "ingest/format/json_escapes.h"
#include "ingest/format/text_fields.h"
#include "ingest/syslog_head.h"

namespace revertd {
namespace {

void SkipBlanks(std::string_view& rest) { rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size())); }

// Takes "KEY": off the front, blanks allowed.
bool ConsumeKey(std::string_view& rest, std::string_view quoted_key) {
  SkipBlanks(rest);
  if (!Consume(rest, quoted_key)) return false;
  SkipBlanks(rest);
  if (!Consume(rest, ":")) return false;
  SkipBlanks(rest);
  return true;
}

struct DockerLine {
  std::string_view text;  // escapes left in
  bool is_stderr = false;
};

// {"log":"...","stream":"stdout","time":"..."}, as docker writes it: the log first, the stream somewhere behind it.
// The stream's two values are what tells it from a service's own JSON.
std::optional<DockerLine> SplitDocker(std::string_view line) {
  DockerLine docker;
  if (!Consume(line, "{") || !ConsumeKey(line, "\"log\"") || !ConsumeQuoted(line, docker.text)) return std::nullopt;
  for (size_t at = line.find("\"stream\""); at != std::string_view::npos; at = line.find("\"stream\"", at + 1)) {
    std::string_view rest = line.substr(at);
    if (!ConsumeKey(rest, "\"stream\"")) continue;
    docker.is_stderr = rest.starts_with("\"stderr\"");
    if (docker.is_stderr || rest.starts_with("\"stdout\"")) return docker;
  }
  return std::nullopt;
}

bool IsShippersTime(std::string_view word) {
  return word.size() >= 20 && word[4] == '-' && word[7] == '-' && word[10] == 'T' && ParseTime(word);
}

}  // namespace

std::string_view WithoutShippersWords(std::string_view line) {
  if (line.starts_with("[pod/")) {
    const size_t end = line.find("] ");
    if (end != std::string_view::npos) line.remove_prefix(end + 2);
  }
  std::string_view rest = line;
  return IsShippersTime(TakeUntil(rest, ' ')) && Consume(rest, " ") ? rest : line;
}

ParseError LineUnwrapper::TakeOff(std::string_view* inner) {
  constexpr int kHeadsMax = 3;  // relays that wrap what is wrapped already; no more were seen
  ParseError error = ParseError::kNone;
  bool docker_taken = false;
  bool cri_taken = false;
  for (int heads = 0; heads < kHeadsMax;) {
    if (!docker_taken && TakeDocker(inner, &error)) {
      docker_taken = true;
    } else if (!cri_taken && TakeCri(inner, &error)) {
      cri_taken = true;
    } else if (ConsumeSyslogHead(*inner) || ConsumeComposeName(inner)) {
      ++heads;
    } else {
      break;
    }
    if (error != ParseError::kNone) return error;
  }
  return error;
}

bool LineUnwrapper::TakeDocker(std::string_view* inner, ParseError* error) {
  const auto docker = SplitDocker(*inner);
  if (!docker) return false;
  unescaped_.resize(docker->text.size());
  unescaped_.resize(UndoJsonEscapes(docker->text, unescaped_.data()));
  // docker cuts long lines: only the last piece has the line's end.
  *inner = unescaped_;
  const bool is_last = inner->ends_with('\n');
  if (is_last) inner->remove_suffix(inner->ends_with("\r\n") ? 2 : 1);
  *error = Join(docker_[docker->is_stderr ? 1 : 0], is_last, inner);
  return true;
}

// "2026-11-21T03:10:09.123456789Z stdout F text"; the tag P says that the line goes on.
bool LineUnwrapper::TakeCri(std::string_view* inner, ParseError* error) {
  constexpr size_t kTimeBytesMin = 20;
  std::string_view rest = *inner;
  const std::string_view time = TakeUntil(rest, ' ');
  if (time.size() < kTimeBytesMin || time[4] != '-' || time[10] != 'T' || !Consume(rest, " ")) return false;
  const bool is_stderr = rest.starts_with("stderr ");
  if (!is_stderr && !rest.starts_with("stdout ")) return false;
  rest.remove_prefix(7);
  const std::string_view tags = TakeUntil(rest, ' ');
  const std::string_view tag = tags.substr(0, tags.find(':'));
  if (tag != "F" && tag != "P") return false;
  Consume(rest, " ");
  *inner = rest;
  *error = Join(cri_[is_stderr ? 1 : 0], tag == "F", inner);
  return true;
}

// "web-1  | text": a container's name, padded to the longest one's length.
bool LineUnwrapper::ConsumeComposeName(std::string_view* inner) {
  const size_t bar = inner->substr(0, kComposeNameBytesMax).find(" | ");
  if (bar == std::string_view::npos) return false;
  const std::string_view name = Trim(inner->substr(0, bar));
  if (name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_.-") != std::string_view::npos) return false;
  inner->remove_prefix(bar + 3);
  return true;
}

ParseError LineUnwrapper::Join(Pieces& pieces, bool is_last, std::string_view* inner) {
  const bool is_whole = is_last && pieces.text.empty() && !pieces.too_long;
  if (is_whole) return inner->size() > kLineBytesMax ? ParseError::kTooLong : ParseError::kNone;
  pieces.too_long = pieces.too_long || pieces.text.size() + inner->size() > kLineBytesMax;
  if (!pieces.too_long) pieces.text.append(*inner);
  if (!is_last) return ParseError::kPartial;
  const bool too_long = pieces.too_long;
  // The joined line moves out, so that the next one starts anew and this one stays good until then.
  pieces.joined.swap(pieces.text);
  pieces.text.clear();
  pieces.too_long = false;
  *inner = pieces.joined;
  return too_long ? ParseError::kTooLong : ParseError::kNone;
}

}  // namespace revertd
