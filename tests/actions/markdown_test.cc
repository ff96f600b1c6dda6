// Names that others chose cannot forge a record: no heading, link, table row or end of code comes out of them.
#include "actions/markdown.h"

#include <gtest/gtest.h>

#include <random>

namespace revertd {
namespace {

TEST(MarkdownCode, IsOneLineThatItsTextCannotEnd) {
  EXPECT_EQ(MarkdownCode("checkout"), "`checkout`");
  EXPECT_EQ(MarkdownCode(""), "-");
  EXPECT_EQ(MarkdownCode(" \n"), "-");
  EXPECT_EQ(MarkdownCode("a`b"), "``a`b``");
  EXPECT_EQ(MarkdownCode("``"), "``` `` ```");
  EXPECT_EQ(MarkdownCode("`](https://evil.example)"), "`` `](https://evil.example) ``");
  EXPECT_EQ(MarkdownCode("x\n# Outcome\r\nfine"), "`x?# Outcome??fine`");
  EXPECT_EQ(MarkdownCode("\x1b[31m\xff"), "`?[31m?`");
  EXPECT_EQ(MarkdownCode("<script>"), "`<script>`");
}

TEST(MarkdownCellCode, DoesNotEndItsCell) {
  EXPECT_EQ(MarkdownCellCode("a|b"), "`a\\|b`");
  EXPECT_EQ(MarkdownCellCode("` | `"), "`` ` \\| ` ``");
  EXPECT_EQ(MarkdownCellCode(""), "-");
}

TEST(MarkdownBlock, HasAFenceLongerThanWhatItHolds) {
  EXPECT_EQ(MarkdownBlock(" app.conf | 2 +-\n 1 file\n"), "```text\n app.conf | 2 +-\n 1 file\n```\n");
  EXPECT_EQ(MarkdownBlock("a\n```\n# forged\n"), "````text\na\n```\n# forged\n````\n");
  EXPECT_EQ(MarkdownBlock("tab\there\r\n\x07"), "```text\ntab here\n?\n```\n");
  EXPECT_EQ(MarkdownBlock(""), "```text\n```\n");
}

TEST(MarkdownQuote, KeepsParagraphsAndMakesMarksLetters) {
  EXPECT_EQ(MarkdownQuote("one\n\ntwo\n"), "> one\n>\n> two\n");
  EXPECT_EQ(MarkdownQuote("# not a heading\n- no *list* | [x](y)"),
            "> \\# not a heading\n> \\- no \\*list\\* \\| \\[x\\](y)\n");
  EXPECT_EQ(MarkdownQuote("===\n<b>"), "> \\===\n> \\<b\\>\n");
  EXPECT_EQ(MarkdownQuote(""), "");
}

// Whatever comes in: one line of code is one line, begins and ends with the same run of backticks, and holds no run of
// that length; a block's fence stands on its first and last line alone; every line of a quotation begins with '>'.
TEST(Markdown, RandomTextsNeverBreakOut) {
  std::mt19937_64 random(7);
  const std::string_view alphabet = "`|\\#\n> ~*[]()!<x\t\r\xff";
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (size_t length = random() % 12; length > 0; --length) text += alphabet[random() % alphabet.size()];
    const std::string code = MarkdownCode(text);
    ASSERT_EQ(code.find_first_of("\n\r"), std::string::npos) << testing::PrintToString(text);
    if (code != "-") {
      const size_t run = code.find_first_not_of('`');
      ASSERT_NE(run, std::string::npos);
      const std::string fence(run, '`');
      // The first run of that length behind the opening one is the closing one.
      size_t at = run;
      while (at < code.size()) {
        const size_t start = code.find('`', at);
        ASSERT_NE(start, std::string::npos) << testing::PrintToString(text);
        const size_t end = std::min(code.find_first_not_of('`', start), code.size());
        if (end - start == run) {
          ASSERT_EQ(end, code.size()) << testing::PrintToString(text);
        }
        at = end;
      }
    }
    const std::string block = MarkdownBlock(text);
    const std::string fence = block.substr(0, block.find('t'));
    ASSERT_EQ(block.find(fence, fence.size()), block.size() - fence.size() - 1) << testing::PrintToString(text);
    const std::string quote = MarkdownQuote(text);
    for (size_t at = 0; at < quote.size(); at = quote.find('\n', at) + 1) {
      ASSERT_EQ(quote[at], '>') << testing::PrintToString(text);
    }
  }
}

}  // namespace
}  // namespace revertd
