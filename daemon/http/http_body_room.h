// BodyRoom: the memory that bodies of all connections may hold together. A body that finds no more room is refused, so
// that many slow callers with big bodies cannot take the process's memory. Bodies are counted as they come and not as
// they are announced: to announce costs a caller nothing, and three that only did so would keep all others out.
//
// Thread contract: the server's thread alone. The room outlives its shares.
#pragma once

#include <cstddef>

namespace revertd {

class BodyRoom {
 public:
  explicit BodyRoom(size_t bytes_max) : bytes_max_(bytes_max) {}
  BodyRoom(const BodyRoom&) = delete;
  BodyRoom& operator=(const BodyRoom&) = delete;

  // What one body holds.
  class Share {
   public:
    explicit Share(BodyRoom* room) : room_(room) {}
    ~Share() { Release(); }
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;

    // false: that many do not fit; the share stays as it was.
    bool Resize(size_t bytes) {
      if (bytes > room_->bytes_max_ - (room_->bytes_ - bytes_)) return false;
      room_->bytes_ = room_->bytes_ - bytes_ + bytes;
      bytes_ = bytes;
      return true;
    }
    void Release() { Resize(0); }

   private:
    BodyRoom* const room_;
    size_t bytes_ = 0;
  };

  size_t bytes() const { return bytes_; }

 private:
  const size_t bytes_max_;
  size_t bytes_ = 0;
};

}  // namespace revertd
