#include "ingest/byte_source.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tests/ingest/sockets.h"

namespace revertd {
namespace {

constexpr DurationNs kAtOnce = kMillisecondNs;
constexpr DurationNs kLong = 30 * kSecondNs;  // never waited for: bytes or an end are there

struct Pipe {
  Descriptor read;
  Descriptor write;
};

Pipe MakePipe() {
  int fds[2];
  EXPECT_EQ(pipe2(fds, O_CLOEXEC), 0);
  return {Descriptor(fds[0]), Descriptor(fds[1])};
}

Descriptor FileWith(const std::string& text) {
  std::FILE* file = std::tmpfile();
  EXPECT_NE(file, nullptr);
  EXPECT_EQ(std::fwrite(text.data(), 1, text.size(), file), text.size());
  std::rewind(file);
  Descriptor descriptor(dup(fileno(file)));
  std::fclose(file);
  return descriptor;
}

void WriteAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    ASSERT_GT(written, 0);
    text.remove_prefix(static_cast<size_t>(written));
  }
}

std::string RandomText(size_t size) {
  std::mt19937 random(5);
  std::string text(size, '\0');
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

class ByteSourceTest : public testing::Test {
 protected:
  std::unique_ptr<ByteSource> Open(int fd) {
    StatusOr<std::unique_ptr<ByteSource>> source = OpenByteSource(fd);
    EXPECT_TRUE(source.ok()) << source.status();
    return *std::move(source);
  }

  // All that comes until the end, in reads of `size` bytes.
  static std::string Drain(ByteSource& source, size_t size) {
    std::string all;
    std::vector<char> space(size);
    while (true) {
      const StatusOr<ReadResult> read = source.Read(space, kLong);
      EXPECT_TRUE(read.ok()) << read.status();
      if (!read.ok() || read->kind == ReadResult::Kind::kEnd) return all;
      EXPECT_LE(read->bytes, size);
      all.append(space.data(), read->bytes);
    }
  }
};

TEST_F(ByteSourceTest, ReadsAFileInOddSizes) {
  const std::string text = RandomText(300'001);
  for (const size_t size : {size_t{7919}, size_t{65536}, size_t{1'000'000}}) {
    const Descriptor file = FileWith(text);
    EXPECT_EQ(Drain(*Open(file.get()), size), text) << "in reads of " << size;
  }
}

TEST_F(ByteSourceTest, ReadsAFileFromWhereItStands) {
  const Descriptor file = FileWith("header\nrest\n");
  ASSERT_EQ(lseek(file.get(), 7, SEEK_SET), 7);
  EXPECT_EQ(Drain(*Open(file.get()), 100), "rest\n");
}

TEST_F(ByteSourceTest, ReadsABigPipe) {
  const std::string text = RandomText(2'000'003);
  Pipe pipe = MakePipe();
  std::jthread writer([&] {
    WriteAll(pipe.write.get(), text);
    pipe.write.Close();
  });
  EXPECT_EQ(Drain(*Open(pipe.read.get()), 12'345), text);
}

TEST_F(ByteSourceTest, APipeIsWidenedAsFarAsTheKernelGrants) {
  Pipe pipe = MakePipe();
  const int before = fcntl(pipe.read.get(), F_GETPIPE_SZ);
  const bool may_grow = fcntl(pipe.write.get(), F_SETPIPE_SZ, before * 2) == before * 2;
  ASSERT_EQ(fcntl(pipe.write.get(), F_SETPIPE_SZ, before), before);
  Open(pipe.read.get());
  EXPECT_GE(fcntl(pipe.read.get(), F_GETPIPE_SZ), may_grow ? before * 2 : before);
  EXPECT_LE(fcntl(pipe.read.get(), F_GETPIPE_SZ), std::max(before, kPipeBytes));
  // One that is wide already, or no pipe at all, stays what it is.
  const int wide = fcntl(pipe.read.get(), F_GETPIPE_SZ);
  WidenPipe(pipe.read.get());
  EXPECT_EQ(fcntl(pipe.read.get(), F_GETPIPE_SZ), wide);
  const Descriptor file = FileWith("text");
  WidenPipe(file.get());
  EXPECT_EQ(Drain(*Open(file.get()), 10), "text");
}

TEST_F(ByteSourceTest, ReadsASocket) {
  int fds[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
  const Descriptor here(fds[0]);
  Descriptor there(fds[1]);
  WriteAll(there.get(), "over a socket");
  there.Close();
  EXPECT_EQ(Drain(*Open(here.get()), 5), "over a socket");
}

TEST_F(ByteSourceTest, EmptyInputsEndAtOnce) {
  const Descriptor file = FileWith("");
  EXPECT_EQ(Drain(*Open(file.get()), 10), "");
  Pipe pipe = MakePipe();
  pipe.write.Close();
  EXPECT_EQ(Drain(*Open(pipe.read.get()), 10), "");
  const Descriptor null(open("/dev/null", O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(Drain(*Open(null.get()), 10), "");
}

// After a timeout nothing may write into the buffer: the bytes belong to the next Read() and its own space.
TEST_F(ByteSourceTest, ATimeoutLeavesTheBufferAlone) {
  Pipe pipe = MakePipe();
  const auto source = Open(pipe.read.get());
  std::string first(64, '.');
  std::string second(64, '.');
  for (int round = 0; round < 20; ++round) {
    StatusOr<ReadResult> read = source->Read(first, kAtOnce);
    ASSERT_TRUE(read.ok()) << read.status();
    ASSERT_EQ(read->kind, ReadResult::Kind::kTimeout);
    WriteAll(pipe.write.get(), "hello");
    read = source->Read(second, kLong);
    ASSERT_TRUE(read.ok()) << read.status();
    ASSERT_EQ(read->kind, ReadResult::Kind::kBytes);
    ASSERT_EQ(second.substr(0, read->bytes), "hello");
    ASSERT_EQ(first, std::string(64, '.'));
  }
}

TEST_F(ByteSourceTest, CanBeDroppedWhileTheStreamIsSilent) {
  Pipe pipe = MakePipe();
  {
    const auto source = Open(pipe.read.get());
    std::string space(64, '.');
    ASSERT_EQ(source->Read(space, kAtOnce)->kind, ReadResult::Kind::kTimeout);
  }
  WriteAll(pipe.write.get(), "later");
  pipe.write.Close();
  EXPECT_EQ(Drain(*Open(pipe.read.get()), 64), "later");
}

TEST_F(ByteSourceTest, BearsANonBlockingPipe) {
  Pipe pipe = MakePipe();
  ASSERT_EQ(fcntl(pipe.read.get(), F_SETFL, O_NONBLOCK), 0);
  const auto source = Open(pipe.read.get());
  std::string space(64, '.');
  ASSERT_EQ(source->Read(space, kAtOnce)->kind, ReadResult::Kind::kTimeout);
  WriteAll(pipe.write.get(), "now");
  ASSERT_EQ(source->Read(space, kLong)->bytes, 3U);
  pipe.write.Close();
  EXPECT_EQ(source->Read(space, kLong)->kind, ReadResult::Kind::kEnd);
}

TEST_F(ByteSourceTest, SaysWhyADescriptorCannotBeRead) {
  EXPECT_NE(MessageOf(OpenByteSource(-1).status()).find("opening the log stream"), std::string_view::npos);
  const Descriptor folder(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  EXPECT_NE(MessageOf(OpenByteSource(folder.get()).status()).find("directory"), std::string_view::npos);
  const Pipe pipe = MakePipe();
  EXPECT_NE(MessageOf(OpenByteSource(pipe.write.get()).status()).find("writing only"), std::string_view::npos);
}

}  // namespace
}  // namespace revertd
