#include "ingest/format/request_text.h"

namespace revertd {
namespace {

RequestLine FromParts(std::string_view method, std::string_view text) {
  if (method.empty() || method == "-") return {};
  if (text == "-") return {.method = method, .host = {}, .path = {}};
  // An authority that ends in "-" is one with an unreadable path behind its port.
  const bool has_no_path = text.ends_with('-') && text.find("://") + 3 < text.size() &&
                           text.find('/', text.find("://") + 3) == std::string_view::npos;
  if (has_no_path) text.remove_suffix(1);
  const Target target = SplitTarget(text);
  return {.method = method, .host = target.host, .path = has_no_path ? std::string_view() : target.path};
}

}  // namespace

RequestLine SplitCutRequest(std::string_view request) {
  const std::string_view method = TakeUntil(request, ' ');
  Consume(request, " ");
  const std::string_view target = TakeUntil(request, ' ');
  return target.empty() ? RequestLine{} : FromParts(method, target);
}

RequestLine SplitThreeParts(std::string_view request) {
  const std::string_view method = TakeUntil(request, ' ');
  if (!Consume(request, " ")) return {};
  return FromParts(method, request.substr(0, request.rfind(' ')));
}

}  // namespace revertd
