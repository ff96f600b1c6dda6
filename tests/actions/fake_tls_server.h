// FakeTlsServer: a real TLS server on the loopback with a certificate of its own making, for 127.0.0.1 and until
// whenever the test says. It answers every request with 200 and "ok".
//
// Thread contract: the test's thread; the answering happens in a thread of its own, one connection at a time.
#pragma once

#include <memory>
#include <string>
#include <thread>

#include "base/clock.h"
#include "tests/actions/servers.h"
#include "tests/test_folder.h"

namespace revertd {

class FakeTlsServer {
 public:
  explicit FakeTlsServer(TimeNs certificate_end);
  ~FakeTlsServer();
  FakeTlsServer(const FakeTlsServer&) = delete;
  FakeTlsServer& operator=(const FakeTlsServer&) = delete;

  std::string url() const { return "https://127.0.0.1:" + std::to_string(socket_.port()); }
  const std::string& ca_file() const { return ca_file_; }  // trusts this server and no other

 private:
  struct Tls;
  void Serve();
  void Handle(int connection);

  TestFolder folder_;
  LoopbackSocket socket_{true};
  std::unique_ptr<Tls> tls_;
  std::string ca_file_;
  int stop_[2] = {-1, -1};
  std::thread thread_;
};

}  // namespace revertd
