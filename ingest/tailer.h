// Tailer: follows the file of one path through rename and create, truncate and copytruncate, and through a restart.
//
// A file that was renamed away is read to its end, and on while its writer still has it, until kGraceNs pass without
// bytes; the new one is read beside it. A file that shrank, or whose first bytes changed, was cut: it is read from its
// start, and what the copy beside it (PATH.1) holds beyond what was read is read from there. After a restart, positions
// find their files by their first bytes, under any name; rotated files between them and PATH are read whole, in order.
// Thread contract: the ingest thread.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "ingest/followed_file.h"
#include "ingest/source.h"

namespace revertd {

class Tailer final : public Source {
 public:
  // A writer that was not told of the rotation yet goes on in the old file for about as long (logrotate's postrotate).
  static constexpr DurationNs kGraceNs = 30 * kSecondNs;
  // Files open at once; a log that is rotated faster than this is not followed any further back (kFilesLost).
  static constexpr size_t kFilesMax = 64;

  struct Options {
    std::string path;
    bool from_start = false;                // where nothing is known of the file: else only what comes is read
    std::vector<FilePosition> positions{};  // from before a restart, oldest first
  };

  Tailer(Options options, SourceContext context);
  ~Tailer() override;

  Status Start(EventLoop* loop) override;
  bool Tick() override;
  void Stop() override;
  std::vector<FilePosition> PositionsAt(int64_t sealed_second) override;

 private:
  // What stands on the disk under PATH or a name that a rotation gives it (PATH.1, PATH-20261121).
  struct Candidate {
    std::string path;
    uint64_t device;
    uint64_t inode;
    int64_t size;
    int64_t modified_ns;
  };

  // Where a position of before the restart goes on; held open, because names change while a rotation runs.
  struct Located {
    const FilePosition* position;
    const Candidate* file;  // nullptr: it is gone
    int fd;                 // -1: it is gone, or was renamed while it was opened
  };

  // Looks at the folder so often before a file counts as gone: a rename takes less time than a look.
  static constexpr int kLooksMax = 3;

  void Resume();
  std::vector<Located> Locate(const std::vector<Candidate>& candidates) const;
  std::vector<Candidate> Candidates() const;
  // The file that a position or an open file stands for; nullptr where it is gone.
  static const Candidate* Find(const std::vector<Candidate>& candidates, const FilePosition& position);
  // Opens whole rotated files that were written since `since_ns` and that nobody knows.
  void OpenBacklog(const std::vector<Candidate>& candidates, int64_t since_ns);
  bool IsKnown(const Candidate& candidate) const;
  // The candidate, opened; -1 where another file stands under its name by now.
  static int OpenSame(const Candidate& candidate);
  // `known`: of a file that was followed before a restart, see FollowedFile.
  void Follow(int fd, int64_t offset, bool is_current, FileHead known = {});
  void OpenCurrent();
  // Whether `path` still is the file that is followed; retires it where it is not.
  void CheckPath();
  void Retire(std::string_view what);
  void CheckTruncated();
  // The copy that copytruncate made of a file before it was cut, where it holds more than was read; -1: there is none.
  int OpenCopyOf(const FollowedFile& file) const;
  bool ReadAll();
  void CloseIdle();
  void Watch(int fd);
  void DrainNotices();
  FollowedFile* current() { return has_current_ ? files_.back().get() : nullptr; }

  const Options options_;
  const SourceContext context_;
  EventLoop* loop_ = nullptr;
  EventLoop::Id notices_id_ = 0;
  int notices_ = -1;                                 // inotify; without it the tick alone finds what is new
  std::deque<std::unique_ptr<FollowedFile>> files_;  // oldest first; closed ones stay until their lines are kept
  bool has_current_ = false;                         // the last of files_ is the file at PATH
  bool resumed_ = false;
  bool opened_before_ = false;
  std::string told_;  // what was said last about a file that cannot be opened
};

}  // namespace revertd
