#include "ingest/tailer.h"

#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/strings.h"

namespace revertd {
namespace {

// Of one file before the other sources have their turn.
constexpr int kReadsAtOnce = 16;
// While other streams share the ring: small steps, so that a file that is read from far behind does not run ahead of
// the others by more seconds than the ring holds.
constexpr size_t kStepBytes = size_t{16} * 1024;

std::string Words(int error) { return std::generic_category().message(error); }

bool IsCompressed(std::string_view name) {
  return std::ranges::any_of(std::array<std::string_view, 4>{".gz", ".xz", ".bz2", ".zst"},
                             [&](std::string_view ending) { return name.ends_with(ending); });
}

// Of PATH.7 it is 7, the older the larger; of PATH itself and of dated names 0.
uint64_t RotationNumber(std::string_view path) {
  constexpr uint64_t kNumberMax = 10'000;  // larger ones are dates
  const uint64_t number = ParseUnsigned(path.substr(path.rfind('.') + 1)).value_or(0);
  return number < kNumberMax ? number : 0;
}

int OpenForReading(const std::string& path) { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY); }

bool HasHead(const std::string& path, const FileHead& wanted) {
  const int fd = OpenForReading(path);
  if (fd < 0) return false;
  const FileHead head = ReadHead(fd, wanted.bytes);
  ::close(fd);
  return head == wanted;
}

void CloseIfOpen(int fd) {
  if (fd >= 0) ::close(fd);
}

FileHead HeadOf(const FilePosition& position) { return {.bytes = position.head_bytes, .hash = position.head_hash}; }

// Behind the last line end before `size`, so that the line that is being written is read whole.
int64_t LastLineStart(int fd, int64_t size) {
  std::array<char, 4096> space;
  for (int64_t end = size; end > 0 && size - end < static_cast<int64_t>(kLineBytesMax);) {
    const int64_t begin = std::max<int64_t>(end - static_cast<int64_t>(space.size()), 0);
    const ssize_t count = ::pread(fd, space.data(), static_cast<size_t>(end - begin), begin);
    if (count <= 0) return size;
    const size_t newline = std::string_view(space.data(), static_cast<size_t>(count)).rfind('\n');
    if (newline != std::string_view::npos) return begin + static_cast<int64_t>(newline) + 1;
    end = begin;
  }
  return size < static_cast<int64_t>(kLineBytesMax) ? 0 : size;
}

}  // namespace

Tailer::Tailer(Options options, SourceContext context) : options_(std::move(options)), context_(std::move(context)) {}

Tailer::~Tailer() {
  if (notices_ < 0) return;
  if (loop_ != nullptr) loop_->Remove(notices_id_);
  ::close(notices_);
}

Status Tailer::Start(EventLoop* loop) {
  loop_ = loop;
  notices_ = ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  if (notices_ < 0) {
    context_.Tell("waiting", "no notices of changes (" + Words(errno) + "): the file is looked at every 200 ms");
  } else {
    notices_id_ = loop_->WatchReadable(notices_, [this](const EventLoop::Event&) { DrainNotices(); });
    const std::string folder = std::filesystem::path(options_.path).parent_path().string();
    ::inotify_add_watch(notices_, folder.empty() ? "." : folder.c_str(), IN_CREATE | IN_MOVED_TO);
  }
  return OkStatus();
}

// What happened does not matter: every tick looks at everything. Reading them is what lets the loop wait again.
void Tailer::DrainNotices() {
  alignas(inotify_event) std::array<char, 4096> space;
  while (::read(notices_, space.data(), space.size()) > 0) continue;
}

void Tailer::Watch(int fd) {
  if (notices_ < 0) return;
  // Through the descriptor: the path may be another file's by now.
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  ::inotify_add_watch(notices_, path.c_str(), IN_MODIFY | IN_MOVE_SELF | IN_ATTRIB);
}

bool Tailer::Tick() {
  if (!resumed_) Resume();
  if (current() != nullptr) CheckTruncated();
  bool more = ReadAll();
  if (!more) {
    CheckPath();
    if (current() == nullptr) OpenCurrent();
    // What was opened just now is read at once.
    more = ReadAll();
  }
  CloseIdle();
  context_.watermark->SetBehind(context_.recorder->stream(), more);
  return more && !context_.watermark->IsAhead(context_.recorder->stream());
}

bool Tailer::ReadAll() {
  for (const auto& file : files_) {
    if (file->closed()) continue;
    for (int reads = 0;; ++reads) {
      // Whoever is ahead of the others waits for them: a file can.
      if (reads == kReadsAtOnce || context_.watermark->IsAhead(context_.recorder->stream())) return true;
      const size_t step = context_.watermark->IsShared() ? kStepBytes : kReadBytes;
      const StatusOr<size_t> bytes = file->Read(step, context_.clock->Now());
      if (!bytes.ok()) {
        context_.counters->Add(Counter::kReadErrors);
        context_.Tell("failed", std::string(MessageOf(bytes.status())));
        break;
      }
      if (*bytes == 0) break;
      context_.Heard(file->format());
    }
  }
  return false;
}

