#include "base/json_pointer.h"

#include <gtest/gtest.h>

namespace revertd {
namespace {

using Names = std::vector<std::string>;

// The examples of RFC 6901, chapter 5.
TEST(JsonPointer, ExamplesOfTheStandard) {
  EXPECT_EQ(*ParseJsonPointer(""), Names{});
  EXPECT_EQ(*ParseJsonPointer("/foo"), Names{"foo"});
  EXPECT_EQ(*ParseJsonPointer("/foo/0"), (Names{"foo", "0"}));
  EXPECT_EQ(*ParseJsonPointer("/"), Names{""});
  EXPECT_EQ(*ParseJsonPointer("/a~1b"), Names{"a/b"});
  EXPECT_EQ(*ParseJsonPointer("/c%d"), Names{"c%d"});
  EXPECT_EQ(*ParseJsonPointer("/ "), Names{" "});
  EXPECT_EQ(*ParseJsonPointer("/m~0n"), Names{"m~n"});
  EXPECT_EQ(*ParseJsonPointer("/~01/~10//"), (Names{"~1", "/0", "", ""}));
}

TEST(JsonPointer, WhatIsNoneIsRefused) {
  for (const std::string pointer : {"foo", "#/foo", " /foo", "/~", "/a~", "/~2", "/a/b~x"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParseJsonPointer(pointer).status())) << pointer;
  }
  EXPECT_TRUE(ParseJsonPointer("/" + std::string(kJsonPointerBytesMax - 1, 'a')).ok());
  EXPECT_FALSE(ParseJsonPointer("/" + std::string(kJsonPointerBytesMax, 'a')).ok());
}

}  // namespace
}  // namespace revertd
