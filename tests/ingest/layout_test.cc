// What a server's format string compiles to, and what it refuses.
#include "ingest/format/layout.h"

#include <gtest/gtest.h>

#include <string>

namespace revertd {

// For failures to be readable.
void PrintTo(const LayoutItem& item, std::ostream* out) {
  *out << "\"" << item.literal << "\" field " << static_cast<int>(item.field) << " " << item.time_format;
}

namespace {

using Items = std::vector<LayoutItem>;

LayoutItem Item(std::string literal, LayoutField field, std::string time_format = "") {
  return {.literal = std::move(literal), .field = field, .time_format = std::move(time_format)};
}

Layout Nginx(std::string_view log_format) {
  auto layout = CompileNginxLayout(log_format);
  EXPECT_TRUE(layout.ok()) << layout.status();
  return layout.ok() ? *layout : Layout();
}

Layout Apache(std::string_view log_format) {
  auto layout = CompileApacheLayout(log_format);
  EXPECT_TRUE(layout.ok()) << layout.status();
  return layout.ok() ? *layout : Layout();
}

TEST(NginxLayout, OfCombined) {
  const Layout layout =
      Nginx(R"($remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer")");
  EXPECT_EQ(layout.items, (Items{Item("", LayoutField::kIgnoredList), Item(" - ", LayoutField::kIgnored),
                                 Item(" [", LayoutField::kTimeClf), Item("] \"", LayoutField::kRequestLine),
                                 Item("\" ", LayoutField::kStatus), Item(" ", LayoutField::kBytes),
                                 Item(" \"", LayoutField::kIgnored)}));
  EXPECT_EQ(layout.tail, "\"");
  EXPECT_FALSE(layout.time_is_start);
  EXPECT_EQ(layout.escapes, Escapes::kNginx);
  EXPECT_TRUE(layout.quotes_are_escaped);
}

TEST(NginxLayout, KnowsItsEscapes) {
  EXPECT_EQ(Nginx("escape=json {\"t\":\"$msec\"}").escapes, Escapes::kJson);
  EXPECT_TRUE(Nginx("escape=json {\"t\":\"$msec\"}").quotes_are_escaped);
  EXPECT_EQ(Nginx("escape=json {\"t\":\"$msec\"}").items.front().literal, "{\"t\":\"");
  EXPECT_FALSE(Nginx("escape=none $msec").quotes_are_escaped);
  EXPECT_EQ(Nginx("escape=default $msec").escapes, Escapes::kNginx);
}

TEST(NginxLayout, TakesTheBestOfSeveralFields) {
  // The finer time, the size of the body, the request line; a port belongs to its host, a query to its path.
  const Layout layout = Nginx(
      "[$time_local] $msec ${host}:$server_port $server_name $uri$is_args$args $bytes_sent "
      "$body_bytes_sent");
  EXPECT_EQ(layout.items, (Items{Item("[", LayoutField::kIgnored), Item("] ", LayoutField::kTimeEpochSeconds),
                                 Item(" ", LayoutField::kHost), Item(" ", LayoutField::kIgnored),
                                 Item(" ", LayoutField::kPathAndArgs), Item(" ", LayoutField::kIgnoredNumber),
                                 Item(" ", LayoutField::kBytes)}));
  const Layout both = Nginx("$msec $request_method $request_uri \"$request\"");
  EXPECT_EQ(both.items[1].field, LayoutField::kIgnoredWord);
  EXPECT_EQ(both.items[2].field, LayoutField::kIgnored);
  EXPECT_EQ(both.items[3].field, LayoutField::kRequestLine);
}

TEST(NginxLayout, NamesWhatIsWrongAndWhere) {
  struct Case {
    const char* log_format;
    const char* error;
  };
  for (const Case& c : {Case{"$status $request", "the format says no date and time of a request"},
                        {"$msec $", "\"$\" at byte 7 has no name of a variable behind it"},
                        {"$msec ${host", "\"$\" at byte 7 has no name of a variable behind it"},
                        {"$msec$status",
                         "\"$status\" at byte 6 stands right behind another field: where one ends nobody "
                         "can tell"},
                        {"escape=yes $msec", "\"yes\" at byte 8 is no escape of nginx's (default, json, none)"},
                        {"", "the format says no date and time of a request"}}) {
    const auto layout = CompileNginxLayout(c.log_format);
    ASSERT_FALSE(layout.ok()) << c.log_format;
    EXPECT_EQ(std::string(layout.status().message()), c.error) << c.log_format;
  }
}

TEST(ApacheLayout, OfCombinedWithTheConfigurationsEscapes) {
  const Layout layout = Apache(R"(%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" %D)");
  EXPECT_EQ(layout.items, (Items{Item("", LayoutField::kIgnoredList), Item(" ", LayoutField::kIgnoredWord),
                                 Item(" ", LayoutField::kIgnored), Item(" [", LayoutField::kTimeClf),
                                 Item("] \"", LayoutField::kRequestLine), Item("\" ", LayoutField::kStatus),
                                 Item(" ", LayoutField::kBytes), Item(" \"", LayoutField::kIgnored),
                                 Item("\" ", LayoutField::kDurationMicros)}));
  EXPECT_TRUE(layout.time_is_start);
  EXPECT_EQ(layout.escapes, Escapes::kNone);
}

TEST(ApacheLayout, JoinsTheSplitFormsOfATime) {
  struct Case {
    const char* log_format;
    LayoutField field;
    const char* time_format;
    bool is_start;
  };
  for (const Case& c : {
           Case{"%{%Y-%m-%dT%H:%M:%S}t.%{usec_frac}t%{%z}t", LayoutField::kTimeIso, "", true},
           {"%{%d/%b/%Y %T}t.%{msec_frac}t %{%z}t", LayoutField::kTimeOther, "%d/%b/%Y %H:%M:%S.%f %z", true},
           {"%{%d/%b/%Y:%T %z}t", LayoutField::kTimeClf, "", true},
           {"%{end:%d/%b/%Y:%H:%M:%S %z}t", LayoutField::kTimeClf, "", false},
           {"%{begin:sec}t.%{begin:msec_frac}t", LayoutField::kTimeEpochSeconds, "", true},
           {"%{sec}t", LayoutField::kTimeEpochSeconds, "", true},
           {"%{end:msec}t", LayoutField::kTimeEpochMillis, "", false},
           {"%{usec}t", LayoutField::kTimeEpochMicros, "", true},
           {"%{%F}t 100%% %{%T}t", LayoutField::kTimeOther, "%Y-%m-%d 100%% %H:%M:%S", true},
       }) {
    const Layout layout = Apache(c.log_format);
    ASSERT_EQ(layout.items.size(), 1U) << c.log_format;
    EXPECT_EQ(layout.items[0].field, c.field) << c.log_format;
    EXPECT_EQ(layout.items[0].time_format, c.time_format) << c.log_format;
    EXPECT_EQ(layout.time_is_start, c.is_start) << c.log_format;
  }
}

TEST(ApacheLayout, TakesTheFinestDurationTheFinalStatusAndTheBody) {
  const Layout layout = Apache("%t %T %D %{ms}T %s/%>s %O %B %v:%p %m %U%q %X %!200,304{User-Agent}i %^FB %{Age}^to");
  EXPECT_EQ(
      layout.items,
      (Items{Item("[", LayoutField::kTimeClf), Item("] ", LayoutField::kSecondsAgain),
             Item(" ", LayoutField::kDurationMicros), Item(" ", LayoutField::kIgnoredNumber),
             Item(" ", LayoutField::kIgnoredWord), Item("/", LayoutField::kStatus),
             Item(" ", LayoutField::kIgnoredNumber), Item(" ", LayoutField::kBytes), Item(" ", LayoutField::kHost),
             Item(" ", LayoutField::kMethod), Item(" ", LayoutField::kTarget), Item(" ", LayoutField::kConnection),
             Item(" ", LayoutField::kIgnored), Item(" ", LayoutField::kIgnored), Item(" ", LayoutField::kIgnored)}));
}

TEST(ApacheLayout, NamesWhatIsWrongAndWhere) {
  struct Case {
    const char* log_format;
    const char* error;
  };
  for (const Case& c : {Case{"%h %l", "the format says no date and time of a request"},
                        {"%t %Y", "\"%Y\" at byte 4 is no directive of Apache's"},
                        {"%t %", "\"%\" at byte 4 is not whole"},
                        {"%t %{Referer", "\"%{Referer\" at byte 4 is not whole"},
                        {"%t %i", "\"%i\" at byte 4 needs a {name}"},
                        {"%t %{min}T", "\"%{min}T\" at byte 4 has no unit of Apache's (s, ms, us)"},
                        {"%{%H:%M}t", "the format says no date and time of a request"},
                        {"%{%Q}t", "\"%{%Q}t\" at byte 1 is no time: no time can be read back from \"%Q\""},
                        {"%t %>s%b",
                         "\"%b\" at byte 7 stands right behind another field: where one ends nobody can "
                         "tell"}}) {
    const auto layout = CompileApacheLayout(c.log_format);
    ASSERT_FALSE(layout.ok()) << c.log_format;
    EXPECT_EQ(std::string(layout.status().message()), c.error) << c.log_format;
  }
}

}  // namespace
}  // namespace revertd
