#include "actions/health_json.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "base/json_pointer.h"
#include "base/json_writer.h"
#include "base/strings.h"

namespace revertd {
namespace {

// The value at `pointer`, as text; "-": not there; "{}": an object or array.
std::string TextAt(std::string_view body, std::string_view pointer) {
  const HealthJson json(body);
  EXPECT_TRUE(json.status().ok()) << body << " " << json.status();
  const auto value = json.Find(*ParseJsonPointer(pointer));
  return value ? value->Text().value_or("{}") : "-";
}

bool EqualsAt(std::string_view body, std::string_view expected) {
  const HealthJson json(body);
  const auto value = json.Find({});
  return value && value->Equals(expected);
}

std::optional<double> NumberOf(std::string_view body) {
  const HealthJson json(body);
  const auto value = json.Find({});
  return value ? value->Number() : std::nullopt;
}

TEST(HealthJson, ExamplesOfTheStandardOfPointers) {
  constexpr std::string_view kBody =
      R"({"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\j":5,"k\"l":6," ":7,"m~n":8})";
  EXPECT_EQ(TextAt(kBody, ""), "{}");
  EXPECT_EQ(TextAt(kBody, "/foo"), "{}");
  EXPECT_EQ(TextAt(kBody, "/foo/0"), "bar");
  EXPECT_EQ(TextAt(kBody, "/"), "0");
  EXPECT_EQ(TextAt(kBody, "/a~1b"), "1");
  EXPECT_EQ(TextAt(kBody, "/c%d"), "2");
  EXPECT_EQ(TextAt(kBody, "/i\\j"), "5");
  EXPECT_EQ(TextAt(kBody, "/k\"l"), "6");
  EXPECT_EQ(TextAt(kBody, "/ "), "7");
  EXPECT_EQ(TextAt(kBody, "/m~0n"), "8");
}

TEST(HealthJson, AnItemHasOneNameAndNoOther) {
  for (const std::string pointer : {"/2", "/-", "/00", "/01", "/+1", "/-1", "/1.0", "/", "/x", "/0/0",
                                    "/18446744073709551616", "/18446744073709551615"}) {
    EXPECT_EQ(TextAt("[10,11]", pointer), "-") << pointer;
  }
  EXPECT_EQ(TextAt("[10,11]", "/1"), "11");
  EXPECT_EQ(TextAt(R"({"01":"member"})", "/01"), "member");
}

TEST(HealthJson, TheLastOfTwoOfANameIsTaken) {
  EXPECT_EQ(TextAt(R"({"a":1,"b":2,"a":3})", "/a"), "3");
  EXPECT_EQ(TextAt(R"({"a":{"x":1},"a":{"y":2}})", "/a/x"), "-");
}

TEST(HealthJson, NamesAreComparedWithoutTheirEscapes) {
  EXPECT_EQ(TextAt(R"({"\u0061\/b":1})", "/a~1b"), "1");
  EXPECT_EQ(TextAt(R"({"\u00fc":"\u00fc"})", "/\xC3\xBC"), "\xC3\xBC");
}

TEST(HealthJson, LiteralsHaveTheirWordAsText) {
  EXPECT_EQ(TextAt("true", ""), "true");
  EXPECT_EQ(TextAt("false", ""), "false");
  EXPECT_EQ(TextAt("null", ""), "null");
  EXPECT_EQ(TextAt("[null]", "/0"), "null");
  EXPECT_TRUE(EqualsAt("true", "true"));
  EXPECT_FALSE(EqualsAt("true", "True"));
  EXPECT_TRUE(EqualsAt("\"true\"", "true")) << "a text that says so is as good";
}

