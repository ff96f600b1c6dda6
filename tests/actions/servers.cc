#include "tests/actions/servers.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "actions/process.h"
#include "base/strings.h"

namespace revertd {
namespace {

namespace fs = std::filesystem;

sockaddr_in LoopbackAddress(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  return address;
}

std::vector<char*> PointersTo(std::vector<std::string>* texts) {
  std::vector<char*> pointers;
  for (std::string& text : *texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

[[noreturn]] void Become(std::vector<std::string> command, std::vector<std::string> environment) {
  for (int number : {SIGCHLD, SIGPIPE}) signal(number, SIG_DFL);
  const std::vector<char*> arguments = PointersTo(&command);
  const std::vector<char*> variables = PointersTo(&environment);
  execve(command[0].c_str(), arguments.data(), variables.data());
  _exit(127);
}

void DieWithParent(int by_signal) {
  const pid_t parent = getppid();
  prctl(PR_SET_PDEATHSIG, by_signal);
  if (getppid() != parent) _exit(127);
}

// Serves each connection to kKeptDescriptor in a child of its own.
[[noreturn]] void AcceptForever(const std::function<void(int connection)>& serve) {
  signal(SIGCHLD, SIG_IGN);  // the kernel reaps
  for (;;) {
    const int connection = accept(kKeptDescriptor, nullptr, nullptr);
    if (connection < 0) continue;
    if (fork() == 0) {
      DieWithParent(SIGKILL);
      close(kKeptDescriptor);
      serve(connection);
      _exit(0);
    }
    close(connection);
  }
}

// The connection becomes the program's standard input and output, as inetd does it.
[[noreturn]] void AcceptAndRun(const std::vector<std::string>& command, const std::vector<std::string>& environment) {
  AcceptForever([&](int connection) {
    dup2(connection, 0);
    dup2(connection, 1);
    close(connection);
    Become(command, environment);
  });
}

bool WriteAll(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = send(descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

// Carries bytes both ways until either side ends. `cut`: what the server says once the client has spoken a second time
// (its commands and its pack, after git-receive-pack's greeting) is read to its end and never delivered.
void Relay(int client, int server, bool cut) {
  bool answered = false;
  bool spoke_again = false;
  std::array<char, 65536> buffer{};
  for (;;) {
    std::array<pollfd, 2> wanted = {pollfd{client, POLLIN, 0}, pollfd{server, POLLIN, 0}};
    if (poll(wanted.data(), wanted.size(), -1) < 0) return;
    for (const pollfd& ready : wanted) {
      if (ready.revents == 0) continue;
      const bool from_client = ready.fd == client;
      const ssize_t count = read(ready.fd, buffer.data(), buffer.size());
      if (count <= 0) return;
      (from_client ? spoke_again : answered) = from_client ? answered : true;
      if (!from_client && cut && spoke_again) continue;
      if (!WriteAll(from_client ? server : client, {buffer.data(), static_cast<size_t>(count)})) return;
    }
  }
}

void RelayToGitDaemon(int client, int daemon_port, const std::string& cut_mark) {
  const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = LoopbackAddress(daemon_port);
  if (connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) return;
  std::array<char, 4096> first{};
  const ssize_t count = recv(client, first.data(), first.size(), MSG_PEEK);
  const bool push = count > 0 && std::string_view(first.data(), static_cast<size_t>(count)).find("git-receive-pack") !=
                                     std::string_view::npos;
  // Whoever makes the mark is the first.
  const bool cut = push && open(cut_mark.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600) >= 0;
  Relay(client, server, cut);
}

class Served final : public FarEnd {
 public:
  std::vector<std::unique_ptr<LoopbackSocket>> sockets;
  std::vector<std::unique_ptr<ForkedServer>> servers;
};

std::string Authority(const LoopbackSocket& socket) { return "127.0.0.1:" + std::to_string(socket.port()); }
std::string LogOf(const Sandbox& sandbox) { return sandbox.root + "/servers.log"; }

std::string GitExecPath(const Sandbox& sandbox) {
  ProcessSpec spec;
  spec.program = "git";
  spec.arguments = {"--exec-path"};
  spec.environment = sandbox.Environment();
  return std::string(Trim(RunProcess(spec)->standard_output));
}

std::unique_ptr<Served> StartGitDaemon(const Sandbox& sandbox) {
  auto served = std::make_unique<Served>();
  served->sockets.push_back(std::make_unique<LoopbackSocket>(true));
  served->servers.push_back(std::make_unique<ForkedServer>(served->sockets[0].get(), LogOf(sandbox), [&sandbox] {
    AcceptAndRun({FindServer("git"), "daemon", "--inetd", "--log-destination=stderr", "--export-all",
                  "--enable=receive-pack", "--base-path=" + sandbox.root, sandbox.root},
                 sandbox.Environment());
  }));
  served->url = "git://" + Authority(*served->sockets[0]) + "/remote.git";
  return served;
}

std::string NginxConfiguration(const Sandbox& sandbox, const std::string& folder, const LoopbackSocket& front,
                               const LoopbackSocket& backend) {
  std::string text = "daemon off;\nworker_processes 1;\npid " + folder + "/pid;\nerror_log stderr;\nevents {}\n";
  if (geteuid() == 0) text += "user root;\n";
  text += "http {\n  access_log off;\n  client_max_body_size 0;\n";
  for (const char* kind : {"client_body", "fastcgi", "proxy", "uwsgi", "scgi"}) {
    text += std::string("  ") + kind + "_temp_path " + folder + "/" + kind + ";\n";
  }
  text += "  server {\n    listen " + Authority(front) + ";\n    auth_basic git;\n    auth_basic_user_file " + folder +
          "/passwords;\n    location / {\n      fastcgi_pass " + Authority(backend) + ";\n";
  const std::vector<std::pair<std::string, std::string>> parameters = {
      {"SCRIPT_FILENAME", GitExecPath(sandbox) + "/git-http-backend"},
      {"GIT_PROJECT_ROOT", sandbox.root},
      {"GIT_HTTP_EXPORT_ALL", "1"},
      {"PATH_INFO", "$uri"},
      {"QUERY_STRING", "$query_string"},
      {"REQUEST_METHOD", "$request_method"},
      {"CONTENT_TYPE", "$content_type"},
      {"CONTENT_LENGTH", "$content_length"},
      {"REMOTE_USER", "$remote_user"},
      {"REMOTE_ADDR", "$remote_addr"},
      {"SERVER_PROTOCOL", "$server_protocol"}};
  for (const auto& [name, value] : parameters) text += "      fastcgi_param " + name + " " + value + ";\n";
  return text + "    }\n  }\n}\n";
}

}  // namespace

LoopbackSocket::LoopbackSocket(bool listening) : descriptor_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address = LoopbackAddress(0);
  socklen_t size = sizeof(address);
  EXPECT_EQ(bind(descriptor_, reinterpret_cast<const sockaddr*>(&address), size), 0);
  EXPECT_EQ(listening ? listen(descriptor_, 64) : 0, 0);
  EXPECT_EQ(getsockname(descriptor_, reinterpret_cast<sockaddr*>(&address), &size), 0);
  port_ = ntohs(address.sin_port);
}

LoopbackSocket::~LoopbackSocket() { Close(); }

void LoopbackSocket::Close() {
  if (descriptor_ >= 0) close(descriptor_);
  descriptor_ = -1;
}

ForkedServer::ForkedServer(LoopbackSocket* socket, const std::string& log, const std::function<void()>& body)
    : child_(fork()) {
  if (child_ != 0) {
    socket->Close();
    return;
  }
  setsid();
  DieWithParent(SIGTERM);  // which nginx passes on to its workers
  const int nothing = open("/dev/null", O_RDONLY);
  const int words = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  dup2(nothing, 0);
  dup2(words, 1);
  dup2(words, 2);
  const int moved = fcntl(socket->descriptor(), F_DUPFD, kKeptDescriptor + 1);
  dup2(moved, kKeptDescriptor);
  close_range(kKeptDescriptor + 1, ~0U, 0);
  body();
  _exit(127);
}

ForkedServer::~ForkedServer() {
  if (child_ <= 0) return;
  kill(-child_, SIGKILL);
  kill(child_, SIGKILL);  // it may not have reached setsid yet
  while (waitpid(child_, nullptr, 0) < 0 && errno == EINTR) continue;
}

std::string FindServer(const std::string& program) {
  const char* path = std::getenv("PATH");
  const std::string folders = std::string(path == nullptr ? "" : path) + ":/usr/sbin:/usr/local/sbin:/usr/bin:/bin";
  for (std::string_view folder : Split(folders, ':')) {
    std::string candidate = std::string(folder) + "/" + program;
    if (!folder.empty() && access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return "";
}

std::string FirstMissing(const std::vector<std::string>& programs) {
  for (const std::string& program : programs) {
    if (FindServer(program).empty()) return program;
  }
  return "";
}

std::unique_ptr<FarEnd> ServeByGitDaemon(const Sandbox& sandbox) { return StartGitDaemon(sandbox); }

std::unique_ptr<FarEnd> ServeByHttp(const Sandbox& sandbox, const std::string& password) {
  const std::string folder = sandbox.root + "/nginx";
  auto served = std::make_unique<Served>();
  for (int i = 0; i < 2; ++i) served->sockets.push_back(std::make_unique<LoopbackSocket>(true));
  LoopbackSocket& front = *served->sockets[0];
  LoopbackSocket& backend = *served->sockets[1];
  WriteFile(folder + "/passwords", std::string(kUser) + ":{PLAIN}" + password + "\n");
  WriteFile(folder + "/nginx.conf", NginxConfiguration(sandbox, folder, front, backend));
  served->servers.push_back(std::make_unique<ForkedServer>(&backend, LogOf(sandbox), [&sandbox] {
    dup2(kKeptDescriptor, 0);  // where FastCGI programs expect their listening socket
    close(kKeptDescriptor);
    Become({FindServer("fcgiwrap"), "-f"}, sandbox.Environment());
  }));
  served->servers.push_back(std::make_unique<ForkedServer>(&front, LogOf(sandbox), [&sandbox, &folder] {
    std::vector<std::string> environment = sandbox.Environment();
    environment.push_back("NGINX=" + std::to_string(kKeptDescriptor) + ";");  // nginx's own way to inherit a socket
    Become({FindServer("nginx"), "-p", folder, "-c", folder + "/nginx.conf", "-e", "stderr"}, environment);
  }));
  served->url = "http://" + Authority(front) + "/remote.git";
  return served;
}

std::unique_ptr<FarEnd> ServeBySsh(const Sandbox& sandbox) {
  const std::string folder = sandbox.root + "/sshd";
  const std::string user = sandbox.root + "/user";
  fs::create_directories(folder);
  for (const std::string& key : {folder + "/host", user + "/identity"}) {
    ProcessSpec spec;
    spec.program = FindServer("ssh-keygen");
    spec.arguments = {"-q", "-t", "ed25519", "-N", "", "-C", "", "-f", key};
    spec.environment = sandbox.Environment();
    EXPECT_EQ(RunProcess(spec)->exit_code, 0);
  }
  fs::copy_file(user + "/identity.pub", folder + "/authorized_keys");
  const std::vector<std::string> environment = sandbox.Environment();
  WriteFile(folder + "/config", "HostKey " + folder + "/host\nAuthorizedKeysFile " + folder +
                                    "/authorized_keys\nStrictModes no\nUsePAM no\nPermitRootLogin prohibit-password\n"
                                    "PasswordAuthentication no\nKbdInteractiveAuthentication no\nPidFile none\n"
                                    "SetEnv " +
                                    Join(environment, " ") + "\n");
  // What Debian's unit makes before it starts sshd, which refuses to run as root without it.
  if (geteuid() == 0) mkdir("/run/sshd", 0755);
  auto served = std::make_unique<Served>();
  served->sockets.push_back(std::make_unique<LoopbackSocket>(true));
  LoopbackSocket& front = *served->sockets[0];
  served->servers.push_back(std::make_unique<ForkedServer>(&front, LogOf(sandbox), [&] {
    AcceptAndRun({FindServer("sshd"), "-i", "-e", "-f", folder + "/config"}, environment);
  }));
  WriteFile(user + "/known_hosts",
            "[127.0.0.1]:" + std::to_string(front.port()) + " " + ReadFile(folder + "/host.pub"));
  WriteFile(user + "/ssh_config", "Host *\n  IdentityFile " + user + "/identity\n  IdentitiesOnly yes\n" +
                                      "  UserKnownHostsFile " + user + "/known_hosts\n" +
                                      "  GlobalKnownHostsFile /dev/null\n  StrictHostKeyChecking yes\n");
  // ssh looks for its files in the home of the account and not in HOME, so git is told.
  WriteFile(user + "/.gitconfig", "[core]\n sshCommand = ssh -F " + user + "/ssh_config\n");
  served->url = "ssh://" + Authority(front) + sandbox.remote;
  return served;
}

std::unique_ptr<FarEnd> ServeByGitDaemonAndCutTheFirstAnswer(const Sandbox& sandbox) {
  std::unique_ptr<Served> served = StartGitDaemon(sandbox);
  const int daemon_port = served->sockets[0]->port();
  served->sockets.push_back(std::make_unique<LoopbackSocket>(true));
  LoopbackSocket& front = *served->sockets[1];
  served->servers.push_back(std::make_unique<ForkedServer>(&front, LogOf(sandbox), [&sandbox, daemon_port] {
    AcceptForever([&](int client) { RelayToGitDaemon(client, daemon_port, sandbox.root + "/cut"); });
  }));
  served->url = "git://" + Authority(front) + "/remote.git";
  return served;
}

}  // namespace revertd
