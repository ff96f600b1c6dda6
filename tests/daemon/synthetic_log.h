// Access log lines of two services in the format nginx_vhost_combined_rt, one second at a time, with as many errors
// as asked for, spread evenly: what a test needs to know exactly.
#pragma once

#include <cstdint>
#include <cstdio>
#include <ctime>
#include <string>
#include <string_view>

namespace revertd {

inline std::string LogLine(std::string_view host, int64_t second, int status) {
  const std::time_t time = second;
  std::tm utc{};
  ::gmtime_r(&time, &utc);
  char stamp[40];
  std::strftime(stamp, sizeof(stamp), "%d/%b/%Y:%H:%M:%S +0000", &utc);
  return std::string(host) + ":80 127.0.0.1 - - [" + stamp + "] \"GET /items/7?full=1 HTTP/1.1\" " +
         std::to_string(status) + " 612 \"-\" \"synthetic\" 0.004\n";
}

// `requests` lines of `host` in `second`, `errors` of them with status 500.
inline std::string LogSecond(std::string_view host, int64_t second, int requests, int errors) {
  std::string lines;
  for (int i = 0; i < requests; ++i) {
    const bool bad = errors > 0 && i * errors / requests != (i + 1) * errors / requests;
    lines += LogLine(host, second, bad ? 500 : 200);
  }
  return lines;
}

// Both services for [from, until); checkout has `errors` a second.
inline std::string LogSeconds(int64_t from, int64_t until, int errors) {
  std::string lines;
  for (int64_t second = from; second < until; ++second) {
    lines += LogSecond("checkout.test", second, 150, errors) + LogSecond("catalog.test", second, 150, 0);
  }
  return lines;
}

}  // namespace revertd