TEST(HealthJson, NumbersAreEqualByValue) {
  for (const std::string five : {"5", "5.0", "5e0", "0.5e1", "50E-1"}) {
    EXPECT_TRUE(EqualsAt(five, "5")) << five;
    EXPECT_TRUE(EqualsAt(five, "5.0")) << five;
  }
  EXPECT_FALSE(EqualsAt("5", "five"));
  EXPECT_FALSE(EqualsAt("5", ""));
  EXPECT_FALSE(EqualsAt("5.1", "5"));
  EXPECT_TRUE(EqualsAt("-0.0", "0"));
  EXPECT_TRUE(EqualsAt("\"5\"", "5"));
  EXPECT_FALSE(EqualsAt("\"5.0\"", "5")) << "a text is compared as text";
  EXPECT_FALSE(EqualsAt("[5]", "5"));
}

TEST(HealthJson, WholeNumbersAreExactToSixtyFourBits) {
  EXPECT_TRUE(EqualsAt("9007199254740993", "9007199254740993"));
  EXPECT_FALSE(EqualsAt("9007199254740993", "9007199254740992")) << "the same as a double";
  EXPECT_TRUE(EqualsAt("-9223372036854775808", "-9223372036854775808"));
  EXPECT_FALSE(EqualsAt("-9223372036854775808", "-9223372036854775807"));
  EXPECT_TRUE(EqualsAt("18446744073709551615", "18446744073709551615"));
  EXPECT_FALSE(EqualsAt("18446744073709551615", "18446744073709551614"));
}

TEST(HealthJson, LongerIntegersDoNotSpoilTheBody) {
  constexpr std::string_view kBody =
      R"({"supply":123456789012345678901234567890,"low":-99999999999999999999,"text":"12345678901234567890123\"",)"
      R"("exact":1234567890123456789,"list":[18446744073709551616],"status":"ok"})";
  EXPECT_EQ(TextAt(kBody, "/status"), "ok");
  EXPECT_EQ(TextAt(kBody, "/text"), "12345678901234567890123\"");
  EXPECT_EQ(TextAt(kBody, "/list/0"), "18446744073709551616");
  EXPECT_EQ(NumberOf("123456789012345678901234567890"), 123456789012345678901234567890.0);
  EXPECT_EQ(NumberOf("-99999999999999999999"), -1e20);
}

TEST(HealthJson, ATextThatIsANumberIsOne) {
  EXPECT_EQ(NumberOf("\"12.5\""), 12.5);
  EXPECT_EQ(NumberOf("12.5"), 12.5);
  EXPECT_EQ(NumberOf("-3"), -3);
  EXPECT_EQ(NumberOf("18446744073709551615"), 18446744073709551615.0);
  for (const std::string no : {"\"12 \"", "\"\"", "\"NaN\"", "\"inf\"", "\"0x10\"", "true", "null", "[1]", "{}"}) {
    EXPECT_EQ(NumberOf(no), std::nullopt) << no;
  }
}

TEST(HealthJson, WhatIsNoJsonIsSaid) {
  for (const std::string body : {"", " ", "{", "{}x", "{'a':1}", "NaN", "[NaN]", "Infinity", "[1,]", "01", "+1",
                                 "1e999", "\"\xFC\"", "\"\n\"", "<html>", "[\"\\x\"]", "[123456789012345678901234e]"}) {
    const HealthJson json(body);
    EXPECT_TRUE(absl::IsInvalidArgument(json.status())) << body;
    EXPECT_EQ(json.Find({}), std::nullopt);
  }
  EXPECT_TRUE(HealthJson("\xEF\xBB\xBF{\"a\":1}").status().ok()) << "a byte order mark";
  EXPECT_FALSE(HealthJson("\xEF\xBB\xBF").status().ok());
}

