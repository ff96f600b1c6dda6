#include "daemon/http/http_session.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include "base/check.h"

namespace revertd {
namespace {

// After a last reply we read on for a while, and forget it: a connection that is closed with bytes unread is reset, and
// a caller that is still sending would lose the reply.
constexpr DurationNs kLingerTime = kSecondNs;
constexpr size_t kLingerBytesMax = 256 * 1024;

constexpr std::string_view kEndOfHead = "\r\n\r\n";

void Count(std::atomic<uint64_t>& counter) { counter.fetch_add(1, std::memory_order_relaxed); }

HttpReply BadRequest(std::string_view words) { return HttpError(400, "bad_request", words); }

HttpReply TryAgain(std::string_view code, std::string_view words) {
  HttpReply reply = HttpError(503, code, words);
  reply.headers.emplace_back("Retry-After", "1");
  return reply;
}

// A method's first letter: whatever does not begin so, a TLS greeting for one, need not be waited for.
bool MayBeginRequest(char c) { return c > ' ' && c < '\x7F'; }

}  // namespace

HttpSession::HttpSession(HttpHouse* house)
    : house_(house), waiting_since_(house->turns++), body_share_(&house->bodies) {
  SetDeadline(house_->limits.header_timeout);
}

void HttpSession::OnBytes(std::string_view bytes) {
  if (state_ == State::kOver || state_ == State::kStreaming) return;
  if (state_ == State::kLingering) {
    lingered_ += bytes.size();
    if (lingered_ > kLingerBytesMax) End();
    return;
  }
  unread_ += bytes;
  Advance();
  if (state_ == State::kBody) waiting_since_ = house_->turns++;
}

void HttpSession::OnEnd() {
  caller_ended_ = true;
  // A caller that closes its sending side has hung up, as far as anybody can tell before something is sent to it.
  if (state_ == State::kWaiting || state_ == State::kStreaming || state_ == State::kLingering) return End();
  Advance();
}

void HttpSession::OnTaken() {
  sending_ = false;
  if (state_ != State::kSending) return Advance();
  if (keep_alive_) return BeginRequest();
  Linger();
}

void HttpSession::OnTick() {
  if (state_ == State::kOver) return;
  if (state_ == State::kWaiting) {
    PollWait();
  } else if (state_ == State::kStreaming && !sending_) {
    SendPiece();
  } else if (house_->now_ns >= deadline_ns_) {
    OnTimeout();
  }
}

void HttpSession::End() {
  state_ = State::kOver;
  Unpark();
  body_share_.Release();
  parser_.reset();
  head_ = {};
  wait_ = {};
  stream_ = {};
  output_ = {};
  has_output_ = false;
  unread_.clear();
}

bool HttpSession::wants_bytes() const {
  if (caller_ended_) return false;
  switch (state_) {
    case State::kHead:
    case State::kStreaming:
    case State::kLingering: return true;
    case State::kBody:
      return !sending_;  // not before "100 Continue" is gone, or what came meanwhile had no bound
    // For its end, which stands behind what it sends ahead.
    case State::kWaiting: return unread_.size() < house_->limits.header_bytes_max;
    case State::kSending:
    case State::kOver: break;
  }
  return false;
}

HttpSession::Output HttpSession::TakeOutput() {
  has_output_ = false;
  return std::exchange(output_, {});
}

void HttpSession::SetDeadline(DurationNs timeout) {
  // now_ns is of the last tick, which may be as long ago as the time between two.
  deadline_ns_ = house_->now_ns + timeout + house_->limits.poll_every;
}

void HttpSession::BeginRequest() {
  state_ = State::kHead;
  waiting_since_ = house_->turns++;
  head_ = {};
  head_begun_ = false;
  searched_ = 0;
  SetDeadline(house_->limits.idle_timeout);
  ParseHead();
}

void HttpSession::Advance() {
  if (sending_) return;
  if (state_ == State::kHead) ParseHead();
  if (state_ == State::kBody) ParseBody();
}

// The parser is shown whole heads only: what it makes of one takes far more memory than the bytes, and callers that
// never finish must not have it.
void HttpSession::ParseHead() {
  // HTTP lets us skip empty lines before a request: some callers end a body with one too many.
  const size_t begin = std::min(unread_.find_first_not_of("\r\n"), unread_.size());
  unread_.erase(0, begin);
  if (!unread_.empty() && !head_begun_) {
    head_begun_ = true;
    SetDeadline(house_->limits.header_timeout);
  }
  if (!unread_.empty() && !MayBeginRequest(unread_.front())) return RefuseBad(BadRequest("not HTTP"));
  const size_t end = unread_.find(kEndOfHead, searched_);
  const size_t bytes = end == std::string::npos ? unread_.size() : end + kEndOfHead.size();
  if (bytes > house_->limits.header_bytes_max) {
    const std::string limit = std::to_string(house_->limits.header_bytes_max);
    return RefuseBad(HttpError(431, "header_too_large", "at most " + limit + " bytes of request line and headers"));
  }
  if (end == std::string::npos) {
    searched_ = bytes - std::min(bytes, kEndOfHead.size() - 1);
    if (!caller_ended_) return;
    return unread_.empty() ? End() : RefuseBad(BadRequest("the request ends within its head"));
  }
  parser_ = house_->new_parser();
  auto head = parser_->TakeHead(std::string_view(unread_).substr(0, bytes));
  if (!head.ok()) return RefuseBad(BadRequest(MessageOf(head.status())));
  unread_.erase(0, bytes);
  head_ = std::move(*head);
  OnHead();
}

void HttpSession::OnHead() {
  if (auto fault = HeadFault(head_)) return RefuseBad(std::move(*fault));
  keep_alive_ = head_.keep_alive;
  auto admitted = house_->handler->Admit(head_.call);
  if (auto* refusal = std::get_if<HttpReply>(&admitted)) {
    return head_.has_body() ? Refuse(std::move(*refusal)) : Send(std::move(*refusal));
  }
  if (head_.has_body()) return BeginBody(std::get<size_t>(admitted));
  Answer();
}

void HttpSession::BeginBody(size_t bytes_max) {
  if (auto fault = BodyFault(head_, bytes_max, house_->handler->TakesEncoded(head_.call))) {
    if (fault->status == 413) Count(house_->counters.bodies_too_large);
    return Refuse(std::move(*fault));
  }
  body_bytes_max_ = bytes_max;
  state_ = State::kBody;
  SetDeadline(house_->limits.body_timeout);
  // Who has begun to send does not wait for it.
  if (head_.expects_continue() && unread_.empty()) return Put("HTTP/1.1 100 Continue\r\n\r\n", "");
  ParseBody();
}

void HttpSession::ParseBody() {
  size_t taken = 0;
  const HttpParser::Step step = parser_->TakeBody(unread_, body_bytes_max_, &taken);
  unread_.erase(0, taken);
  if (step == HttpParser::Step::kTooLarge) {
    Count(house_->counters.bodies_too_large);
    return Refuse(
        HttpError(413, "body_too_large", "at most " + std::to_string(body_bytes_max_) + " bytes are taken here"));
  }
  if (step == HttpParser::Step::kBad) return RefuseBad(BadRequest("the body's chunks are not HTTP"));
  // What one piece made the body grow by is there before it is counted: one body's, for a refusal gives it back.
  if (!body_share_.Resize(parser_->body().capacity())) {
    Count(house_->counters.bodies_no_room);
    return Refuse(TryAgain("too_many_bodies", "too many bodies are under way"));
  }
  if (step == HttpParser::Step::kDone) {
    head_.call.body = std::move(parser_->body());
    return Answer();
  }
  // The rest is a line of a chunk, or the fields after the last one.
  if (unread_.size() > house_->limits.header_bytes_max) return RefuseBad(BadRequest("a chunk's line is too long"));
  if (caller_ended_) RefuseBad(BadRequest("the request ends within its body"));
}

void HttpSession::Answer() {
  HttpAnswer answer = house_->handler->Answer(head_.call);
  head_.call = {};
  parser_.reset();
  body_share_.Release();
  if (auto* reply = std::get_if<HttpReply>(&answer)) return Send(std::move(*reply));
  if (auto* wait = std::get_if<HttpWait>(&answer)) return BeginWait(std::move(*wait));
  BeginStream(std::move(std::get<HttpStream>(answer)));
}

bool HttpSession::Park() {
  if (house_->parked >= house_->limits.connections_max / 2) {
    Count(house_->counters.waits_no_room);
    Send(TryAgain("too_many_waiting", "too many callers wait for events"));
    return false;
  }
  ++house_->parked;
  parked_ = true;
  return true;
}

void HttpSession::Unpark() {
  if (parked_) --house_->parked;
  parked_ = false;
}

void HttpSession::BeginWait(HttpWait wait) {
  wait_ = std::move(wait);
  if (PollWait()) return;
  if (!Park()) {
    wait_ = {};
    return;
  }
  state_ = State::kWaiting;
  if (caller_ended_) End();
}

bool HttpSession::PollWait() {
  const bool is_last = house_->clock->Now() >= wait_.until_ns;
  std::optional<HttpReply> reply = wait_.poll(is_last);
  REVERTD_CHECK(reply || !is_last);
  if (!reply) return false;
  wait_ = {};
  Unpark();
  Send(std::move(*reply));
  return true;
}

void HttpSession::BeginStream(HttpStream stream) {
  keep_alive_ = false;
  if (!head_.is_head && !Park()) return;
  Count(house_->counters.requests);
  SetDeadline(house_->limits.write_timeout);
  const HttpFraming framing = head_.is_http_11 ? HttpFraming::kChunked : HttpFraming::kUntilClose;
  const HttpReply reply = {.status = 200, .content_type = stream.content_type, .body = {}};
  std::string head = ReplyHeadText(reply, framing, false);
  if (head_.is_head) {
    state_ = State::kSending;
    return Put(std::move(head), "");
  }
  state_ = State::kStreaming;
  stream_ = std::move(stream);
  unread_.clear();
  if (caller_ended_) return End();
  Put(std::move(head), NextPiece());
}

// Framed as it goes; empty: nothing, for an empty chunk would be the stream's end.
std::string HttpSession::NextPiece() {
  std::string piece = stream_.next();
  return piece.empty() || !head_.is_http_11 ? piece : ChunkText(piece);
}

void HttpSession::SendPiece() {
  std::string piece = NextPiece();
  if (piece.empty()) return;
  SetDeadline(house_->limits.write_timeout);
  Put("", std::move(piece));
}

void HttpSession::Refuse(HttpReply reply) {
  keep_alive_ = false;
  body_share_.Release();
  parser_.reset();
  Send(std::move(reply));
}

void HttpSession::RefuseBad(HttpReply reply) {
  Count(house_->counters.requests_bad);
  Refuse(std::move(reply));
}

void HttpSession::OnTimeout() {
  if (state_ != State::kLingering) Count(house_->counters.timeouts);
  const bool cut_short = (state_ == State::kHead && !unread_.empty()) || state_ == State::kBody;
  if (!cut_short || sending_) return End();
  Refuse(HttpError(408, "timeout", "the request took too long to come"));
}

void HttpSession::Send(HttpReply reply) {
  Count(house_->counters.requests);
  keep_alive_ = keep_alive_ && !reply.close;
  state_ = State::kSending;
  SetDeadline(house_->limits.write_timeout);
  std::string head = ReplyHeadText(reply, HttpFraming::kLength, keep_alive_);
  const bool has_body = HasReplyBody(reply.status) && !head_.is_head;
  Put(std::move(head), has_body ? std::move(reply.body) : "");
}

void HttpSession::Put(std::string head, std::string body) {
  REVERTD_CHECK(!sending_);
  output_ = {.head = std::move(head), .body = std::move(body)};
  has_output_ = true;
  sending_ = true;
}

void HttpSession::Linger() {
  state_ = State::kLingering;
  unread_.clear();
  SetDeadline(kLingerTime);
  if (caller_ended_) End();
}

}  // namespace revertd