void Tailer::CloseIdle() {
  const TimeNs now = context_.clock->Now();
  for (const auto& file : files_) {
    const bool is_current = has_current_ && file == files_.back();
    if (!is_current && !file->closed() && now - file->last_bytes_ns() >= kGraceNs) file->Close(now);
  }
  while (files_.size() > kFilesMax) {
    if (!files_.front()->closed()) {
      context_.counters->Add(Counter::kFilesLost);
      files_.front()->Close(now);
    }
    files_.pop_front();
  }
}

void Tailer::CheckTruncated() {
  FollowedFile* file = current();
  if (!file->WasTruncated()) return;
  context_.counters->Add(Counter::kFilesTruncated);
  context_.Tell("truncated", "it is read from its start");
  const int again = OpenForReading("/proc/self/fd/" + std::to_string(file->fd()));
  // copytruncate: what was written after our last read and before the cut stands in the copy alone.
  const int copy = OpenCopyOf(*file);
  if (copy >= 0) {
    file->Abandon();
    Follow(copy, file->line_start(), false);
  } else {
    file->Close(context_.clock->Now());
  }
  has_current_ = false;
  if (again >= 0) Follow(again, 0, true);
}

int Tailer::OpenCopyOf(const FollowedFile& file) const {
  const FileHead& head = file.head();
  if (head.bytes == 0) return -1;
  for (const Candidate& candidate : Candidates()) {
    // A file that is or was followed here is no copy, though it may begin with the same lines in the same second.
    const bool is_followed = std::ranges::any_of(files_, [&](const auto& followed) {
      return candidate.device == followed->device() && candidate.inode == followed->inode();
    });
    if (is_followed || candidate.size <= file.line_start() || !HasHead(candidate.path, head)) continue;
    return OpenSame(candidate);
  }
  return -1;
}

void Tailer::CheckPath() {
  FollowedFile* file = current();
  if (file == nullptr) return;
  struct stat facts {};
  if (::stat(options_.path.c_str(), &facts) != 0) {
    if (errno == ENOENT) Retire("rotated");
    return;  // a folder that cannot be looked into for a moment: the file that is open stays good
  }
  if (facts.st_dev == file->device() && facts.st_ino == file->inode()) return;
  Retire("rotated");
  struct stat own {};
  if (::fstat(file->fd(), &own) == 0) {
    OpenBacklog(Candidates(), own.st_mtim.tv_sec * kSecondNs + own.st_mtim.tv_nsec);
  }
}

void Tailer::Retire(std::string_view what) {
  context_.counters->Add(Counter::kFilesRotated);
  context_.Tell(what, "the old file is read to its end");
  has_current_ = false;
}

void Tailer::OpenCurrent() {
  const int fd = OpenForReading(options_.path);
  struct stat facts {};
  std::string problem;
  if (fd < 0 && errno == ENOENT) {
    problem = "the file does not exist yet";
    opened_before_ = true;  // what appears later is new, and read from its start
  } else if (fd < 0) {
    problem = "cannot be opened: " + Words(errno);
  } else if (::fstat(fd, &facts) != 0 || !S_ISREG(facts.st_mode)) {
    problem = "not a file";
  }
  if (!problem.empty()) {
    if (fd >= 0) ::close(fd);
    if (told_ != problem) context_.Tell("waiting", problem);
    told_ = problem;
    return;
  }
  told_.clear();
  const bool from_start = options_.from_start || opened_before_;
  Follow(fd, from_start ? 0 : LastLineStart(fd, facts.st_size), true);
}

void Tailer::Follow(int fd, int64_t offset, bool is_current, FileHead known) {
  Watch(fd);
  files_.push_back(std::make_unique<FollowedFile>(
      fd, offset, known, context_.recorder, [this] { return context_.NewStream(); }, context_.clock->Now()));
  has_current_ = is_current;
  opened_before_ = true;
  context_.Tell("opened", "from byte " + std::to_string(offset));
}

std::vector<Tailer::Candidate> Tailer::Candidates() const {
  std::vector<Candidate> candidates;
  const std::filesystem::path path(options_.path);
  const std::string name = path.filename().string();
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  std::error_code error;
  for (auto entry = std::filesystem::directory_iterator(folder, error);
       !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    const std::string other = entry->path().filename().string();
    const bool is_rotated = other.size() > name.size() + 1 && other.starts_with(name) &&
                            (other[name.size()] == '.' || other[name.size()] == '-') && !IsCompressed(other);
    struct stat facts {};
    if ((other != name && !is_rotated) || ::stat(entry->path().c_str(), &facts) != 0 || !S_ISREG(facts.st_mode)) {
      continue;
    }
    candidates.push_back({.path = entry->path().string(),
                          .device = facts.st_dev,
                          .inode = facts.st_ino,
                          .size = facts.st_size,
                          .modified_ns = facts.st_mtim.tv_sec * kSecondNs + facts.st_mtim.tv_nsec});
  }
  // Oldest first. Files that were rotated within a tick of the file system's clock are told apart by their numbers.
  std::ranges::sort(candidates, [](const Candidate& a, const Candidate& b) {
    if (a.modified_ns != b.modified_ns) return a.modified_ns < b.modified_ns;
    return RotationNumber(a.path) > RotationNumber(b.path);
  });
  return candidates;
}

