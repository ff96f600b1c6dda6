// SyslogFramer: finds the messages in a stream of syslog (RFC 6587). Octet counting ("57 <134>...") and newline framing
// are told apart message by message: a number, a blank and "<" are a count, anything else is a line.
//
// Thread contract: one connection's, one thread. Invariant: what it hands out does not depend on how the stream was cut
// into pieces, and every message that it hands out ends in exactly one LF of its own or the framer's.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "base/limits.h"

namespace revertd {

class SyslogFramer {
 public:
  // A message counts the longest line and a syslog head in front of it; a larger count is no count of a sane sender.
  static constexpr size_t kOctetsMax = kLineBytesMax + 1024;

  // Called with pieces of messages in order; good until it returns.
  using Accept = std::function<void(std::string_view piece)>;

  // False: a framing error; the stream cannot be understood any further, and nothing may be fed again.
  bool Feed(std::string_view bytes, const Accept& accept);
  // The stream has ended: an unfinished message is handed out with an LF. False: inside a counted message.
  bool End(const Accept& accept);

 private:
  enum class State { kStart, kLine, kOctets };

  // Takes from `bytes` what belongs to the message's beginning; decides the state once it can.
  bool TakeStart(std::string_view* bytes, const Accept& accept);
  void TakeLine(std::string_view* bytes, const Accept& accept);
  void TakeOctets(std::string_view* bytes, const Accept& accept);

  State state_ = State::kStart;
  std::string start_;  // what may still become a count: at most its digits and the blank
  size_t octets_left_ = 0;
  bool after_octets_ = false;  // an LF right behind a counted message belongs to it
};

}  // namespace revertd
