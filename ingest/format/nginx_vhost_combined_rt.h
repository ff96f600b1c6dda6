// nginx's combined format with the virtual host in front and the request time behind:
//   $host:$server_port $remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer"
//   "$http_user_agent" $request_time
#pragma once

#include "ingest/format/format.h"

namespace revertd {

class NginxVhostCombinedRt final : public Format {
 public:
  std::string_view name() const override { return "nginx_vhost_combined_rt"; }
  std::unique_ptr<LineReader> NewReader(const ReaderOptions& options) const override;
};

}  // namespace revertd