int Tailer::OpenSame(const Candidate& candidate) {
  const int fd = OpenForReading(candidate.path);
  struct stat facts {};
  if (fd < 0 || (::fstat(fd, &facts) == 0 && facts.st_dev == candidate.device && facts.st_ino == candidate.inode)) {
    return fd;
  }
  ::close(fd);
  return -1;
}

const Tailer::Candidate* Tailer::Find(const std::vector<Candidate>& candidates, const FilePosition& position) {
  const Candidate* found = nullptr;
  for (const Candidate& candidate : candidates) {
    const bool same_inode = candidate.device == position.device && candidate.inode == position.inode;
    const bool fits = position.head_bytes > 0
                          ? candidate.size >= position.offset && HasHead(candidate.path, HeadOf(position))
                          : same_inode;
    if (fits && (found == nullptr || same_inode)) found = &candidate;
  }
  return found;
}

bool Tailer::IsKnown(const Candidate& candidate) const {
  return std::ranges::any_of(files_, [&](const auto& file) {
    if (candidate.device == file->device() && candidate.inode == file->inode() && !file->closed()) return true;
    return file->head().bytes > 0 && HasHead(candidate.path, file->head());
  });
}

void Tailer::OpenBacklog(const std::vector<Candidate>& candidates, int64_t since_ns) {
  for (const Candidate& candidate : candidates) {
    if (candidate.path == options_.path || candidate.modified_ns < since_ns || IsKnown(candidate)) continue;
    if (const int fd = OpenSame(candidate); fd >= 0) Follow(fd, 0, false);
  }
}

std::vector<Tailer::Located> Tailer::Locate(const std::vector<Candidate>& candidates) const {
  const bool any_head = std::ranges::any_of(options_.positions, [](const auto& p) { return p.head_bytes > 0; });
  std::vector<Located> all;
  for (const FilePosition& position : options_.positions) {
    // Nothing was read of it: it is part of the backlog, under whatever name, also as a copy.
    if (position.head_bytes == 0 && any_head) continue;
    const Candidate* file = Find(candidates, position);
    all.push_back({.position = &position, .file = file, .fd = file == nullptr ? -1 : OpenSame(*file)});
  }
  return all;
}

void Tailer::Resume() {
  resumed_ = true;
  if (options_.positions.empty()) return;
  opened_before_ = true;  // from now on every file is new, and read from its start
  std::vector<Candidate> candidates = Candidates();
  std::vector<Located> all = Locate(candidates);
  const auto is_missing = [](const Located& located) { return located.fd < 0; };
  // What is renamed just now may stand under neither name, or under another by the time it is opened.
  for (int looks = 1; looks < kLooksMax && std::ranges::any_of(all, is_missing); ++looks) {
    for (const Located& located : all) CloseIfOpen(located.fd);
    candidates = Candidates();
    all = Locate(candidates);
  }
  const Located* newest = nullptr;
  const Located* at_path = nullptr;
  for (const Located& located : all) {
    if (is_missing(located)) {
      context_.counters->Add(Counter::kFilesLost);
      context_.Tell("lost", "a file that was read to byte " + std::to_string(located.position->offset) + " is gone");
      continue;
    }
    if (newest == nullptr || located.file->modified_ns >= newest->file->modified_ns) newest = &located;
    if (located.file->path == options_.path && at_path == nullptr) {
      // Opened last, behind the backlog. Positions stand oldest first: of two in one file the first covers more.
      at_path = &located;
    } else if (located.file->path != options_.path && !IsKnown(*located.file)) {
      Follow(located.fd, located.position->offset, false, HeadOf(*located.position));
    } else {
      ::close(located.fd);
    }
  }
  // Where nothing is known any more, whatever is there is read: lines of kept seconds are left out by their time.
  if (at_path == nullptr) {
    OpenBacklog(candidates, newest == nullptr ? 0 : newest->file->modified_ns);
    return;  // OpenCurrent reads what stands at the path from its start
  }
  Follow(at_path->fd, at_path->position->offset, true, HeadOf(*at_path->position));
}

std::vector<FilePosition> Tailer::PositionsAt(int64_t sealed_second) {
  while (files_.size() > 1 && files_.front()->IsDoneAt(sealed_second)) files_.pop_front();
  std::vector<FilePosition> positions;
  for (const auto& file : files_) {
    positions.push_back(file->PositionAt(sealed_second));
    positions.back().path = options_.path;
  }
  // Nothing was opened yet: what was known stays known.
  return resumed_ ? positions : options_.positions;
}

// The unfinished last line stays in the file: after a restart it is read again, whole.
void Tailer::Stop() {}

}  // namespace revertd
