// HttpSession: one caller's conversation, from bytes that came to bytes that go. It knows no socket: whoever has one
// gives it what was read and the ticks of time, and looks after each call at what it wants. So a test, or a fuzzer,
// drives it in memory.
//
//   head -> (body) -> answer -> sent -> head ...            and at the end: sent -> lingering -> over
//                       \-> waiting -> sent; streaming -> over
//
// Always holds: bytes are wanted only where a state needs them, so what a caller sends ahead stays in the kernel (one
// head's worth aside); every state but waiting (bounded by its until_ns) and a stream at rest has a deadline.
//
// Who makes room for a new connection: whoever waits for a head, or for its caller to hang up, the longest waiting
// first; where there is none, whoever waits for (more of) a body, the longest silent first. One that is answered, or
// waits for events, is left alone. A body has cost its caller more than a head, but may not hold a place by silence.
//
// Thread contract: the server's thread alone. The house outlives its sessions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "daemon/http/http_body_room.h"
#include "daemon/http/http_call.h"
#include "daemon/http/http_head.h"
#include "daemon/http/http_limits.h"
#include "daemon/http/http_parser.h"

namespace revertd {

// What the sessions of one server share.
struct HttpHouse {
  HttpHouse(HttpHandler* the_handler, const Clock* the_clock, HttpParserFactory parser, HttpServerLimits the_limits)
      : handler(the_handler),
        clock(the_clock),
        new_parser(parser),
        limits(the_limits),
        bodies(the_limits.bodies_bytes_max) {}

  HttpHandler* const handler;
  const Clock* const clock;  // for until_ns alone
  const HttpParserFactory new_parser;
  const HttpServerLimits limits;
  HttpCounters counters;
  BodyRoom bodies;
  DurationNs now_ns = 0;  // of the last tick, since any time: timeouts must not follow a wall clock that is set
  size_t parked = 0;      // waits and streams
  uint64_t turns = 0;     // orders sessions by when they began to wait for a head, or last got some of a body
};

class HttpSession {
 public:
  struct Output {
    std::string head;
    std::string body;
  };

  explicit HttpSession(HttpHouse* house);
  ~HttpSession() { End(); }
  HttpSession(const HttpSession&) = delete;
  HttpSession& operator=(const HttpSession&) = delete;

  void OnBytes(std::string_view bytes);
  void OnEnd();    // the caller closed its sending side
  void OnTaken();  // what TakeOutput gave has been taken by the kernel
  void OnTick();   // the house's now_ns has moved on
  void End();      // the connection is lost, or wanted for another

  bool wants_bytes() const;
  bool has_output() const { return has_output_; }
  Output TakeOutput();
  bool sends_no_more() const { return state_ == State::kLingering; }
  bool is_over() const { return state_ == State::kOver; }

  // Whether it may be ended to make room, and the order: the least goes first.
  bool can_be_evicted() const {
    return state_ == State::kHead || state_ == State::kLingering || state_ == State::kBody;
  }
  std::pair<bool, uint64_t> eviction_order() const { return {state_ == State::kBody, waiting_since_}; }

 private:
  enum class State { kHead, kBody, kSending, kWaiting, kStreaming, kLingering, kOver };

  void BeginRequest();
  void Advance();
  void ParseHead();
  void OnHead();
  void BeginBody(size_t bytes_max);
  void ParseBody();
  void Answer();
  bool Park();
  void Unpark();
  void BeginWait(HttpWait wait);
  bool PollWait();
  void BeginStream(HttpStream stream);
  std::string NextPiece();
  void SendPiece();
  void Refuse(HttpReply reply);     // and close: what follows is not read as a request
  void RefuseBad(HttpReply reply);  // and count it
  void OnTimeout();
  void Send(HttpReply reply);
  void Put(std::string head, std::string body);
  void Linger();
  void SetDeadline(DurationNs timeout);

  HttpHouse* const house_;
  State state_ = State::kHead;
  DurationNs deadline_ns_ = 0;
  uint64_t waiting_since_ = 0;
  bool caller_ended_ = false;
  bool has_output_ = false;
  bool sending_ = false;  // output that has not been taken
  bool head_begun_ = true;
  bool parked_ = false;
  bool keep_alive_ = false;
  size_t searched_ = 0;  // of unread_, for the end of a head
  size_t lingered_ = 0;
  size_t body_bytes_max_ = 0;
  std::string unread_;
  std::unique_ptr<HttpParser> parser_;
  HttpHead head_;
  BodyRoom::Share body_share_;
  HttpWait wait_;
  HttpStream stream_;
  Output output_;
};

}  // namespace revertd
