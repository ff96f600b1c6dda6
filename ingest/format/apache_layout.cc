// Apache's LogFormat strings: https://httpd.apache.org/docs/2.4/mod/mod_log_config.html
// lighttpd's accesslog.format and varnishncsa's -F are the same language.
#include "base/strings.h"
#include "ingest/format/layout_builder.h"
#include "ingest/format/text_fields.h"

namespace revertd {
namespace {

// "%!200,304{User-Agent}i": its parts.
struct Directive {
  char letter = '\0';
  std::string_view argument;
  bool is_final = false;  // '>': of the last internal redirect
  LayoutDirective where;
};

Status AddTime(LayoutBuilder& builder, const Directive& directive) {
  std::string_view argument = directive.argument;
  bool is_start = true;
  if (Consume(argument, "end:")) is_start = false;
  Consume(argument, "begin:");
  if (argument.empty()) {
    builder.Literal("[");
    Status status = builder.Time("%d/%b/%Y:%H:%M:%S %z", is_start, directive.where);
    builder.Literal("]");
    return status;
  }
  if (argument == "sec") return builder.Time("%s", is_start, directive.where);
  if (argument == "msec_frac" || argument == "usec_frac") return builder.Time("%f", is_start, directive.where);
  if (argument == "msec") return builder.EpochTime(LayoutField::kTimeEpochMillis, is_start, directive.where);
  if (argument == "usec") return builder.EpochTime(LayoutField::kTimeEpochMicros, is_start, directive.where);
  return builder.Time(argument, is_start, directive.where);
}

Status AddDuration(LayoutBuilder& builder, const Directive& directive) {
  const std::string_view unit = directive.argument;
  if (unit.empty() || unit == "s") return builder.Field(LayoutField::kDurationWholeSeconds, 1, directive.where);
  if (unit == "ms") return builder.Field(LayoutField::kDurationMillis, 2, directive.where);
  if (unit == "us") return builder.Field(LayoutField::kDurationMicros, 3, directive.where);
  return LayoutError(directive.where, "has no unit of Apache's (s, ms, us)");
}

// Headers, notes and variables by their names.
Status AddNamed(LayoutBuilder& builder, const Directive& directive) {
  const std::string name = ToLower(directive.argument);
  if (name.empty()) return LayoutError(directive.where, "needs a {name}");
  if (name == "host" && directive.letter == 'i') return builder.Field(LayoutField::kHost, 1, directive.where);
  if (name == "release" || name == "x-release" || name == "x-version" || name == "x-app-version") {
    return builder.Field(LayoutField::kRelease, name.ends_with("release") ? 2 : 1, directive.where);
  }
  if (name == "balancer_worker_name") return builder.Field(LayoutField::kUpstream, 1, directive.where);
  if (name == "ssl_protocol" || name == "ssl_cipher" || name == "varnish:time_firstbyte" ||
      name == "varnish:handling" || name == "varnish:hitmiss" || name == "varnish:vxid") {
    return builder.Field(LayoutField::kIgnoredWord, 0, directive.where);
  }
  return builder.Field(LayoutField::kIgnored, 0, directive.where);
}

Status AddDirective(LayoutBuilder& builder, const Directive& directive) {
  const LayoutDirective& where = directive.where;
  switch (directive.letter) {
    case 'a':
    case 'A':
    case 'h': return builder.Field(LayoutField::kIgnoredList, 0, where);
    case 'B':
    case 'b': return builder.Field(LayoutField::kBytes, 2, where);
    case 'O': return builder.Field(LayoutField::kBytes, 1, where);
    case 'I':
    case 'S':
    case 'k':
    case 'P': return builder.Field(LayoutField::kIgnoredNumber, 0, where);
    case 'C':
    case 'e':
    case 'i':
    case 'n':
    case 'o':
    case 'x': return AddNamed(builder, directive);
    case 'D': return builder.Field(LayoutField::kDurationMicros, 3, where);
    case 'T': return AddDuration(builder, directive);
    case 'H':
    case 'l':
    case 'L': return builder.Field(LayoutField::kIgnoredWord, 0, where);
    case 'f':
    case 'R':
    case 'u': return builder.Field(LayoutField::kIgnored, 0, where);
    case 'm': return builder.Field(LayoutField::kMethod, 0, where);
    case 'p': return builder.Port(where);
    case 'q': return builder.Query(/*may_be_dash=*/false, where);
    case 'r': return builder.Field(LayoutField::kRequestLine, 0, where);
    case 's': return builder.Field(LayoutField::kStatus, directive.is_final ? 2 : 1, where);
    case 't': return AddTime(builder, directive);
    case 'U': return builder.Field(LayoutField::kPath, 0, where);
    case 'v': return builder.Field(LayoutField::kHost, 3, where);
    case 'V': return builder.Field(LayoutField::kHost, 2, where);
    case 'X': return builder.Field(LayoutField::kConnection, 0, where);
    default: return LayoutError(where, "is no directive of Apache's");
  }
}

// Takes modifiers, {argument} and letter off the front of `rest`, which stands behind the percent sign.
bool ConsumeDirective(std::string_view& rest, Directive& directive) {
  while (!rest.empty() && std::string_view("!<>,0123456789").find(rest.front()) != std::string_view::npos) {
    directive.is_final = directive.is_final || rest.front() == '>';
    rest.remove_prefix(1);
  }
  if (Consume(rest, "{")) {
    directive.argument = TakeUntil(rest, '}');
    if (!Consume(rest, "}")) return false;
  }
  if (rest.empty()) return false;
  directive.letter = rest.front();
  rest.remove_prefix(1);
  return true;
}

// The configuration file's escapes, which people copy along.
bool ConsumeEscape(std::string_view& rest, LayoutBuilder& builder) {
  struct Escape {
    std::string_view escaped;
    std::string_view text;
  };
  for (const Escape& escape : {Escape{"\\\"", "\""}, Escape{"\\\\", "\\"}, Escape{"\\t", "\t"}, Escape{"\\n", "\n"}}) {
    if (!Consume(rest, escape.escaped)) continue;
    builder.Literal(escape.text);
    return true;
  }
  return false;
}

Status CompileNext(std::string_view& rest, std::string_view log_format, LayoutBuilder& builder) {
  if (ConsumeEscape(rest, builder)) return OkStatus();
  if (Consume(rest, "%%")) {
    builder.Literal("%");
    return OkStatus();
  }
  if (rest.front() != '%') {
    builder.Literal(rest.substr(0, 1));
    rest.remove_prefix(1);
    return OkStatus();
  }
  const std::string_view from = rest;
  Directive directive;
  directive.where.place = log_format.size() - from.size() + 1;
  rest.remove_prefix(1);
  // %^FB, %{name}^ti and %{name}^to: two letters behind a caret.
  bool is_whole = ConsumeDirective(rest, directive);
  const bool is_caret = is_whole && directive.letter == '^';
  if (is_caret) {
    is_whole = rest.size() >= 2;
    rest.remove_prefix(is_whole ? 2 : rest.size());
  }
  directive.where.text = from.substr(0, from.size() - rest.size());
  if (!is_whole) return LayoutError(directive.where, "is not whole");
  return is_caret ? builder.Field(LayoutField::kIgnored, 0, directive.where) : AddDirective(builder, directive);
}

}  // namespace

StatusOr<Layout> CompileApacheLayout(std::string_view log_format) {
  // Apache escapes with \" and \xhh too, but what it means by them its peers leave alone, and so do we.
  LayoutBuilder builder({});
  std::string_view rest = log_format;
  while (!rest.empty()) {
    if (Status status = CompileNext(rest, log_format, builder); !status.ok()) return status;
  }
  return builder.Finish();
}

}  // namespace revertd
