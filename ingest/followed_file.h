// FollowedFile: one file on the disk that is read from an offset to its end, again and again, into a stream of its own,
// and remembers where each second of its log begins.
//
// Thread contract: one thread. Invariants: 1. it holds the file open, so renaming or removing it loses nothing; 2.
// PositionAt(s) stands at the first byte of a line, no line before it is of a later second than s, and it does not
// stand between the pieces of a wrapped line.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "base/sinks.h"
#include "ingest/byte_stream.h"
#include "ingest/recorder.h"

namespace revertd {

// A file's first bytes as a number.
struct FileHead {
  // Enough to hold the first line's time, which tells one log from the next.
  static constexpr int64_t kBytesMax = 512;
  int64_t bytes = 0;
  uint64_t hash = 0;

  friend bool operator==(const FileHead&, const FileHead&) = default;
};

// The head of the first `bytes` of `fd`; shorter where the file is.
FileHead ReadHead(int fd, int64_t bytes);

class FollowedFile {
 public:
  // A wrapped line whose last piece has not come for so many bytes is given up: positions must go on.
  static constexpr int64_t kPiecesBytesMax = int64_t{1} << 20;

  using NewStream = std::function<std::unique_ptr<ByteStream>()>;

  // Takes `fd` over. Reading begins at `offset`; directives at the file's head (W3C) are read all the same. `known` is
  // the head that the file had when it was read to `offset`, where that was before: it may have been cut since.
  FollowedFile(int fd, int64_t offset, FileHead known, const Recorder* recorder, const NewStream& new_stream,
               TimeNs now);
  ~FollowedFile();
  FollowedFile(const FollowedFile&) = delete;
  FollowedFile& operator=(const FollowedFile&) = delete;

  // Reads at most `bytes_max` (up to kReadBytes) and records their lines; answers how many bytes there were, 0 at the
  // end.
  StatusOr<size_t> Read(size_t bytes_max, TimeNs now);
  // Whether the file is shorter than what was read, or its first bytes are others: it was cut and written anew.
  bool WasTruncated() const;
  // Nothing more is read from it: its unterminated last line is a line, the descriptor is closed.
  void Close(TimeNs now);
  // The same, but its unterminated last line is read elsewhere: from line_start() of a copy.
  void Abandon();
  bool closed() const { return fd_ < 0; }

  // Where to read again from once everything through `sealed_second` is kept. Seconds only grow from call to call.
  FilePosition PositionAt(int64_t sealed_second);
  // Whether nothing of it stands after PositionAt(sealed_second).
  bool IsDoneAt(int64_t sealed_second) { return closed() && PositionAt(sealed_second).offset == resume_at_; }

  uint64_t device() const { return device_; }
  uint64_t inode() const { return inode_; }
  int64_t line_start() const { return line_start_; }
  const FileHead& head() const { return head_; }
  int fd() const { return fd_; }
  TimeNs last_bytes_ns() const { return last_bytes_ns_; }
  const Format* format() const { return stream_->format(); }

 private:
  // From `line_start` on there are lines of up to second `newest`; before it, none later than the mark before says.
  struct Mark {
    int64_t newest;
    int64_t line_start;
  };

  void ReadDirectives(TimeNs now);
  // Notes that lines of the newest second may stand behind `line_start`.
  void MarkNewest(int64_t line_start);

  int fd_;
  const Recorder* const recorder_;
  std::unique_ptr<ByteStream> stream_;
  uint64_t device_ = 0;
  uint64_t inode_ = 0;
  int64_t offset_;      // of the next byte to read
  int64_t line_start_;  // of the first byte of the line that is not whole yet
  int64_t resume_at_;   // line_start_, or before it, where the pieces that the stream holds began
  FileHead head_;
  TimeNs last_bytes_ns_;
  std::deque<Mark> marks_;  // as many as seconds are open: the ring bounds them
};

}  // namespace revertd
