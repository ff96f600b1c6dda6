// Far ends for the tests of transports: git's own daemon, nginx with git-http-backend behind a password, sshd with a
// key, a server that never answers, a line that is cut. All of them on 127.0.0.1, on ports that the kernel chose, and
// gone with their object, or with the test program where that dies first.
//
// Thread contract: one thread, and no other thread while one is made: most of them fork.
// Invariant: the test itself binds every port and hands it down as an open socket, so no port is lost to another
// program and nobody waits for a server to come up: a connection made earlier waits in the kernel's queue.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/actions/sandbox.h"

namespace revertd {

class LoopbackSocket {
 public:
  // not listening: the port is ours and refuses every connection.
  explicit LoopbackSocket(bool listening);
  LoopbackSocket(const LoopbackSocket&) = delete;
  LoopbackSocket& operator=(const LoopbackSocket&) = delete;
  ~LoopbackSocket();
  int descriptor() const { return descriptor_; }
  int port() const { return port_; }
  void Close();

 private:
  int descriptor_ = -1;
  int port_ = 0;
};

// A forked child that runs `body` and never returns from it; killed with its process group at the end. Of our
// descriptors it gets `socket` alone, as its number 3, and we keep no copy: a dead server refuses. What it says goes to
// `log`.
class ForkedServer {
 public:
  ForkedServer(LoopbackSocket* socket, const std::string& log, const std::function<void()>& body);
  ForkedServer(const ForkedServer&) = delete;
  ForkedServer& operator=(const ForkedServer&) = delete;
  ~ForkedServer();

 private:
  pid_t child_ = -1;
};
inline constexpr int kKeptDescriptor = 3;  // in the body of a ForkedServer

// Where it is installed; empty: nowhere. Looks where Debian keeps daemons, too.
std::string FindServer(const std::string& program);
// The first of `programs` that is not installed; empty: all are there.
std::string FirstMissing(const std::vector<std::string>& programs);

class FarEnd {
 public:
  virtual ~FarEnd() = default;
  std::string url;  // of the sandbox's remote
};

// Takes fetches and pushes from everybody.
std::unique_ptr<FarEnd> ServeByGitDaemon(const Sandbox& sandbox);
// Smart HTTP; needs nginx and fcgiwrap. Takes kUser with `password`; the URL names neither.
inline constexpr char kUser[] = "deployer";
std::unique_ptr<FarEnd> ServeByHttp(const Sandbox& sandbox, const std::string& password);
// Needs sshd and ssh-keygen. Lets in the key of the sandbox's user, who knows this host's key; both are named in the
// user's own configuration of git and ssh.
std::unique_ptr<FarEnd> ServeBySsh(const Sandbox& sandbox);

// git daemon behind a line that is cut once: after the first push has reached it, before its answer comes back.
std::unique_ptr<FarEnd> ServeByGitDaemonAndCutTheFirstAnswer(const Sandbox& sandbox);

}  // namespace revertd
