// The end of HAProxy's HTTP lines: captured headers, the quoted request, and what httpslog writes behind it.
// Pure functions, any thread.
#pragma once

#include <string_view>

#include "ingest/format/access_record.h"

namespace revertd {

struct HaproxyRequest {
  std::string_view text;  // between its quotes
  std::string_view tail;  // behind them
  bool is_cut = false;    // by a limit on the line's length: the closing quote is missing
};

// Reads what stands behind the queues: the captured headers, in braces that no header may hold itself, then the
// request. False where neither stands there. A line cut inside the captures has no request, and is_cut.
bool ReadCapturesAndRequest(std::string_view rest, HaproxyRequest& request);

// Whether `tail` is ` 0/0/0/0/1 shop.example.com/TLSv1.3/TLS_AES_256_GCM_SHA384`, what httpslog writes behind the
// request; sets `sni` where the client named a server.
bool ReadTlsTail(std::string_view tail, std::string_view& sni);

// Sets method, path and the host that the line is for: that of an absolute target, else `sni`, else `own_host` (a word
// of the operator's own).
void SetRequest(const HaproxyRequest& request, std::string_view sni, std::string_view own_host, AccessRecord& record);

}  // namespace revertd
