// FakeHttpServer: a real socket on the loopback that answers as scripted and keeps what it was asked, with the lies of
// broken and hostile servers ready-made. One request a connection, one connection at a time.
//
// Thread contract: the test's thread; the answering happens in a thread of its own. An unscripted request is answered
// with 599, which every test notices.
#pragma once

#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <deque>
#include <mutex>

namespace revertd {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct FakeAnswer {
  enum class Lie {
    kNone,
    kCut,             // half of the body that Content-Length promises, then the end
    kShortLength,     // Content-Length is less than what comes
    kSilent,          // reads the request and says nothing until the other side gives up
    kDrip,            // a byte now and then, for ever
    kHuge,            // a body without an end
    kEndlessHeaders,  // headers without an end
    kHangUp,          // the end at once
    kNoHttp,          // the body only
  };
  int status = 200;
  std::string body;
  HttpHeaders headers;
  Lie lie = Lie::kNone;
};

struct FakeRequest {
  std::string method;
  std::string target;   // path and query
  HttpHeaders headers;  // names in lower case
  std::string body;

  std::string Header(std::string_view name) const;  // empty: none
  std::string Line() const;                         // "METHOD target", and " body" where there is one
};

class FakeHttpServer {
 public:
  FakeHttpServer();
  ~FakeHttpServer();
  FakeHttpServer(const FakeHttpServer&) = delete;
  FakeHttpServer& operator=(const FakeHttpServer&) = delete;

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  void Answer(FakeAnswer answer);
  void Answer(int status, std::string body) { Answer(FakeAnswer{status, std::move(body), {}, {}}); }
  std::vector<FakeRequest> TakeRequests();  // since the last call
  std::vector<std::string> TakeLines();     // the same, each as FakeRequest::Line
  size_t answers_left() const;

 private:
  void Serve();
  void Handle(int connection);
  FakeAnswer NextAnswer(FakeRequest request);
  void Send(int connection, const FakeAnswer& answer);
  bool SendAll(int connection, std::string_view bytes) const;
  // Waits at most so long (-1: for ever) for the other side's end or our own; true: one of them has come.
  bool IsOver(int connection, int milliseconds) const;

  int listener_ = -1;
  int stop_[2] = {-1, -1};
  int port_ = 0;
  mutable std::mutex mutex_;  // over the two below
  std::deque<FakeAnswer> answers_;
  std::vector<FakeRequest> requests_;
  std::thread thread_;
};

}  // namespace revertd
