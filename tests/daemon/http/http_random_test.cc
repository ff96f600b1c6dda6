// Twenty thousand broken requests through one server: it stays whole, and every connection ends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include "daemon/http/http_server.h"
#include "tests/daemon/http/caller.h"

namespace revertd {
namespace {

constexpr unsigned kSeed = 20261122;
constexpr int kRequests = 20'000;

std::string MutationOf(std::string text, std::mt19937& random) {
  static constexpr std::array kTelling = {'\r', '\n', ':', ' ', '%', '/', '?', '\0', ';', '0', 'f', '\xff', '-', '.'};
  for (size_t mutations = random() % 4; mutations > 0 && !text.empty(); --mutations) {
    const size_t at = random() % text.size();
    switch (random() % 6) {
      case 0: text[at] = static_cast<char>(text[at] ^ (1 << random() % 8)); break;
      case 1: text[at] = kTelling[random() % kTelling.size()]; break;
      case 2: text.insert(at, 1, kTelling[random() % kTelling.size()]); break;
      case 3: text.erase(at, 1 + random() % 8); break;
      case 4: text.resize(at); break;
      default: text.insert(at, text.substr(at, random() % 64));
    }
  }
  return text;
}

TEST(HttpRandom, MutatedRequestsNeverHarm) {
  ScriptedHandler handler;
  RunningServer server(&handler, {.connections_max = 32,
                                  .header_timeout = 30 * kMillisecondNs,
                                  .body_timeout = 30 * kMillisecondNs,
                                  .write_timeout = kSecondNs,
                                  .idle_timeout = 30 * kMillisecondNs,
                                  .poll_every = 5 * kMillisecondNs});
  const std::vector<std::string> corpus = {
      Get("/v1/deploys?service=web&after=7", "Accept: */*\r\n"),
      Post("/v1/deploys", R"({"service":"web","commit":"abc"})", "Content-Type: application/json\r\n"),
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x=\"y\"\r\nabc\r\n0\r\nLate: x\r\n\r\n",
      "PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\nbody",
      "GET /%41%2fb HTTP/1.0\r\nConnection: keep-alive, x\r\nX: a\r\n b\r\n\r\n" + Get("/two"),
  };
  std::mt19937 random(kSeed);
  std::printf("http random: seed %u\n", kSeed);
  for (int i = 0; i < kRequests; ++i) {
    SCOPED_TRACE(i);
    const std::string request = MutationOf(corpus[random() % corpus.size()], random);
    SocketCaller caller = server.Connect();
    ASSERT_TRUE(caller.is_connected());
    const size_t cut = request.empty() ? 0 : random() % request.size();
    caller.Send(std::string_view(request).substr(0, cut));
    caller.Send(std::string_view(request).substr(cut));
    // Some hang up, most say that they are done; one in four hundred leaves it to the server's limits.
    const auto manner = random() % 400;
    if (manner < 80) continue;
    if (manner < 399) caller.HalfClose();
    const auto text = caller.ReadToEnd();
    ASSERT_TRUE(text.has_value()) << "it did not end";
    EXPECT_TRUE(text->empty() || text->starts_with("HTTP/1.1 ")) << *text;
  }
  SocketCaller last = server.Connect();
  last.Send(Get("/last", "Connection: close\r\n"));
  EXPECT_EQ(last.Read().value_or(ReadReply{}).status, 200);
  last.Close();
  EXPECT_TRUE(Soon([&] { return server.counters().connections_now == 0U; }));
  EXPECT_GT(server.counters().requests_bad, 1000U);
  EXPECT_GT(handler.answers, 1000);
}

}  // namespace
}  // namespace revertd
