#include "tests/actions/fake_http_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "base/check.h"
#include "base/strings.h"

namespace revertd {
namespace {

constexpr int kUnscripted = 599;
constexpr int kDripMilliseconds = 20;
constexpr size_t kDripBytes = 4000;                            // promised; more than a minute's worth
constexpr size_t kEndlessBytesMax = size_t{64} * 1024 * 1024;  // a client without a limit fails rather than hangs

FakeRequest ParseHead(std::string_view head) {
  FakeRequest request;
  const std::vector<std::string_view> lines = Split(head, '\n');
  const std::vector<std::string_view> words = Split(Trim(lines[0]), ' ');
  if (words.size() == 3) {
    request.method = words[0];
    request.target = words[1];
  }
  for (size_t i = 1; i < lines.size(); ++i) {
    const size_t colon = lines[i].find(':');
    if (colon == std::string_view::npos) continue;
    request.headers.emplace_back(ToLower(lines[i].substr(0, colon)), Trim(lines[i].substr(colon + 1)));
  }
  return request;
}

// Empty method: the connection ended before the request did.
FakeRequest Receive(int connection) {
  std::string bytes;
  char buffer[4096];
  while (true) {
    const size_t end = bytes.find("\r\n\r\n");
    if (end != std::string::npos) {
      FakeRequest request = ParseHead(std::string_view(bytes).substr(0, end));
      const size_t length = ParseUnsigned(request.Header("content-length")).value_or(0);
      if (bytes.size() >= end + 4 + length) {
        request.body = bytes.substr(end + 4, length);
        return request;
      }
    }
    const ssize_t got = recv(connection, buffer, sizeof(buffer), 0);
    if (got <= 0) return {};
    bytes.append(buffer, static_cast<size_t>(got));
  }
}

std::string Head(const FakeAnswer& answer, size_t length, bool says_length) {
  std::string head = "HTTP/1.1 " + std::to_string(answer.status) + " Scripted\r\nConnection: close\r\n";
  for (const auto& [name, value] : answer.headers) head += name + ": " + value + "\r\n";
  if (says_length) head += "Content-Length: " + std::to_string(length) + "\r\n";
  return head + "\r\n";
}

}  // namespace

std::string FakeRequest::Header(std::string_view name) const {
  const auto found =
      std::find_if(headers.begin(), headers.end(), [&](const auto& header) { return header.first == name; });
  return found == headers.end() ? std::string() : found->second;
}

std::string FakeRequest::Line() const { return method + " " + target + (body.empty() ? "" : " " + body); }

FakeHttpServer::FakeHttpServer() {
  REVERTD_CHECK(pipe2(stop_, O_CLOEXEC) == 0);
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REVERTD_CHECK(listener_ >= 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  auto* const any = static_cast<sockaddr*>(static_cast<void*>(&address));
  REVERTD_CHECK(bind(listener_, any, length) == 0);
  REVERTD_CHECK(listen(listener_, 16) == 0);
  REVERTD_CHECK(getsockname(listener_, any, &length) == 0);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Serve(); });
}

FakeHttpServer::~FakeHttpServer() {
  close(stop_[1]);
  thread_.join();
  close(stop_[0]);
  close(listener_);
}

void FakeHttpServer::Answer(FakeAnswer answer) {
  const std::lock_guard lock(mutex_);
  answers_.push_back(std::move(answer));
}

std::vector<FakeRequest> FakeHttpServer::TakeRequests() {
  const std::lock_guard lock(mutex_);
  return std::exchange(requests_, {});
}

std::vector<std::string> FakeHttpServer::TakeLines() {
  std::vector<std::string> lines;
  for (const FakeRequest& request : TakeRequests()) lines.push_back(request.Line());
  return lines;
}

size_t FakeHttpServer::answers_left() const {
  const std::lock_guard lock(mutex_);
  return answers_.size();
}

void FakeHttpServer::Serve() {
  while (true) {
    pollfd wanted[2] = {{listener_, POLLIN, 0}, {stop_[0], POLLIN, 0}};
    if (poll(wanted, 2, -1) < 0) continue;
    if (wanted[1].revents != 0) return;
    const int connection = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) continue;
    Handle(connection);
    close(connection);
  }
}

void FakeHttpServer::Handle(int connection) {
  FakeRequest request = Receive(connection);
  if (request.method.empty()) return;
  Send(connection, NextAnswer(std::move(request)));
}

FakeAnswer FakeHttpServer::NextAnswer(FakeRequest request) {
  const std::lock_guard lock(mutex_);
  requests_.push_back(std::move(request));
  if (answers_.empty()) return {kUnscripted, "{\"message\":\"unscripted\"}", {}, {}};
  FakeAnswer answer = std::move(answers_.front());
  answers_.pop_front();
  return answer;
}

void FakeHttpServer::Send(int connection, const FakeAnswer& answer) {
  using Lie = FakeAnswer::Lie;
  const std::string_view body = answer.body;
  switch (answer.lie) {
    case Lie::kNone:
      SendAll(connection, Head(answer, body.size(), true));
      SendAll(connection, body);
      return;
    case Lie::kCut:
      SendAll(connection, Head(answer, body.size(), true));
      SendAll(connection, body.substr(0, body.size() / 2));
      return;
    case Lie::kShortLength:
      SendAll(connection, Head(answer, body.size() / 2, true));
      SendAll(connection, body);
      return;
    case Lie::kSilent: IsOver(connection, -1); return;
    case Lie::kDrip:
      SendAll(connection, Head(answer, kDripBytes, true));
      while (!IsOver(connection, kDripMilliseconds) && SendAll(connection, " ")) {
      }
      return;
    case Lie::kHuge:
    case Lie::kEndlessHeaders: {
      const bool in_body = answer.lie == Lie::kHuge;
      SendAll(connection, in_body ? Head(answer, 0, false) : "HTTP/1.1 200 Scripted\r\n");
      const std::string piece = in_body ? std::string(1000, ' ') : "X-More: " + std::string(1000, 'm') + "\r\n";
      for (size_t sent = 0; sent < kEndlessBytesMax && SendAll(connection, piece); sent += piece.size()) {
      }
      return;
    }
    case Lie::kHangUp: return;
    case Lie::kNoHttp: SendAll(connection, body); return;
  }
}

bool FakeHttpServer::SendAll(int connection, std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t sent = send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

bool FakeHttpServer::IsOver(int connection, int milliseconds) const {
  pollfd wanted[2] = {{connection, POLLIN | POLLRDHUP, 0}, {stop_[0], POLLIN, 0}};
  return poll(wanted, 2, milliseconds) != 0;
}

}  // namespace revertd
