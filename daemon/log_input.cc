#include "daemon/log_input.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace revertd {

StatusOr<LogInput> LogInput::Open(const std::string& path) {
  const bool owned = path != "-";
  const int fd = owned ? ::open(path.c_str(), O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
  if (fd < 0) return Unavailable("cannot read " + path + ": " + std::strerror(errno));
  LogInput input(fd, owned);
  struct stat facts {};
  if (::fstat(fd, &facts) == 0 && S_ISDIR(facts.st_mode))
    return Unavailable("cannot read " + path + ": it is a folder");
  auto source = OpenByteSource(fd);
  if (!source.ok()) return source.status();
  input.source_ = *std::move(source);
  return input;
}

LogInput::LogInput(LogInput&& other) noexcept
    : fd_(other.fd_), owned_(std::exchange(other.owned_, false)), source_(std::move(other.source_)) {}

LogInput::~LogInput() {
  source_.reset();
  if (owned_) ::close(fd_);
}

StatusOr<const Format*> FormatOrAuto(const std::string& name) {
  if (name == "auto") return nullptr;
  if (const Format* format = FormatNamed(name)) return format;
  if (name.find(':') != std::string::npos) {
    auto described = CustomFormat(name);
    if (!described.ok()) return described.status();
    // What a person describes on the command line lives as long as the process, as the named formats do.
    static std::vector<std::unique_ptr<const Format>> kept;
    return kept.emplace_back(*std::move(described)).get();
  }
  std::string message = "unknown format \"" + name + "\"; known: auto";
  for (std::string_view known : FormatNames()) message += ", " + std::string(known);
  return InvalidArgument(message);
}

std::vector<std::string> LogsOrStdin(const std::vector<std::string>& logs) {
  return logs.empty() ? std::vector<std::string>{"-"} : logs;
}

}  // namespace revertd
