#include "ingest/sentry/grouping.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/ascii.h"
#include "base/error_event.h"
#include "base/fnv.h"
#include "base/strings.h"
#include "ingest/sentry/frame_names.h"
#include "ingest/sentry/message_template.h"
#include "ingest/sentry/scrub.h"

namespace revertd {
namespace {

// Between the parts of a group: in no text, for controls of texts are never part of one.
constexpr char kPartEnd = '\x1F';
constexpr size_t kCycleMax = 3;  // calls of a recursion that goes round

std::string_view Cut(std::string_view text, size_t bytes_max) { return text.substr(0, bytes_max); }

void AddPart(std::string* parts, std::string_view part) {
  *parts += part;
  *parts += kPartEnd;
}

std::string Template(std::string_view text) {
  return TemplateOf(Scrubbed(WellFormedUtf8(Cut(text, kTemplateInputMax))));
}

bool IsOwn(const ErrorFrame& frame) { return frame.in_app.value_or(false); }

const std::vector<ErrorFrame>& StackOf(const EventFields& event, const ErrorException* exception) {
  return exception != nullptr && !exception->frames.empty() ? exception->frames : event.stack;
}

// The innermost frames that count, innermost first, recursion once; empty where none has a name.
std::vector<std::string> GroupFrames(const std::vector<ErrorFrame>& stack) {
  const bool any_own = std::any_of(stack.begin(), stack.end(), IsOwn);
  std::vector<std::string> names;
  bool named = false;
  for (auto frame = stack.rbegin(); frame != stack.rend() && names.size() < kGroupFramesMax; ++frame) {
    if (any_own && !IsOwn(*frame)) continue;
    named = named || !frame->function.empty() || !frame->module.empty() || !frame->filename.empty();
    names.push_back(PlaceName(*frame) + kPartEnd + FunctionName(frame->function));
    for (size_t cycle = 1; cycle <= kCycleMax && 2 * cycle <= names.size(); ++cycle) {
      const auto last = names.end() - static_cast<std::ptrdiff_t>(cycle);
      if (!std::equal(last, names.end(), last - static_cast<std::ptrdiff_t>(cycle))) continue;
      names.erase(last, names.end());
      break;
    }
  }
  if (!named) names.clear();
  return names;
}

// Frames are marked, and none is of the application's own code.
bool OnlyForeign(const std::vector<ErrorFrame>& stack) {
  const bool marked = std::any_of(stack.begin(), stack.end(), [](const ErrorFrame& f) { return f.in_app.has_value(); });
  return marked && std::none_of(stack.begin(), stack.end(), IsOwn);
}

std::string_view WordsOf(const EventFields& event, const ErrorException* exception) {
  return exception != nullptr && !exception->value.empty() ? exception->value : event.message;
}

// What the group is told by where the SDK says nothing; `message` is the template of its words.
std::string DefaultParts(const EventFields& event, const ErrorException* exception, std::string_view message) {
  std::string parts;
  message = Cut(message, kGroupMessageMax);
  if (exception == nullptr) {
    AddPart(&parts, "message");
    AddPart(&parts, event.logger);
    AddPart(&parts, message);
    return parts;
  }
  AddPart(&parts, "exception");
  AddPart(&parts, exception->type);
  const std::vector<ErrorFrame>& stack = StackOf(event, exception);
  const std::vector<std::string> frames = GroupFrames(stack);
  for (const std::string& frame : frames) AddPart(&parts, frame);
  if (frames.empty() || exception->synthetic) AddPart(&parts, message);
  if (frames.empty() ? message.empty() : OnlyForeign(stack)) AddPart(&parts, TransactionName(event.transaction));
  return parts;
}

bool IsDefault(std::string_view part) {
  if (part.size() < 4 || part.substr(0, 2) != "{{" || part.substr(part.size() - 2) != "}}") return false;
  return Trim(part.substr(2, part.size() - 4)) == "default";
}

uint64_t FingerprintOfEvent(const EventFields& event, const ErrorException* exception, std::string_view message) {
  const bool only_default = event.fingerprint.size() == 1 && IsDefault(event.fingerprint[0]);
  if (event.fingerprint.empty() || only_default) return Fnv1a(DefaultParts(event, exception, message));
  std::string parts;
  AddPart(&parts, "fingerprint");
  for (const std::string_view part : event.fingerprint) {
    AddPart(&parts, IsDefault(part) ? std::string_view(DefaultParts(event, exception, message)) : part);
  }
  return Fnv1a(parts);
}

std::string CulpritOf(const EventFields& event, const ErrorException* exception) {
  if (!event.transaction.empty()) {
    return ScrubbedUrl(WellFormedUtf8(Cut(event.transaction, kTemplateInputMax)));
  }
  const std::vector<ErrorFrame>& stack = StackOf(event, exception);
  if (stack.empty()) return {};
  const auto own = std::find_if(stack.rbegin(), stack.rend(), IsOwn);
  const ErrorFrame& frame = own == stack.rend() ? stack.back() : *own;
  const std::string place = PlaceName(frame);
  if (place.empty() && frame.function.empty()) return {};
  return Scrubbed(WellFormedUtf8(FunctionName(frame.function) + (place.empty() ? "" : " in " + place)));
}

}  // namespace

const ErrorException* MainException(const EventFields& event) {
  for (auto exception = event.exceptions.rbegin(); exception != event.exceptions.rend(); ++exception) {
    if (exception->type.empty() && exception->value.empty()) continue;
    // A message with a stack: the SDK carries the words twice.
    const bool carries_message = exception->type.empty() && !event.message.empty() &&
                                 (exception->synthetic || exception->value == event.message);
    if (!carries_message) return &*exception;
  }
  return nullptr;
}

ErrorGrouping GroupingOf(const EventFields& event) {
  const ErrorException* const exception = MainException(event);
  ErrorGrouping grouping;
  const std::string message = Template(WordsOf(event, exception));
  grouping.fingerprint = FingerprintOfEvent(event, exception, message);
  std::string type;
  if (exception != nullptr) type = exception->type.empty() ? "Error" : std::string(exception->type);
  grouping.type = FieldText(Scrubbed(WellFormedUtf8(Cut(type, kTemplateInputMax))), kErrorTextMax);
  grouping.culprit = FieldText(CulpritOf(event, exception), kErrorTextMax);
  grouping.title = FieldText(Trim(message), kErrorTextMax);
  std::string origin;
  AddPart(&origin, type);
  AddPart(&origin, event.transaction.empty() ? grouping.culprit : TransactionName(event.transaction));
  grouping.origin = Fnv1a(origin);
  return grouping;
}

}  // namespace revertd