TEST(HealthJson, DepthIsBounded) {
  const auto nested = [](size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(HealthJson(nested(kHealthJsonDepthMax - 1)).status().ok());
  EXPECT_FALSE(HealthJson(nested(kHealthJsonDepthMax + 1)).status().ok());
  EXPECT_FALSE(HealthJson(nested(1'000'000)).status().ok());
}

// The slow witness: a tree of values, walked as RFC 6901 says it, and each text written by hand.
struct Tree {
  enum class Kind { kText, kNumber, kArray, kObject } kind = Kind::kText;
  std::string text;
  std::vector<std::string> names;  // an array's are their places
  std::vector<Tree> children;      // as names
};

Tree RandomTree(std::mt19937& random, int depth) {
  static const std::vector<std::string> kNames = {"", "a", "b", "~", "/", "~1", "a/b", "0", "1", "-", "\"", "\xC3\xBC"};
  Tree tree;
  tree.kind = static_cast<Tree::Kind>(random() % (depth == 0 ? 2 : 4));
  tree.text = tree.kind == Tree::Kind::kNumber ? std::to_string(random() % 100) : kNames[random() % kNames.size()];
  if (tree.kind == Tree::Kind::kText || tree.kind == Tree::Kind::kNumber) return tree;
  for (size_t i = random() % 4; i > 0; --i) {
    const bool is_array = tree.kind == Tree::Kind::kArray;
    const std::string name = is_array ? std::to_string(tree.children.size()) : kNames[random() % kNames.size()];
    tree.names.push_back(name);
    tree.children.push_back(RandomTree(random, depth - 1));
  }
  return tree;
}

void Write(const Tree& tree, std::string* out) {
  const bool is_array = tree.kind == Tree::Kind::kArray;
  if (tree.kind == Tree::Kind::kNumber) *out += tree.text;
  if (tree.kind == Tree::Kind::kText) AppendJsonString(*out, tree.text);
  if (tree.kind != Tree::Kind::kArray && tree.kind != Tree::Kind::kObject) return;
  *out += is_array ? "[" : "{";
  for (size_t i = 0; i < tree.children.size(); ++i) {
    if (i > 0) *out += " , ";
    if (!is_array) AppendJsonString(*out, tree.names[i]);
    if (!is_array) *out += ":";
    Write(tree.children[i], out);
  }
  *out += is_array ? "]" : "}";
}

void ReplaceAll(std::string_view from, std::string_view to, std::string* text) {
  for (size_t at = text->find(from); at != std::string::npos; at = text->find(from, at + to.size())) {
    text->replace(at, from.size(), to);
  }
}

std::string SlowTextAt(const Tree& tree, std::string_view pointer) {
  const bool is_leaf = tree.kind == Tree::Kind::kText || tree.kind == Tree::Kind::kNumber;
  if (pointer.empty()) return is_leaf ? tree.text : "{}";
  pointer.remove_prefix(1);
  const size_t end = std::min(pointer.find('/'), pointer.size());
  std::string name(pointer.substr(0, end));
  ReplaceAll("~1", "/", &name);  // in this order, says the standard
  ReplaceAll("~0", "~", &name);
  for (size_t i = tree.names.size(); i-- > 0;) {
    if (tree.names[i] == name) return SlowTextAt(tree.children[i], pointer.substr(end));
  }
  return "-";
}

TEST(HealthJson, PointersAgreeWithASlowWalk) {
  constexpr unsigned kSeed = 20261205;
  static const std::vector<std::string> kParts = {"",     "a", "b", "~0", "~1", "~01",
                                                  "a~1b", "0", "1", "-",  "\"", "\xC3\xBC"};
  std::mt19937 random(kSeed);
  int found = 0;
  for (int round = 0; round < 5000; ++round) {
    const Tree tree = RandomTree(random, 4);
    std::string body;
    Write(tree, &body);
    for (int i = 0; i < 20; ++i) {
      std::string pointer;
      for (size_t parts = random() % 4; parts > 0; --parts) pointer += "/" + kParts[random() % kParts.size()];
      const std::string expected = SlowTextAt(tree, pointer);
      ASSERT_EQ(TextAt(body, pointer), expected)
          << "seed " << kSeed << " round " << round << " " << body << " " << pointer;
      found += expected != "-" && !pointer.empty() ? 1 : 0;
    }
  }
  EXPECT_GT(found, 1000) << "the walk must meet something";
}

}  // namespace
}  // namespace revertd
