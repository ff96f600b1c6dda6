// LOG arguments of `parse` and `replay`: paths, or "-" for standard input; none at all means standard input.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "ingest/byte_source.h"
#include "ingest/format/format.h"

namespace revertd {

class LogInput {
 public:
  static StatusOr<LogInput> Open(const std::string& path);
  LogInput(LogInput&& other) noexcept;
  LogInput& operator=(LogInput&&) = delete;
  ~LogInput();

  ByteSource* source() { return source_.get(); }

 private:
  LogInput(int fd, bool owned) : fd_(fd), owned_(owned) {}

  int fd_;
  bool owned_;
  std::unique_ptr<ByteSource> source_;
};

// The format of that name, or that a "KIND:DESCRIPTION" compiles to (CustomFormat); null for "auto"; an error that
// lists the names, or says what is wrong with the description, for any other. Main thread only.
StatusOr<const Format*> FormatOrAuto(const std::string& name);

std::vector<std::string> LogsOrStdin(const std::vector<std::string>& logs);

}  // namespace revertd
