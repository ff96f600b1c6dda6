// Bodies as SDKs and proxies code them: what one library packs comes out as it was, within its bound, and what is
// broken is named.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <random>
#include <string>
#include <string_view>

#include "base/strings.h"
#include "ingest/sentry/base64.h"
#include "ingest/sentry/content_coding.h"

namespace revertd {
namespace {

using ::testing::HasSubstr;

constexpr size_t kMax = 4 * 1024 * 1024;
constexpr int kZlib = 15;
constexpr int kGzip = 31;
constexpr int kRaw = -15;
// Brotli's own stream of a stored block: window, length 6 in a block that is not compressed, the bytes, the end.
constexpr std::string_view kBrotliHello = "\x0b\x02\x80hello\x03";

std::string Deflated(std::string text, int window_bits) {
  z_stream stream = {};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, text.size()) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(text.data());
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string Zstd(const std::string& text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

std::string Words(size_t bytes) {
  std::mt19937 random(20261123);
  std::string text;
  while (text.size() < bytes) text += "word" + std::to_string(random() % 1000) + " ";
  return text;
}

TEST(SentryCoding, WhatWasPackedComesOutAsItWas) {
  for (const size_t bytes : {size_t{0}, size_t{1}, size_t{300}, size_t{1'000'000}}) {
    const std::string text = Words(bytes);
    EXPECT_EQ(DecodeBody("", text, kMax).value(), text);
    EXPECT_EQ(DecodeBody("identity", text, kMax).value(), text);
    EXPECT_EQ(DecodeBody("gzip", Deflated(text, kGzip), kMax).value(), text);
    EXPECT_EQ(DecodeBody(" X-GZip ", Deflated(text, kGzip), kMax).value(), text);
    EXPECT_EQ(DecodeBody("deflate", Deflated(text, kZlib), kMax).value(), text);
    EXPECT_EQ(DecodeBody("deflate", Deflated(text, kRaw), kMax).value(), text);
    EXPECT_EQ(DecodeBody("zstd", Zstd(text), kMax).value(), text);
    EXPECT_EQ(DecodeBody("deflate, zstd", Zstd(Deflated(text, kZlib)), kMax).value(), text);
    EXPECT_EQ(DecodeBody("gzip", Deflated(text, kGzip) + Deflated("more", kGzip), kMax).value(), text + "more");
  }
}

TEST(SentryCoding, MoreThanTheBoundIsNotDecoded) {
  const std::string zeros(100'000, '\0');
  for (const auto& [coding, body] : {std::pair<std::string, std::string>{"gzip", Deflated(zeros, kGzip)},
                                     {"deflate", Deflated(zeros, kRaw)},
                                     {"zstd", Zstd(zeros)},
                                     {"", zeros}}) {
    EXPECT_TRUE(DecodeBody(coding, body, zeros.size()).ok()) << coding;
    const StatusOr<std::string> decoded = DecodeBody(coding, body, zeros.size() - 1);
    ASSERT_FALSE(decoded.ok()) << coding;
    EXPECT_EQ(decoded.status().code(), absl::StatusCode::kFailedPrecondition) << coding;
  }
}

TEST(SentryCoding, WhatIsCutOrBrokenIsNamedWithItsByte) {
  const std::string text = Words(5'000);
  for (const auto& [coding, body] : {std::pair<std::string, std::string>{"gzip", Deflated(text, kGzip)},
                                     {"deflate", Deflated(text, kZlib)},
                                     {"zstd", Zstd(text)}}) {
    for (const std::string& bad : {body.substr(0, body.size() / 2), std::string(), "text" + body, body + "x"}) {
      const StatusOr<std::string> decoded = DecodeBody(coding, bad, kMax);
      ASSERT_FALSE(decoded.ok()) << coding;
      EXPECT_EQ(decoded.status().code(), absl::StatusCode::kInvalidArgument);
      EXPECT_THAT(std::string(MessageOf(decoded.status())), HasSubstr(coding + ": broken at byte"));
    }
  }
  EXPECT_THAT(std::string(MessageOf(DecodeBody("br", "text", kMax).status())), HasSubstr("br: broken at byte"));
  EXPECT_THAT(std::string(MessageOf(DecodeBody("lzma", text, kMax).status())), HasSubstr("lzma"));
  EXPECT_FALSE(DecodeBody("gzip,gzip,gzip,gzip,gzip", text, kMax).ok());
}

TEST(SentryCoding, BrotliIsRead) { EXPECT_EQ(DecodeBody("br", std::string(kBrotliHello), kMax).value(), "hello"); }

TEST(SentryCoding, Base64OfBothAlphabetsIsRead) {
  EXPECT_EQ(DecodeBase64("aGVsbG8="), "hello");
  EXPECT_EQ(DecodeBase64("aGVs\r\nbG8"), "hello");
  EXPECT_EQ(DecodeBase64("-_-_"), DecodeBase64("+/+/"));
  EXPECT_EQ(DecodeBase64(""), "");
  for (const std::string_view bad : {"a", "a=b=", "aGVs!"}) EXPECT_FALSE(DecodeBase64(bad)) << bad;
}

}  // namespace
}  // namespace revertd
