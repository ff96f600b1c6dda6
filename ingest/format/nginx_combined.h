// nginx's predefined format "combined", which is also Apache's:
//   $remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"
// Two wide-spread extensions are read as well: "$host " or "$host:$port " in front, and one more quoted field behind
// (nginx's packaged "main" writes X-Forwarded-For there).
#pragma once

#include "ingest/format/format.h"

namespace revertd {

class NginxCombined final : public Format {
 public:
  std::string_view name() const override { return "nginx_combined"; }
  std::unique_ptr<LineReader> NewReader(const ReaderOptions& options) const override;
};

}  // namespace revertd
