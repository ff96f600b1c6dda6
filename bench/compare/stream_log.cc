// Writes an nginx access log (vhost_combined) at a steady rate, as live traffic has it: each line ends now.
//   stream_log LINES_PER_SECOND SECONDS
// On standard error: how many lines were written. A reader that is slower than the rate is waited for, as nginx would
// have to; what that cost is the difference to the time asked for, printed too.
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/strings.h"

namespace {

constexpr int kPiecesPerSecond = 100;
constexpr int kServices = 8;

// "21/Nov/2026:03:10:09 +0000"
std::string ClfTime(std::time_t second) {
  std::tm parts{};
  ::gmtime_r(&second, &parts);
  char text[40];
  const size_t length = std::strftime(text, sizeof(text), "%d/%b/%Y:%H:%M:%S +0000", &parts);
  return {text, length};
}

void AppendLine(std::string* out, const std::string& time, uint64_t number) {
  const bool is_error = number % 1009 == 0;
  char line[256];
  const int length =
      std::snprintf(line, sizeof(line),
                    "shop%d.example.com:443 192.0.2.%d - - [%s] \"GET /items/%llu HTTP/1.1\" %d %d \"-\" \"load\"\n",
                    static_cast<int>(number % kServices), static_cast<int>(number % 250), time.c_str(),
                    static_cast<unsigned long long>(number), is_error ? 500 : 200, static_cast<int>(number % 5000));
  out->append(line, static_cast<size_t>(length));
}

}  // namespace

int main(int argc, char** argv) {
  const auto rate = argc > 1 ? revertd::ParseUnsigned(argv[1]) : std::nullopt;
  const auto seconds = argc > 2 ? revertd::ParseUnsigned(argv[2]) : std::nullopt;
  if (argc != 3 || !rate || !seconds || *rate < kPiecesPerSecond) {
    std::fprintf(stderr, "usage: stream_log LINES_PER_SECOND SECONDS\n");
    return 2;
  }
  revertd::SystemClock clock;
  const revertd::TimeNs begun = clock.Now();
  const uint64_t pieces = *seconds * kPiecesPerSecond;
  uint64_t written = 0;
  std::string text;
  for (uint64_t piece = 0; piece < pieces; ++piece) {
    const revertd::TimeNs due =
        begun + static_cast<revertd::DurationNs>(piece) * (revertd::kSecondNs / kPiecesPerSecond);
    const revertd::TimeNs now = clock.Now();
    if (now < due) clock.SleepFor(due - now);
    const std::string time = ClfTime(revertd::FloorToSecond(clock.Now()));
    text.clear();
    for (uint64_t i = 0; i < *rate / kPiecesPerSecond; ++i) AppendLine(&text, time, written++);
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) return 3;
  }
  if (std::fflush(stdout) != 0) return 3;
  std::fprintf(stderr, "%llu lines in %.2f s\n", static_cast<unsigned long long>(written),
               static_cast<double>(clock.Now() - begun) / 1e9);
  return 0;
}
