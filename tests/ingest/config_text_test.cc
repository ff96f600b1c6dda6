#include "ingest/format/config_text.h"

#include <gtest/gtest.h>

#include "ingest/format/format.h"

namespace revertd {
namespace {

TEST(NginxFormatString, JoinsThePiecesOfAConfiguration) {
  struct Case {
    const char* text;
    const char* format;
  };
  for (const Case& c :
       {Case{"'$msec \"$request\" '\n    '$status'", "$msec \"$request\" $status"},
        {"log_format main '$msec ' '$status';", "$msec $status"},
        {"log_format  main escape=json \"{\\\"t\\\":$msec\" '}';", "escape=json {\"t\":$msec}"},
        {"escape=none '$msec it\\'s \\\\ \\x' ", "escape=none $msec it's \\ \\x"},
        {"log_format\tmain\n  escape=none\t'$msec' # of the day, isn't it\n  \"\t$status\" ;",
         "escape=none $msec\t$status"},
        {R"(log_format f $msec\ $status|\"$request\"\t#$host "\x" ;)", "$msec\\ $status|\"$request\"\t#$host\\x"},
        {R"("\"$request\" $status" " $msec")", "\"$request\" $status $msec"},
        {R"(escape=json {\"t\":\"$msec\"})", "escape=json {\"t\":\"$msec\"}"},
        {R"( $msec\t\"$request\" it\'s \x )", " $msec\t\"$request\" it's \\x "},
        {"$msec '$status'", "$msec '$status'"},
        {"\"$msec\" $status", "\"$msec\" $status"},
        {" $msec ", " $msec "},
        {"", ""}}) {
    const auto format = NginxFormatString(c.text);
    ASSERT_TRUE(format.ok()) << c.text;
    EXPECT_EQ(*format, c.format);
  }
  EXPECT_EQ(NginxFormatString("'$msec").status().message(), "the quote before \"$msec\" is not closed");
  EXPECT_EQ(NginxFormatString("'$msec' $status; access_log off;").status().message(),
            "\"access_log off;\" stands behind the pieces of a log_format");
  EXPECT_EQ(NginxFormatString("log_format main '$msec'x'$status';").status().message(),
            "\"x'$status';\" stands behind the pieces of a log_format");
}

TEST(ApacheFormatString, IsTheFirstArgument) {
  EXPECT_EQ(*ApacheFormatString(R"(LogFormat "%t \"%r\" %>s" common)"), R"(%t \"%r\" %>s)");
  EXPECT_EQ(*ApacheFormatString(R"("%{Host}i" %t)"), R"("%{Host}i" %t)");
  EXPECT_FALSE(ApacheFormatString(R"(LogFormat "%t \")").ok());
}

TEST(ConfigText, IsTakenForADescription) {
  const auto format = CustomFormat("nginx:log_format main '$remote_addr [$time_iso8601] ' '\"$request\" $status';");
  ASSERT_TRUE(format.ok());
  AccessRecord record;
  const auto reader = (*format)->NewReader({});
  EXPECT_EQ(reader->Parse(R"(::1 [2026-11-21T03:10:09+00:00] "GET /a?b HTTP/1.1" 200)", record), ParseError::kNone);
  EXPECT_EQ(record.path, "/a");
}

}  // namespace
}  // namespace revertd
