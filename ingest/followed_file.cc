#include "ingest/followed_file.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <system_error>

#include "base/check.h"
#include "base/fnv.h"

namespace revertd {

FileHead ReadHead(int fd, int64_t bytes) {
  std::array<char, FileHead::kBytesMax> space;
  const auto wanted = static_cast<size_t>(std::min(bytes, FileHead::kBytesMax));
  const ssize_t count = wanted == 0 ? 0 : ::pread(fd, space.data(), wanted, 0);
  if (count <= 0) return {};
  // Kept in the state, so it must not change.
  return {.bytes = count, .hash = Fnv1a({space.data(), static_cast<size_t>(count)})};
}

FollowedFile::FollowedFile(int fd, int64_t offset, FileHead known, const Recorder* recorder,
                           const NewStream& new_stream, TimeNs now)
    : fd_(fd),
      recorder_(recorder),
      stream_(new_stream()),
      offset_(offset),
      line_start_(offset),
      resume_at_(offset),
      head_(known.bytes > 0 ? known : ReadHead(fd, offset)),
      last_bytes_ns_(now) {
  struct stat facts {};
  if (::fstat(fd, &facts) == 0) {
    device_ = facts.st_dev;
    inode_ = facts.st_ino;
  }
  if (offset > 0) ReadDirectives(now);
}

FollowedFile::~FollowedFile() {
  if (fd_ >= 0) ::close(fd_);
}

void FollowedFile::ReadDirectives(TimeNs now) {
  constexpr size_t kDirectiveBytesMax = 4096;
  const std::span<char> space = stream_->Space().first(kDirectiveBytesMax);
  const ssize_t count = ::pread(fd_, space.data(), std::min(space.size(), static_cast<size_t>(offset_)), 0);
  if (count <= 0 || space.front() != '#') return;
  const std::string_view head(space.data(), static_cast<size_t>(count));
  size_t end = 0;
  while (end < head.size() && head[end] == '#' && head.find('\n', end) != std::string_view::npos) {
    end = head.find('\n', end) + 1;
  }
  if (end > 0) stream_->Filled(end, now);
}

StatusOr<size_t> FollowedFile::Read(size_t bytes_max, TimeNs now) {
  REVERTD_CHECK(!closed());
  const std::span<char> space = stream_->Space();
  const ssize_t count = ::pread(fd_, space.data(), std::min(bytes_max, space.size()), offset_);
  if (count < 0) {
    if (errno == EINTR) return 0;
    return Unavailable("reading a followed file: " + std::generic_category().message(errno));
  }
  if (count == 0) return 0;
  const auto bytes = static_cast<size_t>(count);
  const size_t newline = std::string_view(space.data(), bytes).rfind('\n');
  const int64_t lines_from = resume_at_;
  if (newline != std::string_view::npos) line_start_ = offset_ + static_cast<int64_t>(newline) + 1;
  offset_ += count;
  last_bytes_ns_ = now;
  stream_->Filled(bytes, now);
  if (head_.bytes < FileHead::kBytesMax) head_ = ReadHead(fd_, offset_);
  if (!stream_->HoldsPieces() || line_start_ - resume_at_ > kPiecesBytesMax) resume_at_ = line_start_;
  MarkNewest(lines_from);
  return bytes;
}

void FollowedFile::MarkNewest(int64_t line_start) {
  const int64_t newest = recorder_->newest_second();
  if (newest == kNoSecond || (!marks_.empty() && newest <= marks_.back().newest)) return;
  marks_.push_back({.newest = newest, .line_start = line_start});
}

bool FollowedFile::WasTruncated() const {
  struct stat facts {};
  if (::fstat(fd_, &facts) != 0) return false;
  if (facts.st_size < offset_) return true;
  return head_.bytes > 0 && ReadHead(fd_, head_.bytes) != head_;
}

void FollowedFile::Close(TimeNs now) {
  if (closed()) return;
  const int64_t lines_from = resume_at_;
  stream_->EndOfStream(now);
  line_start_ = offset_;
  resume_at_ = offset_;
  if (lines_from != offset_) MarkNewest(lines_from);
  ::close(fd_);
  fd_ = -1;
}

void FollowedFile::Abandon() {
  ::close(fd_);
  fd_ = -1;
}

FilePosition FollowedFile::PositionAt(int64_t sealed_second) {
  while (!marks_.empty() && marks_.front().newest <= sealed_second) marks_.pop_front();
  return {.path = {},
          .device = device_,
          .inode = inode_,
          .offset = marks_.empty() ? resume_at_ : marks_.front().line_start,
          .head_bytes = head_.bytes,
          .head_hash = head_.hash};
}

}  // namespace revertd
