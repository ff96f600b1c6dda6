// The peer of a JSON replay: simdjson's On-Demand iterate_many over the file's bytes, taking the four fields that a
// request is counted by, in the order of the log (any other order would make it slow), and nothing else:
//   simdjson_loop FILE
// Read as revertd reads: one buffer, the cut line carried in front of the next read. Prints lines, errors (5xx) and the
// sum of the durations in milliseconds, so that its answer can be checked. Built for the machine it runs on: On Demand
// chooses most of its instructions when it is compiled.
#include <fcntl.h>
#include <simdjson.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cinttypes>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/limits.h"

namespace {

// A read behind the carried line. It is the batch's size as well: another one each time would be memory anew each time.
constexpr size_t kCapacity = revertd::kLineBytesMax + revertd::kReadBytes;

struct Sums {
  uint64_t lines = 0;
  uint64_t errors = 0;
  uint64_t milliseconds = 0;
  uint64_t other = 0;  // what the other fields are used for: a compiler must not leave them out
};

// SIMDJSON_PADDING bytes behind `data` may be read.
void AddLines(simdjson::ondemand::parser& parser, const char* data, size_t bytes, Sums& sums) {
  simdjson::ondemand::document_stream documents;
  REVERTD_CHECK(parser.iterate_many(data, bytes, kCapacity).get(documents) == simdjson::SUCCESS);
  for (auto document : documents) {
    std::string_view time;
    std::string_view host;
    uint64_t status = 0;
    double duration = 0;
    REVERTD_CHECK(document["msec"].get(time) == simdjson::SUCCESS);
    REVERTD_CHECK(document["host"].get(host) == simdjson::SUCCESS);
    REVERTD_CHECK(document["status"].get(status) == simdjson::SUCCESS);
    REVERTD_CHECK(document["request_time"].get(duration) == simdjson::SUCCESS);
    uint64_t second = 0;
    std::from_chars(time.data(), time.data() + time.size(), second);
    ++sums.lines;
    sums.errors += status >= 500 ? 1 : 0;
    sums.milliseconds += static_cast<uint64_t>(std::llround(duration * 1000));
    sums.other += second + host.size();
  }
}

}  // namespace

int main(int argc, char** argv) {
  const int fd = argc == 2 ? ::open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
  if (fd < 0) {
    std::fputs("usage: simdjson_loop FILE\n", stderr);
    return 2;
  }
  std::string buffer(kCapacity + simdjson::SIMDJSON_PADDING, ' ');
  simdjson::ondemand::parser parser;
  Sums sums;
  size_t filled = 0;
  ssize_t bytes = 0;
  while ((bytes = ::read(fd, buffer.data() + filled, std::min(revertd::kReadBytes, kCapacity - filled))) > 0) {
    filled += static_cast<size_t>(bytes);
    const size_t whole = std::string_view(buffer.data(), filled).rfind('\n') + 1;  // npos + 1 is 0: no line has ended
    REVERTD_CHECK(whole != 0);
    AddLines(parser, buffer.data(), whole, sums);
    filled -= whole;
    std::memmove(buffer.data(), buffer.data() + whole, filled);
  }
  ::close(fd);
  std::printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", sums.lines, sums.errors, sums.milliseconds,
              sums.other);
  return bytes < 0 ? 3 : 0;
}
