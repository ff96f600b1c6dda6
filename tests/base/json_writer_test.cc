#include "base/json_writer.h"

#include <gtest/gtest.h>

#include <charconv>
#include <cmath>
#include <limits>
#include <random>

namespace revertd {
namespace {

std::string Quoted(std::string_view text) {
  std::string json;
  AppendJsonString(json, text);
  return json;
}

TEST(JsonWriter, PutsCommasWhereTheyBelong) {
  JsonWriter json;
  json.BeginObject()
      .Field("event", "verdict")
      .Field("time_ns", int64_t{-5})
      .Field("lines", uint64_t{18446744073709551615U})
      .Field("ok", true)
      .Field("rate", 0.5);
  json.Key("signals").BeginArray().BeginObject().EndObject().Integer(1).BeginArray().EndArray().EndArray();
  json.Key("raw").Raw("{\"a\":1}").EndObject();
  EXPECT_EQ(json.text(),
            "{\"event\":\"verdict\",\"time_ns\":-5,\"lines\":18446744073709551615,\"ok\":true,\"rate\":0.5,"
            "\"signals\":[{},1,[]],\"raw\":{\"a\":1}}");
  json.Clear();
  json.BeginArray().EndArray();
  EXPECT_EQ(json.text(), "[]");
  EXPECT_EQ(json.Take(), "[]");
}

TEST(JsonWriter, AWriterThatWasTakenFromStartsAnew) {
  JsonWriter json;
  json.BeginObject().EndObject();
  EXPECT_EQ(json.Take(), "{}");
  json.BeginObject().EndObject();
  EXPECT_EQ(json.Take(), "{}");
}

TEST(JsonWriter, NumbersReadBackEqual) {
  constexpr uint64_t kSeed = 41;
  std::mt19937_64 random(kSeed);
  for (int i = 0; i < 10'000; ++i) {
    const double value = std::ldexp(static_cast<double>(random()), static_cast<int>(random() % 400) - 200);
    JsonWriter json;
    json.Number(value);
    double back = 0;
    std::from_chars(json.text().data(), json.text().data() + json.text().size(), back);
    ASSERT_EQ(back, value) << json.text() << " seed " << kSeed;
  }
  for (const double value : {std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity(),
                             std::numeric_limits<double>::quiet_NaN()}) {
    JsonWriter json;
    json.Number(value);
    EXPECT_EQ(json.text(), "null");
  }
}

TEST(JsonString, EscapesWhatJsonForbids) {
  EXPECT_EQ(Quoted("a\"b\\c/d"), R"("a\"b\\c/d")");
  EXPECT_EQ(Quoted(std::string_view("\0\x01\n\r\t\x1f\x7f", 7)), "\"\\u0000\\u0001\\n\\r\\t\\u001f\x7f\"");
}

TEST(JsonString, KeepsUtf8AndReplacesTheRest) {
  struct Case {
    std::string_view text;
    std::string_view quoted;
  };
  for (const Case& c : {Case{"\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80", "\"\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80\""},
                        {"\xED\x9F\xBF\xF4\x8F\xBF\xBF", "\"\xED\x9F\xBF\xF4\x8F\xBF\xBF\""},
                        {"\xE9", "\"?\""},                 // Latin 1
                        {"\xC0\xAF", "\"??\""},            // overlong
                        {"\xED\xA0\x80", "\"???\""},       // a surrogate
                        {"\xF4\x90\x80\x80", "\"????\""},  // beyond Unicode
                        {"a\xE2\x82z", "\"a??z\""}}) {     // cut short
    std::string wanted;
    for (const char byte : c.quoted) {
      if (byte == '?') {
        wanted += "\xEF\xBF\xBD";
      } else {
        wanted += byte;
      }
    }
    EXPECT_EQ(Quoted(c.text), wanted);
  }
}

}  // namespace
}  // namespace revertd
