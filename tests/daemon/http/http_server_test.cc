// Requests and replies over real sockets.
#include "daemon/http/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/daemon/http/caller.h"

namespace revertd {
namespace {

using testing::HasSubstr;
using testing::Not;

class Server : public testing::Test {
 protected:
  // The status of the only reply to `request`, after which the server closes.
  int RefusalOf(std::string_view request) {
    SocketCaller caller = server_.Connect();
    caller.Send(request);
    const auto reply = caller.Read();
    EXPECT_TRUE(reply.has_value());
    if (!reply) return 0;
    EXPECT_THAT(reply->head, HasSubstr("Connection: close")) << reply->head;
    EXPECT_THAT(reply->body, testing::StartsWith(R"({"error":{"code":")"));
    caller.HalfClose();
    EXPECT_EQ(caller.ReadToEnd().value_or("still open"), "");
    return reply->status;
  }

  ScriptedHandler handler_;
  RunningServer server_{&handler_, {.poll_every = 10 * kMillisecondNs}};
};

TEST_F(Server, HandsOverMethodPathQueryHeadersAndBody) {
  SocketCaller caller = server_.Connect();
  caller.Send(Post("/v1/a%20b?x=1&y=%26", "{\"k\":1}", "ACCEPT:   text/plain  \r\n"));
  const auto reply = caller.Read();
  ASSERT_TRUE(reply.has_value());
  EXPECT_EQ(reply->status, 200);
  EXPECT_EQ(reply->body, R"({"method":"POST","path":"/v1/a b","body":"{\"k\":1}",)"
                         R"("query":{"x":"1","y":"&"},"accept":"text/plain"})");
  EXPECT_THAT(reply->head,
              AllOf(HasSubstr("Content-Type: application/json\r\n"), HasSubstr("Cache-Control: no-store\r\n"),
                    HasSubstr("X-Content-Type-Options: nosniff\r\n")));
}

TEST_F(Server, AnswersManyRequestsOfOneConnection) {
  SocketCaller caller = server_.Connect();
  for (int i = 0; i < 100; ++i) {
    caller.Send(Get("/" + std::to_string(i)));
    const auto reply = caller.Read();
    ASSERT_TRUE(reply.has_value());
    EXPECT_THAT(reply->body, HasSubstr("\"path\":\"/" + std::to_string(i) + "\""));
  }
  EXPECT_EQ(server_.counters().connections, 1U);
  EXPECT_EQ(server_.counters().requests, 100U);
}

TEST_F(Server, AnswersPipelinedRequestsInOrder) {
  SocketCaller caller = server_.Connect();
  caller.Send(Get("/one") + Post("/two", "body") + Get("/three", "Connection: close\r\n"));
  EXPECT_THAT(caller.Read().value_or(ReadReply{}).body, HasSubstr("/one"));
  EXPECT_THAT(caller.Read().value_or(ReadReply{}).body, AllOf(HasSubstr("/two"), HasSubstr("\"body\":\"body\"")));
  EXPECT_THAT(caller.Read().value_or(ReadReply{}).body, HasSubstr("/three"));
  caller.HalfClose();
  EXPECT_EQ(caller.ReadToEnd().value_or("still open"), "");
}

TEST_F(Server, ReadsARequestByteByByte) {
  SocketCaller caller = server_.Connect();
  for (const char c : Post("/slow", "abc") + Get("/next")) ASSERT_TRUE(caller.Send({&c, 1}));
  EXPECT_THAT(caller.Read().value_or(ReadReply{}).body, HasSubstr(R"("body":"abc")"));
  EXPECT_THAT(caller.Read().value_or(ReadReply{}).body, HasSubstr("/next"));
}

TEST_F(Server, ReadsChunksAndTrailers) {
  SocketCaller caller = server_.Connect();
  caller.Send(
      "POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\nA\r\n0123456789\r\n0\r\nContent-Type: late\r\n\r\n" +
      Get("/next"));
  EXPECT_THAT(caller.Read().value_or(ReadReply{}).body, HasSubstr(R"("body":"abc0123456789")"));
  EXPECT_THAT(caller.Read().value_or(ReadReply{}).body, HasSubstr("/next"));
}

TEST_F(Server, ReadsAnEmptyBodyOfChunksByteByByte) {
  SocketCaller caller = server_.Connect();
  const std::string request = "POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
  for (const char c : request + Get("/next")) ASSERT_TRUE(caller.Send({&c, 1}));
  EXPECT_THAT(caller.Read().value_or(ReadReply{}).body, HasSubstr(R"("body":"")"));
  EXPECT_THAT(caller.Read().value_or(ReadReply{}).body, HasSubstr("/next"));
}

TEST_F(Server, SaysContinueOnceTheHandlerAdmits) {
  SocketCaller caller = server_.Connect();
  caller.Send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(caller.Read(false).value_or(ReadReply{}).status, 100);
  EXPECT_EQ(handler_.admits, 1);
  caller.Send("ok");
  EXPECT_THAT(caller.Read().value_or(ReadReply{}).body, HasSubstr(R"("body":"ok")"));

  handler_.admits = 0;
  EXPECT_EQ(RefusalOf("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2000\r\nExpect: 100-continue\r\n\r\n"), 413);
}

TEST_F(Server, AHeadRequestIsAGetWithoutTheBody) {
  SocketCaller caller = server_.Connect();
  caller.Send("HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n" + Get("/x"));
  const auto head = caller.Read(false);
  const auto get = caller.Read();
  ASSERT_TRUE(head && get);
  EXPECT_EQ(head->head, get->head);
  EXPECT_THAT(get->body, HasSubstr(R"("method":"GET")"));
}

TEST_F(Server, AnOlderCallerIsAnsweredOnceUnlessItAsksForMore) {
  SocketCaller once = server_.Connect();
  once.Send("GET /x HTTP/1.0\r\n\r\n");
  EXPECT_THAT(once.ReadAtLeast(1), AllOf(HasSubstr("Connection: close"), HasSubstr("\"/x\"")));
  EXPECT_TRUE(once.IsEnded());
  SocketCaller more = server_.Connect();
  more.Send("GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_THAT(more.Read().value_or(ReadReply{}).head, HasSubstr("Connection: keep-alive"));
  more.Send("GET /y HTTP/1.0\r\n\r\n");
  EXPECT_THAT(more.Read().value_or(ReadReply{}).body, HasSubstr("/y"));
}

TEST_F(Server, RefusesWhatIsNotHttp) {
  for (const std::string_view request : {
           "GET / HTTP/1.1\r\n\r\n",                                     // no Host
           "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",               // two
           "GET / HTTP/2.0\r\nHost: a\r\n\r\n",                          //
           "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",                           //
           "GET /\r\n\r\n",                                              //
           "nonsense\r\n\r\n",                                           //
           "GET /../etc HTTP/1.1\r\nHost: a\r\n\r\n",                    //
           "GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n",                       //
           "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n",                  // we are no proxy
           "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",                      //
           "GET / HTTP/1.1\r\nHost : a\r\n\r\n",                         //
           "GET / HTTP/1.1\r\nHost: a\r\nX: \x01\r\n\r\n",               //
           "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",    //
           "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 2\r\n\r\n",  //
           "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n6;x=\"y\r\n0\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n6;x=y\r\nabcdef\r\n0\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n6 \r\nabcdef\r\n0\r\n\r\n",
           "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       }) {
    EXPECT_EQ(RefusalOf(request), 400) << request;
  }
  EXPECT_EQ(handler_.answers, 0);
  EXPECT_EQ(server_.counters().requests_bad, 22U);
  EXPECT_EQ(RefusalOf("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"), 501);
  EXPECT_EQ(server_.Connect().is_connected(), true);
}

TEST_F(Server, RefusesALargeHead) {
  const size_t limit = HttpServerLimits{}.header_bytes_max;
  const std::string fits = Get("/", "X: " + std::string(limit - Get("/", "X: \r\n").size(), 'x') + "\r\n");
  ASSERT_EQ(fits.size(), limit);
  SocketCaller caller = server_.Connect();
  caller.Send(fits);
  EXPECT_EQ(caller.Read().value_or(ReadReply{}).status, 200);
  EXPECT_EQ(RefusalOf(Get("/", "X: " + std::string(limit, 'x') + "\r\n")), 431);
  EXPECT_EQ(RefusalOf("GET /" + std::string(limit, 'x')), 431);
  std::string many;
  for (int i = 0; i < 200; ++i) many += "a: b\r\n";
  EXPECT_EQ(RefusalOf(Get("/", many)), 431);
}

TEST_F(Server, RefusesALargeBodyByItsLengthAndByItsChunks) {
  SocketCaller caller = server_.Connect();
  caller.Send(Post("/", std::string(1024, 'x')));
  EXPECT_EQ(caller.Read().value_or(ReadReply{}).status, 200);
  EXPECT_EQ(RefusalOf(Post("/", std::string(1025, 'x'))), 413);
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  caller.Send(head + "200\r\n" + std::string(512, 'x') + "\r\n200\r\n" + std::string(512, 'x') + "\r\n0\r\n\r\n");
  EXPECT_EQ(caller.Read().value_or(ReadReply{}).status, 200);
  EXPECT_EQ(RefusalOf(head + "200\r\n" + std::string(512, 'x') + "\r\n201\r\n"), 413);
  EXPECT_EQ(RefusalOf(head + "fffffffffffffff\r\n"), 413);
  EXPECT_EQ(server_.counters().bodies_too_large, 3U);
}

TEST_F(Server, RefusesAnEncodedBody) {
  EXPECT_EQ(RefusalOf(Post("/x", "\x1f\x8b", "Content-Encoding: gzip\r\n")), 415);
  SocketCaller caller = server_.Connect();
  caller.Send(Post("/encoded", "xyz", "Content-Encoding: gzip\r\n"));
  EXPECT_THAT(caller.Read().value_or(ReadReply{}).body, HasSubstr(R"("body":"xyz")"));
}

TEST_F(Server, RefusesAGigabyteWithoutReadingIt) {
  handler_.admit = [](const HttpCall& /*head*/) -> std::variant<size_t, HttpReply> {
    return HttpError(401, "unauthorized", "a token expected");
  };
  SocketCaller caller = server_.Connect();
  caller.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1073741824\r\n\r\n");
  const std::string piece(1 << 16, 'x');
  size_t sent = 0;
  // Sends on and on, as a caller that looks for a reply only at the end does.
  while (sent < (size_t{1} << 30) && caller.Send(piece)) sent += piece.size();
  EXPECT_LT(sent, size_t{64} << 20);  // the kernel's own buffers, and what is forgotten while we linger
  EXPECT_EQ(caller.Read().value_or(ReadReply{}).status, 401);
  EXPECT_EQ(handler_.answers, 0);
  EXPECT_TRUE(Soon([this] { return server_.counters().connections_now == 0; }));
}

TEST_F(Server, ARefusedCallWithoutABodyKeepsItsConnection) {
  handler_.admit = [](const HttpCall& head) -> std::variant<size_t, HttpReply> {
    if (head.path == "/no") return HttpError(403, "forbidden", "no");
    return size_t{10};
  };
  SocketCaller caller = server_.Connect();
  caller.Send(Get("/no") + Get("/yes"));
  EXPECT_EQ(caller.Read().value_or(ReadReply{}).status, 403);
  EXPECT_EQ(caller.Read().value_or(ReadReply{}).status, 200);
  EXPECT_EQ(RefusalOf(Post("/no", "x")), 403);
}

TEST_F(Server, AReplyMayEndItsConnection) {
  handler_.answer = [](const HttpCall& /*call*/) -> HttpAnswer { return HttpReply{.status = 204, .close = true}; };
  SocketCaller caller = server_.Connect();
  caller.Send(Get("/"));
  const auto reply = caller.Read();
  EXPECT_THAT(reply.value_or(ReadReply{}).head, AllOf(HasSubstr("Connection: close"), Not(HasSubstr("Length"))));
  EXPECT_TRUE(caller.IsEnded());
}

}  // namespace
}  // namespace revertd
