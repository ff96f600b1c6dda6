#include "daemon/error_sample.h"

#include <simdjson.h>

#include <algorithm>

#include "base/error_event.h"
#include "base/strings.h"

namespace revertd {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;

std::string TextOf(const element& object, std::string_view name) {
  std::string_view text;
  return object[name].get(text) ? std::string() : std::string(text);
}

std::string Line(const std::string& text) { return Printable(text.substr(0, kErrorTextMax)); }

// A list, or an object around one: Sentry's SDKs send both.
std::vector<element> ListOf(const element& object, std::string_view name, std::string_view within) {
  element value;
  array list;
  std::vector<element> all;
  if (object[name].get(value)) return all;
  if (value.get(list) && value[within].get(list)) return all;
  for (const element one : list) all.push_back(one);
  return all;
}

std::string FrameLine(const element& frame) {
  const std::string function = TextOf(frame, "function");
  const std::string module = TextOf(frame, "module");
  std::string where = TextOf(frame, "filename");
  int64_t line = 0;
  if (!where.empty() && !frame["lineno"].get(line)) where += ":" + std::to_string(line);
  std::string text = "  at " + (function.empty() ? "?" : function);
  if (!module.empty()) text += " in " + module;
  if (!where.empty()) text += " (" + where + ")";
  return Line(text);
}

// Sentry's order is the outermost first.
void AppendFrames(const element& exception, std::vector<std::string>* lines) {
  const std::vector<element> frames = ListOf(exception, "stacktrace", "frames");
  for (size_t i = 0; i < std::min(kFramesShown, frames.size()); ++i) {
    lines->push_back(FrameLine(frames[frames.size() - 1 - i]));
  }
  if (frames.size() > kFramesShown) {
    lines->push_back("  and " + std::to_string(frames.size() - kFramesShown) + " frames further out");
  }
}

std::string MessageOf(const element& sample) {
  for (const std::string_view name : {"message", "logentry"}) {
    element value;
    if (sample[name].get(value)) continue;
    if (value.is_string()) return TextOf(sample, name);
    const std::string formatted = TextOf(value, "formatted");
    return formatted.empty() ? TextOf(value, "message") : formatted;
  }
  return "";
}

}  // namespace

std::vector<std::string> SampleLines(std::string_view sample_json) {
  std::vector<std::string> lines;
  simdjson::dom::parser parser;
  element sample;
  if (sample_json.empty() || parser.parse(sample_json.data(), sample_json.size()).get(sample)) return lines;
  const std::vector<element> exceptions = ListOf(sample, "exception", "values");
  const size_t first = exceptions.size() - std::min(exceptions.size(), kExceptionsShown);
  for (size_t i = exceptions.size(); i > first; --i) {
    const element& exception = exceptions[i - 1];
    const std::string type = TextOf(exception, "type");
    const std::string value = TextOf(exception, "value");
    std::string text = i == exceptions.size() ? "" : "because of ";
    text += type + (type.empty() || value.empty() ? "" : ": ") + value;
    lines.push_back(Line(text));
    if (i == exceptions.size()) AppendFrames(exception, &lines);
  }
  if (lines.empty()) {
    if (const std::string message = MessageOf(sample); !message.empty()) lines.push_back(Line(message));
  }
  return lines;
}

}  // namespace revertd
