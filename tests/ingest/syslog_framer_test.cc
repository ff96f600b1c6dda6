#include "ingest/syslog_framer.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace revertd {
namespace {

struct Framed {
  std::string text;
  bool understood = true;
};

Framed Frame(std::string_view stream, size_t piece) {
  Framed framed;
  SyslogFramer framer;
  const auto accept = [&](std::string_view bytes) { framed.text += bytes; };
  for (; !stream.empty() && framed.understood; stream.remove_prefix(std::min(piece, stream.size()))) {
    framed.understood = framer.Feed(stream.substr(0, piece), accept);
  }
  if (framed.understood) framed.understood = framer.End(accept);
  return framed;
}

// However the stream is cut.
void ExpectFramed(const std::string& stream, const std::string& wanted, bool understood = true) {
  for (const size_t piece : {size_t{1}, size_t{2}, size_t{3}, size_t{7}, stream.size() + 1}) {
    const Framed framed = Frame(stream, piece);
    EXPECT_EQ(framed.text, wanted) << "in pieces of " << piece;
    EXPECT_EQ(framed.understood, understood) << "in pieces of " << piece;
  }
}

TEST(SyslogFramer, NewlinesEndMessages) {
  ExpectFramed("<134>one\n<134>two\n", "<134>one\n<134>two\n");
  ExpectFramed("<134>one\nunfinished", "<134>one\nunfinished\n");
  ExpectFramed("\n\n", "\n\n");
}

TEST(SyslogFramer, CountsAreTakenOffAndEachMessageEndsInOneLine) {
  ExpectFramed("8 <134>one8 <134>two", "<134>one\n<134>two\n");
  ExpectFramed("9 <134>one\n8 <134>two", "<134>one\n<134>two\n");
  ExpectFramed("8 <134>one\n8 <134>two\n", "<134>one\n<134>two\n");
  ExpectFramed("12 <134>one\ntwo", "<134>one\ntwo\n");
}

TEST(SyslogFramer, BothFramingsMayFollowEachOther) {
  ExpectFramed("8 <134>one<134>two\n10 <134>three<134>four\n", "<134>one\n<134>two\n<134>three\n<134>four\n");
}

TEST(SyslogFramer, ALineThatBeginsWithANumberIsALine) {
  ExpectFramed("192.0.2.7 - - [x]\n", "192.0.2.7 - - [x]\n");
  ExpectFramed("2026 x\n42\n7 \n0 <1>\n1234567 <x\n", "2026 x\n42\n7 \n0 <1>\n1234567 <x\n");
  ExpectFramed("42", "42\n");
}

TEST(SyslogFramer, ACountThatMakesNoSenseIsAnError) {
  ExpectFramed("999999 <134>", "", false);
  ExpectFramed("20 <134>cut", "<134>cut\n", false);
}

}  // namespace
}  // namespace revertd
