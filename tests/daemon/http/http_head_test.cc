// What HTTP has against a head, replies as text, and the bodies' room.
#include "daemon/http/http_head.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/http/http_body_room.h"

namespace revertd {
namespace {

using testing::HasSubstr;
using testing::Not;

using Headers = std::vector<std::pair<std::string, std::string>>;

HttpHead HeadWith(Headers headers) {
  HttpHead head;
  head.call.method = "POST";
  head.call.path = "/x";
  head.call.headers = std::move(headers);
  return head;
}

int FaultOf(const HttpHead& head) {
  const auto fault = HeadFault(head);
  return fault ? fault->status : 0;
}

TEST(HeadFault, WantsOneHost) {
  EXPECT_EQ(FaultOf(HeadWith({{"host", "a"}})), 0);
  EXPECT_EQ(FaultOf(HeadWith({})), 400);
  EXPECT_EQ(FaultOf(HeadWith({{"host", "a"}, {"host", "a"}})), 400);
  HttpHead old = HeadWith({});
  old.is_http_11 = false;
  EXPECT_EQ(FaultOf(old), 0);
  old.call.headers = {{"host", "a"}, {"host", "b"}};
  EXPECT_EQ(FaultOf(old), 400);
}

TEST(HeadFault, WantsALengthThatAllReadersReadTheSame) {
  EXPECT_EQ(FaultOf(HeadWith({{"host", "a"}, {"content-length", "1"}, {"content-length", "1"}})), 400);
  HttpHead both = HeadWith({{"host", "a"}, {"content-length", "1"}, {"transfer-encoding", "chunked"}});
  both.is_chunked = true;
  EXPECT_EQ(FaultOf(both), 400);
  HttpHead chunked = HeadWith({{"host", "a"}, {"transfer-encoding", "Chunked"}});
  chunked.is_chunked = true;
  EXPECT_EQ(FaultOf(chunked), 0);
  chunked.is_http_11 = false;
  EXPECT_EQ(FaultOf(chunked), 400);
  HttpHead twice = HeadWith({{"host", "a"}, {"transfer-encoding", "gzip, chunked"}});
  twice.is_chunked = true;
  EXPECT_EQ(FaultOf(twice), 501);
  EXPECT_EQ(FaultOf(HeadWith({{"host", "a"}, {"transfer-encoding", "gzip"}})), 501);
}

TEST(HeadFault, WantsAPathAndFewFields) {
  HttpHead no_path = HeadWith({{"host", "a"}});
  no_path.call.path = "";
  EXPECT_EQ(FaultOf(no_path), 400);
  Headers headers = {{"host", "a"}};
  headers.resize(kHttpFieldsMax, {"x", "y"});
  EXPECT_EQ(FaultOf(HeadWith(headers)), 0);
  headers.emplace_back("x", "y");
  EXPECT_EQ(FaultOf(HeadWith(headers)), 431);
}

TEST(BodyFault, NamesLengthEncodingAndExpectation) {
  const auto fault = [](Headers headers, uint64_t length, bool takes_encoded = false) {
    HttpHead head = HeadWith(std::move(headers));
    head.content_length = length;
    const auto reply = BodyFault(head, 100, takes_encoded);
    return reply ? reply->status : 0;
  };
  EXPECT_EQ(fault({}, 100), 0);
  EXPECT_EQ(fault({}, 101), 413);
  EXPECT_EQ(fault({{"content-encoding", "gzip"}}, 10), 415);
  EXPECT_EQ(fault({{"content-encoding", "Identity"}}, 10), 0);
  EXPECT_EQ(fault({{"content-encoding", "identity"}, {"content-encoding", "br"}}, 10), 415);
  EXPECT_EQ(fault({{"content-encoding", "gzip"}}, 10, true), 0);
  EXPECT_EQ(fault({{"expect", "100-Continue"}}, 10), 0);
  EXPECT_EQ(fault({{"expect", "a miracle"}}, 10), 417);
}

TEST(ReplyHeadText, CarriesTypeLengthAndCaution) {
  const std::string text = ReplyHeadText({.body = "12345"}, HttpFraming::kLength, true);
  EXPECT_EQ(text,
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5\r\nCache-Control: no-store\r\n"
            "X-Content-Type-Options: nosniff\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_THAT(ReplyHeadText({}, HttpFraming::kChunked, false),
              testing::AllOf(HasSubstr("Transfer-Encoding: chunked\r\n"), HasSubstr("Connection: close\r\n"),
                             Not(HasSubstr("Content-Length"))));
  EXPECT_THAT(ReplyHeadText({.status = 204}, HttpFraming::kLength, true), Not(HasSubstr("\r\nContent-")));
  EXPECT_THAT(ReplyHeadText({.status = 799}, HttpFraming::kLength, true), HasSubstr("HTTP/1.1 799 \r\n"));
}

TEST(ReplyHeadText, LetsNoValueBeginAHeader) {
  const std::string text =
      ReplyHeadText({.headers = {{"Location", "/a\r\nSet-Cookie: x"}}}, HttpFraming::kLength, true);
  EXPECT_THAT(text, HasSubstr("Location: /a  Set-Cookie: x\r\n"));
}

TEST(ReplyHeadText, AReplysOwnCacheControlReplacesOurs) {
  const std::string text = ReplyHeadText({.headers = {{"cache-control", "max-age=60"}}}, HttpFraming::kLength, true);
  EXPECT_THAT(text, testing::AllOf(HasSubstr("max-age=60"), Not(HasSubstr("no-store"))));
}

TEST(ChunkText, CountsInHexadecimal) {
  EXPECT_EQ(ChunkText("abc"), "3\r\nabc\r\n");
  EXPECT_EQ(ChunkText(std::string(31, 'x')).substr(0, 4), "1f\r\n");
}

TEST(BodyRoom, SharesNeverHoldMoreThanThereIs) {
  BodyRoom room(100);
  {
    BodyRoom::Share one(&room);
    BodyRoom::Share two(&room);
    EXPECT_TRUE(one.Resize(60));
    EXPECT_FALSE(two.Resize(41));
    EXPECT_TRUE(two.Resize(40));
    EXPECT_FALSE(one.Resize(61));
    EXPECT_FALSE(one.Resize(size_t{0} - 1));
    EXPECT_EQ(room.bytes(), 100U);
    one.Release();
    EXPECT_TRUE(two.Resize(100));
  }
  EXPECT_EQ(room.bytes(), 0U);
}

}  // namespace
}  // namespace revertd
