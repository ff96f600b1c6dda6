// However a caller's bytes are cut into pieces, the server says the same to them (100 Continue aside, which who has
// sent more already is not told); whenever time passes between them, the conversation ends within its limits, and gives
// back what it held.
#include <algorithm>
#include <random>
#include <string>
#include <string_view>

#include "base/check.h"
#include "daemon/http/http_server.h"
#include "daemon/http/http_session.h"
#include "tests/daemon/http/scripted_handler.h"
#include "tests/fuzz/fuzz_target.h"

namespace {

using revertd::HttpAnswer;
using revertd::HttpCall;
using revertd::HttpReply;
using revertd::HttpSession;
using revertd::HttpStream;
using revertd::HttpWait;

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

class Conversation {
 public:
  Conversation() {
    handler_.admit = [](const HttpCall& head) -> std::variant<size_t, HttpReply> {
      REVERTD_CHECK(head.path.front() == '/' && head.body.empty());
      if (head.path == "/no") return revertd::HttpError(403, "forbidden", "no");
      return size_t{256};
    };
    handler_.answer = [this](const HttpCall& call) -> HttpAnswer {
      REVERTD_CHECK(call.body.size() <= 256);
      if (call.path == "/wait") {
        return HttpWait{.until_ns = clock_.Now() + revertd::kMinuteNs,
                        .poll = [](bool is_last) -> std::optional<HttpReply> {
                          if (is_last) return HttpReply{};
                          return std::nullopt;
                        }};
      }
      if (call.path == "/stream") {
        return HttpStream{.content_type = "text/plain", .next = [] { return std::string("piece"); }};
      }
      return revertd::ScriptedHandler::Echo(call);
    };
  }

  void Say(std::string_view bytes) {
    if (!session_.wants_bytes()) return;
    session_.OnBytes(bytes);
    Take();
  }
  void End() {
    session_.OnEnd();
    Take();
  }
  void Pass(revertd::DurationNs duration) {
    clock_.SleepFor(duration);
    house_.now_ns += duration;
    session_.OnTick();
    Take();
  }
  void CheckOver() const {
    REVERTD_CHECK(session_.is_over() && !session_.wants_bytes());
    REVERTD_CHECK(house_.bodies.bytes() == 0 && house_.parked == 0);
  }
  bool is_over() const { return session_.is_over(); }
  const std::string& said() const { return said_; }

 private:
  void Take() {
    while (session_.has_output()) {
      const HttpSession::Output output = session_.TakeOutput();
      REVERTD_CHECK(output.head.empty() || output.head.starts_with("HTTP/1.1 "));
      if (output.head != kContinue) said_ += output.head + output.body;
      session_.OnTaken();
    }
  }

  revertd::ManualClock clock_;
  revertd::ScriptedHandler handler_;
  revertd::HttpHouse house_{&handler_, &clock_, &revertd::NewBeastParser, {}};
  HttpSession session_{&house_};
  std::string said_;
};

// Pieces of one to `piece_max` bytes, and between them up to `pause_max` of time.
void Hear(Conversation& conversation, std::string_view stream, size_t piece_max, revertd::DurationNs pause_max,
          std::minstd_rand random) {
  while (!stream.empty()) {
    const size_t piece = std::min<size_t>(1 + random() % piece_max, stream.size());
    conversation.Say(stream.substr(0, piece));
    stream.remove_prefix(piece);
    if (pause_max > 0) conversation.Pass(static_cast<revertd::DurationNs>(random()) % pause_max);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  // Limits that depend on where bytes are cut lie beyond.
  if (size == 0 || size > 8192) return 0;
  const std::string_view stream(reinterpret_cast<const char*>(bytes + 1), size - 1);
  const std::minstd_rand random(bytes[0] + 1U);
  Conversation whole;
  whole.Say(stream);
  whole.End();
  whole.CheckOver();
  Conversation cut;
  Hear(cut, stream, 1 + bytes[0] % 16, 0, random);
  cut.End();
  cut.CheckOver();
  REVERTD_CHECK(whole.said() == cut.said());

  Conversation slow;
  Hear(slow, stream, 64, 20 * revertd::kSecondNs, random);
  // A stream ends with its caller; all else ends by itself.
  for (int i = 0; i < 10 && !slow.is_over(); ++i) slow.Pass(revertd::kMinuteNs);
  if (!slow.is_over()) slow.End();
  slow.CheckOver();
  return 0;
}

namespace revertd {

std::vector<std::string> FuzzCorpus() {
  return {
      "\x01GET /v1/deploys?service=web HTTP/1.1\r\nHost: a\r\n\r\nHEAD /two HTTP/1.1\r\nHost: a\r\n\r\n",
      "\x02POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody\r\nGET / HTTP/1.0\r\n\r\n",
      "\x03POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x=\"y\"\r\nabc\r\n0\r\nLate: x\r\n\r\n",
      "\x04POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
      "\x05GET /wait HTTP/1.1\r\nHost: a\r\n\r\nGET /stream HTTP/1.1\r\nHost: a\r\n\r\nmore",
      "\x06GET /stream HTTP/1.0\r\nConnection: keep-alive\r\nX: a\r\n b\r\n\r\n",
      "\x07POST /no HTTP/1.1\r\nHost: a\r\nContent-Length: 300\r\nContent-Encoding: gzip\r\n\r\nxx",
      "\x08\r\n\r\nPOST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n",
      "\x09GET / HTTP/1.1\r\nHost: a\r\nConnection: close, x\r\n\r\nGET",
  };
}

int SmokeRounds() { return 20'000; }

}  // namespace revertd
