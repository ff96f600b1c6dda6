#include "ingest/format/haproxy_request.h"

#include <algorithm>

#include "ingest/format/haproxy_fields.h"
#include "ingest/format/request_text.h"

namespace revertd {
namespace {

bool HasSlashes(std::string_view word, int64_t count) { return std::count(word.begin(), word.end(), '/') == count; }

// The request ends at the quote behind its protocol; HAProxy writes quotes inside it as #22, old ones as they came.
HaproxyRequest TakeRequest(std::string_view rest) {
  rest.remove_prefix(1);
  size_t last = std::string_view::npos;
  for (size_t quote = rest.find('"'); quote != std::string_view::npos; quote = rest.find('"', quote + 1)) {
    last = quote;
    const std::string_view request = rest.substr(0, quote);
    const size_t protocol = request.rfind(' ');
    const bool is_whole = protocol == std::string_view::npos || request.substr(protocol + 1).starts_with("HTTP/");
    if (is_whole && (quote + 1 == rest.size() || rest[quote + 1] == ' ')) break;
  }
  if (last == std::string_view::npos) return {.text = rest, .tail = {}, .is_cut = true};
  return {.text = rest.substr(0, last), .tail = rest.substr(last + 1)};
}

}  // namespace

bool ReadCapturesAndRequest(std::string_view rest, HaproxyRequest& request) {
  while (rest.starts_with('{')) {
    const size_t close = rest.find('}');
    if (close == std::string_view::npos) {
      request.is_cut = true;
      return true;
    }
    rest.remove_prefix(close + 1);
    Consume(rest, " ");
  }
  // The operator's own words may stand here too.
  const size_t quote = rest.starts_with('"') ? 0 : rest.find(" \"");
  if (quote == std::string_view::npos) return false;
  if (quote > 0) rest.remove_prefix(quote + 1);
  request = TakeRequest(rest);
  return true;
}

bool ReadTlsTail(std::string_view tail, std::string_view& sni) {
  if (!Consume(tail, " ")) return false;
  const std::string_view errors = TakeWord(tail);
  const std::string_view session = TakeWord(tail);
  if (!HasSlashes(errors, 4) || !HasSlashes(session, 2)) return false;
  if (errors.find_first_not_of("0123456789abcdefABCDEFx-/") != std::string_view::npos) return false;
  sni = session.substr(0, session.find('/'));
  if (sni == "-") sni = {};
  return true;
}

void SetRequest(const HaproxyRequest& request, std::string_view sni, std::string_view own_host, AccessRecord& record) {
  const RequestLine line = request.is_cut ? SplitCutRequest(request.text) : SplitRequestLine(request.text);
  record.method = line.method;
  record.path = line.path;
  record.host = HostWithoutPort(!line.host.empty() ? line.host : !sni.empty() ? sni : own_host);
}

}  // namespace revertd
