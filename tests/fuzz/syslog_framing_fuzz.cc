// However a syslog stream is cut into pieces, its messages are those of the whole, every one of them ends in an LF, and
// no byte is handed out that was not sent but that LF.
#include <algorithm>
#include <random>
#include <string>
#include <string_view>

#include "base/check.h"
#include "ingest/syslog_framer.h"
#include "tests/fuzz/fuzz_target.h"

namespace {

struct Framed {
  std::string text;
  bool understood = true;
};

Framed Frame(std::string_view stream, size_t piece_max, std::minstd_rand random) {
  Framed framed;
  revertd::SyslogFramer framer;
  const auto accept = [&](std::string_view bytes) { framed.text += bytes; };
  while (!stream.empty() && framed.understood) {
    const size_t piece = std::min<size_t>(1 + random() % piece_max, stream.size());
    framed.understood = framer.Feed(stream.substr(0, piece), accept);
    stream.remove_prefix(piece);
  }
  if (framed.understood) framed.understood = framer.End(accept);
  return framed;
}

// Takes the letters of `text` out of `from` in order; LFs aside.
bool IsInOrderIn(std::string_view text, std::string_view from) {
  size_t at = 0;
  for (const char c : text) {
    if (c == '\n') continue;
    at = from.find(c, at);
    if (at == std::string_view::npos) return false;
    ++at;
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  if (size == 0) return 0;
  const std::string_view stream(reinterpret_cast<const char*>(bytes + 1), size - 1);
  const std::minstd_rand random(bytes[0] + 1U);
  const Framed whole = Frame(stream, stream.size() + 1, random);
  const Framed cut = Frame(stream, 1 + bytes[0] % 16, random);
  REVERTD_CHECK(whole.understood == cut.understood);
  REVERTD_CHECK(whole.text == cut.text);
  if (whole.understood) REVERTD_CHECK(whole.text.empty() || whole.text.back() == '\n');
  REVERTD_CHECK(IsInOrderIn(whole.text, stream));
  return 0;
}

namespace revertd {

std::vector<std::string> FuzzCorpus() {
  return {"\x01<134>one\n<134>two\n",
          "\x02"
          "8 <134>one8 <134>two",
          "\x03"
          "9 <134>one\n8 <134>two\n",
          "\x05"
          "8 <134>one<134>two\n",
          "\x07"
          "192.0.2.7 - -\n",
          "\x0b"
          "999999 <134>",
          "\x0d"
          "20 <134>cut",
          "\x11"
          "0 <1>\n42",
          "\x04\n\n\n"};
}

int SmokeRounds() { return 20'000; }

}  // namespace revertd
