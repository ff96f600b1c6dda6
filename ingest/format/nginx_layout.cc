// nginx's log_format strings: https://nginx.org/en/docs/http/ngx_http_log_module.html
#include <algorithm>
#include <array>
#include <utility>

#include "ingest/format/layout_builder.h"
#include "ingest/format/text_fields.h"

namespace revertd {
namespace {

struct Variable {
  std::string_view name;
  LayoutField field;
  int rank = 0;  // among the variables of one meaning
};

// What is not here is text: nginx and its users have more variables than anyone can list.
constexpr std::array kVariables = {
    Variable{"msec", LayoutField::kTimeEpochSeconds, 3},
    Variable{"request", LayoutField::kRequestLine},
    Variable{"request_method", LayoutField::kMethod},
    Variable{"request_uri", LayoutField::kTarget},
    Variable{"uri", LayoutField::kPath},
    Variable{"document_uri", LayoutField::kPath},
    Variable{"status", LayoutField::kStatus},
    Variable{"body_bytes_sent", LayoutField::kBytes, 2},
    Variable{"bytes_sent", LayoutField::kBytes, 1},
    Variable{"request_time", LayoutField::kDurationSeconds},
    Variable{"upstream_response_time", LayoutField::kUpstreamSeconds},
    Variable{"upstream_connect_time", LayoutField::kConnectSeconds},
    Variable{"upstream_addr", LayoutField::kUpstream},
    Variable{"host", LayoutField::kHost, 3},
    Variable{"http_host", LayoutField::kHost, 2},
    Variable{"server_name", LayoutField::kHost, 1},
    Variable{"proxy_upstream_name", LayoutField::kBackend, 3},
    Variable{"proxy_host", LayoutField::kBackend, 2},
    Variable{"upstream_name", LayoutField::kBackend, 1},
    Variable{"release", LayoutField::kRelease, 3},
    Variable{"upstream_http_x_release", LayoutField::kRelease, 2},
    Variable{"upstream_http_x_version", LayoutField::kRelease, 1},
    Variable{"upstream_http_x_app_version", LayoutField::kRelease, 1},
    Variable{"remote_addr", LayoutField::kIgnoredList},
    Variable{"realip_remote_addr", LayoutField::kIgnoredList},
    Variable{"the_real_ip", LayoutField::kIgnoredList},
    Variable{"upstream_header_time", LayoutField::kIgnoredList},
    Variable{"upstream_status", LayoutField::kIgnoredList},
    Variable{"upstream_response_length", LayoutField::kIgnoredList},
    Variable{"upstream_bytes_received", LayoutField::kIgnoredList},
    Variable{"upstream_bytes_sent", LayoutField::kIgnoredList},
    Variable{"upstream_cache_status", LayoutField::kIgnoredWord},
    Variable{"scheme", LayoutField::kIgnoredWord},
    Variable{"server_protocol", LayoutField::kIgnoredWord},
    Variable{"server_addr", LayoutField::kIgnoredWord},
    Variable{"hostname", LayoutField::kIgnoredWord},
    Variable{"request_id", LayoutField::kIgnoredWord},
    Variable{"req_id", LayoutField::kIgnoredWord},
    Variable{"request_completion", LayoutField::kIgnoredWord},
    Variable{"pipe", LayoutField::kIgnoredWord},
    Variable{"gzip_ratio", LayoutField::kIgnoredNumber},
    Variable{"ssl_protocol", LayoutField::kIgnoredWord},
    Variable{"ssl_cipher", LayoutField::kIgnoredWord},
    Variable{"request_length", LayoutField::kIgnoredNumber},
    Variable{"connection", LayoutField::kIgnoredNumber},
    Variable{"connection_requests", LayoutField::kIgnoredNumber},
    Variable{"pid", LayoutField::kIgnoredNumber},
};

bool IsNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

Status AddVariable(LayoutBuilder& builder, std::string_view name, bool nothing_is_empty,
                   const LayoutDirective& directive) {
  constexpr bool kIsStart = false;  // nginx writes when the request was answered
  if (name == "time_local") return builder.Time("%d/%b/%Y:%H:%M:%S %z", kIsStart, directive);
  if (name == "time_iso8601") return builder.Time("%Y-%m-%dT%H:%M:%S%z", kIsStart, directive);
  if (name == "is_args") return builder.Query(/*may_be_dash=*/false, directive);
  if (name == "args" || name == "query_string") return builder.Query(!nothing_is_empty, directive);
  if (name == "server_port" || name == "remote_port" || name == "proxy_port") return builder.Port(directive);
  const auto* variable = std::ranges::find(kVariables, name, &Variable::name);
  if (variable == kVariables.end()) return builder.Field(LayoutField::kIgnored, 0, directive);
  return builder.Field(variable->field, variable->rank, directive);
}

// Takes "$name" or "${name}" off the front; an empty name where none stands.
std::string_view ConsumeName(std::string_view& rest) {
  std::string_view text = rest;
  Consume(text, "$");
  const bool is_braced = Consume(text, "{");
  const auto* end = std::ranges::find_if_not(text, IsNameCharacter);
  const std::string_view name = text.substr(0, static_cast<size_t>(end - text.begin()));
  text.remove_prefix(name.size());
  if (name.empty() || (is_braced && !Consume(text, "}"))) return {};
  rest = text;
  return name;
}

}  // namespace

StatusOr<Layout> CompileNginxLayout(std::string_view log_format) {
  std::string_view rest = log_format;
  Layout layout;
  layout.escapes = Escapes::kNginx;
  if (Consume(rest, "escape=")) {
    const std::string_view kind = TakeUntil(rest, ' ');
    if (kind != "default" && kind != "json" && kind != "none") {
      return LayoutError({.text = kind, .place = 8}, "is no escape of nginx's (default, json, none)");
    }
    if (kind == "json") layout.escapes = Escapes::kJson;
    if (kind == "none") layout.escapes = Escapes::kNone;
    layout.quotes_are_escaped = kind != "none";
    layout.nothing_is_empty = kind != "default";
    Consume(rest, " ");
  }
  const bool nothing_is_empty = layout.nothing_is_empty;
  LayoutBuilder builder(std::move(layout));
  while (!rest.empty()) {
    builder.Literal(TakeUntil(rest, '$'));
    if (rest.empty()) break;
    const std::string_view from = rest;
    const std::string_view name = ConsumeName(rest);
    const LayoutDirective directive{.text = from.substr(0, from.size() - rest.size()),
                                    .place = log_format.size() - from.size() + 1};
    if (name.empty())
      return LayoutError({.text = "$", .place = directive.place}, "has no name of a variable behind it");
    if (Status status = AddVariable(builder, name, nothing_is_empty, directive); !status.ok()) return status;
  }
  return builder.Finish();
}

}  // namespace revertd
