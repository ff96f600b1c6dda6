#include "ingest/syslog_framer.h"

#include <algorithm>
#include <utility>

#include "base/ascii.h"
#include "base/strings.h"

namespace revertd {
namespace {

constexpr size_t kCountDigitsMax = 6;

}  // namespace

bool SyslogFramer::Feed(std::string_view bytes, const Accept& accept) {
  while (!bytes.empty()) {
    switch (state_) {
      case State::kStart:
        if (!TakeStart(&bytes, accept)) return false;
        break;
      case State::kLine: TakeLine(&bytes, accept); break;
      case State::kOctets: TakeOctets(&bytes, accept); break;
    }
  }
  return true;
}

bool SyslogFramer::TakeStart(std::string_view* bytes, const Accept& accept) {
  if (std::exchange(after_octets_, false) && bytes->front() == '\n') {
    bytes->remove_prefix(1);
    return true;
  }
  while (!bytes->empty()) {
    const char c = bytes->front();
    const bool blank_seen = start_.ends_with(' ');
    if (blank_seen && c == '<') {
      const auto count = ParseUnsigned(std::string_view(start_).substr(0, start_.size() - 1));
      start_.clear();
      if (!count || *count == 0 || *count > kOctetsMax) return false;
      octets_left_ = static_cast<size_t>(*count);
      state_ = State::kOctets;
      return true;
    }
    // A count has no leading zero.
    const bool may_be_count =
        !blank_seen && ((IsDigit(c) && start_.size() < kCountDigitsMax && (c != '0' || !start_.empty())) ||
                        (c == ' ' && !start_.empty()));
    if (!may_be_count) {
      state_ = State::kLine;
      if (!start_.empty()) accept(start_);
      start_.clear();
      return true;
    }
    start_ += c;
    bytes->remove_prefix(1);
  }
  return true;
}

void SyslogFramer::TakeLine(std::string_view* bytes, const Accept& accept) {
  const size_t newline = bytes->find('\n');
  const size_t length = newline == std::string_view::npos ? bytes->size() : newline + 1;
  accept(bytes->substr(0, length));
  bytes->remove_prefix(length);
  if (newline != std::string_view::npos) state_ = State::kStart;
}

void SyslogFramer::TakeOctets(std::string_view* bytes, const Accept& accept) {
  const std::string_view piece = bytes->substr(0, std::min(octets_left_, bytes->size()));
  accept(piece);
  bytes->remove_prefix(piece.size());
  octets_left_ -= piece.size();
  if (octets_left_ > 0) return;
  if (!piece.ends_with('\n')) accept("\n");
  state_ = State::kStart;
  after_octets_ = true;
}

bool SyslogFramer::End(const Accept& accept) {
  if (!start_.empty()) accept(start_);
  if (!start_.empty() || state_ != State::kStart) accept("\n");
  return state_ != State::kOctets;
}

}  // namespace revertd
