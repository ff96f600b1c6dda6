#include "daemon/http/http_head.h"

#include <algorithm>
#include <cstdio>

#include "base/strings.h"

namespace revertd {
namespace {

size_t CountOf(const HttpCall& call, std::string_view name) {
  return static_cast<size_t>(std::count_if(call.headers.begin(), call.headers.end(),
                                           [name](const auto& header) { return header.first == name; }));
}

HttpReply BadRequest(std::string_view words) { return HttpError(400, "bad_request", words); }

std::string_view ReasonOf(int status) {
  switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 422: return "Unprocessable Content";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    default: return "";  // as HTTP allows: the number alone has a meaning
  }
}

void AppendField(std::string& text, std::string_view name, std::string_view value) {
  const size_t begin = text.size();
  text.append(name).append(": ").append(value);
  std::replace_if(
      text.begin() + static_cast<std::ptrdiff_t>(begin), text.end(),
      [](char c) { return (c >= 0 && c < ' ') || c == '\x7F'; }, ' ');
  text += "\r\n";
}

}  // namespace

bool HttpHead::expects_continue() const { return is_http_11 && !call.Header("expect").empty(); }

std::optional<HttpReply> HeadFault(const HttpHead& head) {
  const HttpCall& call = head.call;
  if (call.headers.size() > kHttpFieldsMax) {
    return HttpError(431, "header_too_large", "at most " + std::to_string(kHttpFieldsMax) + " header fields are taken");
  }
  if (call.path.empty()) return BadRequest("the target is no path that is taken here");
  const size_t hosts = CountOf(call, "host");
  if (hosts > 1 || (hosts == 0 && head.is_http_11)) return BadRequest("one Host expected");
  const size_t lengths = CountOf(call, "content-length");
  const size_t encodings = CountOf(call, "transfer-encoding");
  if (lengths > 1) return BadRequest("more than one Content-Length");
  if (encodings == 0) return std::nullopt;
  if (lengths > 0) return BadRequest("a Content-Length beside a Transfer-Encoding");
  if (!head.is_http_11) return BadRequest("HTTP/1.0 has no Transfer-Encoding");
  if (encodings > 1 || !head.is_chunked || ToLower(call.Header("transfer-encoding")) != "chunked") {
    return HttpError(501, "transfer_encoding_not_supported", "of transfer encodings only chunked is taken");
  }
  return std::nullopt;
}

std::optional<HttpReply> BodyFault(const HttpHead& head, size_t bytes_max, bool takes_encoded) {
  const HttpCall& call = head.call;
  if (head.content_length.value_or(0) > bytes_max) {
    return HttpError(413, "body_too_large", "at most " + std::to_string(bytes_max) + " bytes are taken here");
  }
  const size_t encodings = CountOf(call, "content-encoding");
  const bool is_plain = encodings == 0 || (encodings == 1 && ToLower(call.Header("content-encoding")) == "identity");
  if (!is_plain && !takes_encoded) {
    return HttpError(415, "encoding_not_supported", "send the body as it is, without a Content-Encoding");
  }
  if (head.expects_continue() && ToLower(call.Header("expect")) != "100-continue") {
    return HttpError(417, "expectation_failed", "of expectations only 100-continue is known");
  }
  return std::nullopt;
}

bool HasReplyBody(int status) { return status >= 200 && status != 204 && status != 304; }

std::string ReplyHeadText(const HttpReply& reply, HttpFraming framing, bool keep_alive) {
  std::string text = "HTTP/1.1 " + std::to_string(reply.status) + " ";
  text.append(ReasonOf(reply.status)).append("\r\n");
  if (HasReplyBody(reply.status)) {
    AppendField(text, "Content-Type", reply.content_type);
    if (framing == HttpFraming::kLength) AppendField(text, "Content-Length", std::to_string(reply.body.size()));
    if (framing == HttpFraming::kChunked) AppendField(text, "Transfer-Encoding", "chunked");
  }
  bool caches = false;
  for (const auto& [name, value] : reply.headers) {
    caches = caches || ToLower(name) == "cache-control";
    AppendField(text, name, value);
  }
  if (!caches) AppendField(text, "Cache-Control", "no-store");
  AppendField(text, "X-Content-Type-Options", "nosniff");
  AppendField(text, "Connection", keep_alive ? "keep-alive" : "close");
  return text + "\r\n";
}

std::string ChunkText(std::string_view piece) {
  char size[24];
  std::snprintf(size, sizeof(size), "%zx\r\n", piece.size());
  std::string text = size;
  return text.append(piece).append("\r\n");
}

}  // namespace revertd
