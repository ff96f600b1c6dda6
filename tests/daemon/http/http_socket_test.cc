// Where a server listens: its file's mode and life, and addresses that are taken.
#include "daemon/http/http_socket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <string>

#include "tests/daemon/http/caller.h"
#include "tests/test_folder.h"

namespace revertd {
namespace {

using testing::HasSubstr;

ListenAddress Address(const std::string& text) { return *ParseListenAddress(text); }

unsigned ModeOf(const std::string& path) {
  struct stat facts {};
  return ::lstat(path.c_str(), &facts) == 0 ? facts.st_mode & 0777 : 0;
}

bool Exists(const std::string& path) {
  struct stat facts {};
  return ::lstat(path.c_str(), &facts) == 0;
}

class UnixSocket : public testing::Test {
 protected:
  StatusOr<ListeningSocket> Open(unsigned mode = 0600) { return ListeningSocket::Open(Address("unix:" + path_), mode); }

  TestFolder folder_;
  const std::string path_ = folder_.Path("http.sock");
};

TEST_F(UnixSocket, HasItsModeWhateverTheUmask) {
  for (const mode_t umask : {0U, 022U, 0777U}) {
    const mode_t before = ::umask(umask);
    for (const unsigned mode : {0600U, 0660U, 0666U}) {
      const auto socket = Open(mode);
      ASSERT_TRUE(socket.ok()) << MessageOf(socket.status());
      EXPECT_EQ(ModeOf(path_), mode);
    }
    ::umask(before);
  }
}

TEST_F(UnixSocket, IsGoneWithItsServer) {
  { const auto socket = Open(); }
  EXPECT_FALSE(Exists(path_));
}

TEST_F(UnixSocket, ThatNobodyListensOnIsReplaced) {
  {
    // As a killed process leaves it.
    sockaddr_un bound{};
    bound.sun_family = AF_UNIX;
    path_.copy(bound.sun_path, sizeof(bound.sun_path) - 1);
    const int left = ::socket(AF_UNIX, SOCK_STREAM, 0);
    ASSERT_EQ(::bind(left, reinterpret_cast<const sockaddr*>(&bound), sizeof(bound)), 0);
    ::close(left);
  }
  ASSERT_TRUE(Exists(path_));
  const auto socket = Open(0660);
  ASSERT_TRUE(socket.ok()) << MessageOf(socket.status());
  EXPECT_TRUE(SocketCaller(path_).is_connected());
}

TEST_F(UnixSocket, ThatIsListenedOnIsLeftAlone) {
  const auto first = Open();
  const auto second = Open();
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(MessageOf(second.status())), HasSubstr("listening on unix:" + path_));
  EXPECT_TRUE(SocketCaller(path_).is_connected());
  EXPECT_TRUE(Exists(path_));
}

TEST_F(UnixSocket, ThatIsNoSocketIsLeftAlone) {
  folder_.Write("http.sock", "precious");
  EXPECT_EQ(Open().status().code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(Exists(path_));
}

TEST_F(UnixSocket, OfAnotherIsNotRemovedAtTheEnd) {
  {
    const auto first = Open();
    ::unlink(path_.c_str());
    folder_.Write("http.sock", "another's");
  }
  EXPECT_TRUE(Exists(path_));
}

TEST_F(UnixSocket, ServesAndRemovesItsFile) {
  ScriptedHandler handler;
  {
    RunningServer server(&handler, {}, "unix:" + path_);
    SocketCaller caller(path_);
    caller.Send(Get("/over/unix"));
    EXPECT_THAT(caller.Read().value_or(ReadReply{}).body, HasSubstr("/over/unix"));
    EXPECT_EQ(ModeOf(path_), 0600U);
  }
  EXPECT_FALSE(Exists(path_));
}

TEST(TcpSocket, ThatIsTakenIsUnavailable) {
  const auto first = ListeningSocket::Open(Address("tcp:127.0.0.1:0"), 0);
  ASSERT_TRUE(first.ok());
  EXPECT_NE(first->port(), 0);
  const auto second = ListeningSocket::Open(Address("tcp:127.0.0.1:" + std::to_string(first->port())), 0);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ListeningSocket::Open(Address("tcp:192.0.2.1:0"), 0).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ListeningSocket::Open(Address("udp:127.0.0.1:0"), 0).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(TcpSocket, CanBeTakenAgainRightAfter) {
  uint16_t port = 0;
  {
    ScriptedHandler handler;
    RunningServer server(&handler, {});
    port = server.port();
    SocketCaller caller = server.Connect();
    caller.Send(Get("/", "Connection: close\r\n"));  // so that the server's side closes first
    EXPECT_EQ(caller.Read().value_or(ReadReply{}).status, 200);
  }
  EXPECT_TRUE(ListeningSocket::Open(Address("tcp:127.0.0.1:" + std::to_string(port)), 0).ok());
}

TEST(TcpSocket, SpeaksTheNewerProtocolToo) {
  const auto socket = ListeningSocket::Open(Address("tcp:[::1]:0"), 0);
  if (!socket.ok()) GTEST_SKIP() << "this machine has no IPv6: " << MessageOf(socket.status());
  EXPECT_NE(socket->port(), 0);
  EXPECT_EQ(socket->Accept(1000), -EAGAIN);
}

}  // namespace
}  // namespace revertd
