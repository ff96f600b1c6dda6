// uWSGI's request log:
//   [pid: 7|app: 0|req: 4/9] 192.0.2.7 () {34 vars in 617 bytes} [Sat Nov 21 03:10:09 2026] GET /cart?id=7 =>
//   generated 215 bytes in 16 msecs (HTTP/1.1 200) 9 headers in 373 bytes (1 switches on core 22)
// in one line. The time is when the request came, in the server's own time zone (ReaderOptions::zone).
#pragma once

#include "ingest/format/format.h"

namespace revertd {

class Uwsgi final : public Format {
 public:
  std::string_view name() const override { return "uwsgi"; }
  std::unique_ptr<LineReader> NewReader(const ReaderOptions& options) const override;
};

}  // namespace revertd
