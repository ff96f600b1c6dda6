// ChunkLines: the framing of a chunked body (RFC 9112, 7.1) as strictly as everybody writes it: hexadecimal digits and
// CRLF, the data, CRLF. An extension is refused: nobody sends one, and the library under us reads a quoted one
// otherwise when it comes in pieces, which is what request smuggling lives on. One request, one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace revertd {

class ChunkLines {
 public:
  // How many of the next bytes are such framing; the rest is none. What follows the last chunk's line is not looked at.
  size_t Take(std::string_view bytes) {
    size_t taken = 0;
    while (taken < bytes.size() && state_ != State::kTrailer) {
      if (state_ != State::kData) {
        if (!TakeOne(bytes[taken])) return taken;
        ++taken;
        continue;
      }
      const size_t rest = bytes.size() - taken;
      const size_t data = rest < left_ ? rest : static_cast<size_t>(left_);
      left_ -= data;
      taken += data;
      if (left_ == 0) state_ = State::kDataCr;
    }
    return bytes.size();
  }

 private:
  enum class State { kSize, kSizeLf, kData, kDataCr, kDataLf, kTrailer };
  static constexpr int kDigitsMax = 15;  // of a size; nobody's body has more

  bool TakeOne(char c) {
    switch (state_) {
      case State::kSize: return TakeSize(c);
      case State::kSizeLf: state_ = left_ == 0 ? State::kTrailer : State::kData; return c == '\n';
      case State::kDataCr: state_ = State::kDataLf; return c == '\r';
      case State::kDataLf:
        state_ = State::kSize;
        digits_ = 0;
        left_ = 0;
        return c == '\n';
      case State::kData:
      case State::kTrailer: break;
    }
    return true;
  }

  bool TakeSize(char c) {
    if (c == '\r' && digits_ > 0) {
      state_ = State::kSizeLf;
      return true;
    }
    const char lower = static_cast<char>(c | 0x20);
    const bool is_digit = c >= '0' && c <= '9';
    if ((!is_digit && (lower < 'a' || lower > 'f')) || ++digits_ > kDigitsMax) return false;
    left_ = left_ * 16 + static_cast<uint64_t>(is_digit ? c - '0' : lower - 'a' + 10);
    return true;
  }

  State state_ = State::kSize;
  int digits_ = 0;
  uint64_t left_ = 0;
};

}  // namespace revertd
