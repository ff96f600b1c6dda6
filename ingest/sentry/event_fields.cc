#include "ingest/sentry/event_fields.h"

#include <algorithm>
#include <string>
#include <utility>

namespace revertd {
namespace {

// What is kept of a list whose end matters: at most `max`; what goes stands behind the first `first`.
template <typename T>
void KeepLast(std::vector<T>* list, size_t max, size_t first = 0) {
  if (list->size() <= max) return;
  list->erase(list->begin() + static_cast<std::ptrdiff_t>(first),
              list->end() - static_cast<std::ptrdiff_t>(max - first));
}

ErrorFrame ReadFrame(JsonText* json, JsonValue& value) {
  ErrorFrame frame;
  std::string_view path;
  json->ForEachField(value, [&](std::string_view key, JsonValue& field) {
    if (key == "module") frame.module = json->Text(field);
    if (key == "function") frame.function = json->Text(field);
    if (key == "filename") frame.filename = json->Text(field);
    if (key == "abs_path") path = json->Text(field);
    if (key == "package") frame.package = json->Text(field);
    if (key == "lineno") frame.line = std::max<int64_t>(JsonText::Integer(field).value_or(0), 0);
    if (key == "in_app") frame.in_app = JsonText::Truth(field);
  });
  if (frame.filename.empty()) frame.filename = path;
  return frame;
}

std::vector<ErrorFrame> ReadFrames(JsonText* json, JsonValue& stacktrace) {
  std::vector<ErrorFrame> frames;
  json->ForEachField(stacktrace, [&](std::string_view key, JsonValue& list) {
    if (key != "frames") return;
    json->ForEachItem(list, [&](JsonValue& item) {
      if (JsonText::IsNull(item)) return true;
      frames.push_back(ReadFrame(json, item));
      // Not at each: what is moved stays in proportion to what is read.
      if (frames.size() == 2 * kSentryFramesMax) KeepLast(&frames, kSentryFramesMax, kSentryOuterFrames);
      return true;
    });
  });
  KeepLast(&frames, kSentryFramesMax, kSentryOuterFrames);
  return frames;
}

void ReadException(JsonText* json, JsonValue& value, std::vector<ErrorException>* exceptions) {
  ErrorException exception;
  json->ForEachField(value, [&](std::string_view key, JsonValue& field) {
    if (key == "type") exception.type = json->ScalarText(field);
    if (key == "value") exception.value = json->ScalarText(field);
    if (key == "stacktrace") exception.frames = ReadFrames(json, field);
    if (key == "mechanism") {
      json->ForEachField(field, [&](std::string_view name, JsonValue& told) {
        if (name == "synthetic") exception.synthetic = JsonText::Truth(told).value_or(false);
      });
    }
  });
  exceptions->push_back(std::move(exception));
  KeepLast(exceptions, kSentryExceptionsMax);
}

void ReadExceptionList(JsonText* json, JsonValue& list, std::vector<ErrorException>* exceptions) {
  json->ForEachItem(list, [&](JsonValue& item) {
    if (JsonText::TypeOf(item) != simdjson::ondemand::json_type::object) return true;
    ReadException(json, item, exceptions);
    return true;
  });
}

// A list, {"values": a list}, or one exception alone.
void ReadExceptions(JsonText* json, JsonValue& value, std::vector<ErrorException>* exceptions) {
  using simdjson::ondemand::json_type;
  if (JsonText::TypeOf(value) == json_type::array) return ReadExceptionList(json, value, exceptions);
  ErrorException alone;
  bool is_alone = false;
  json->ForEachField(value, [&](std::string_view key, JsonValue& field) {
    if (key == "values") ReadExceptionList(json, field, exceptions);
    if (key == "type") alone.type = json->ScalarText(field);
    if (key == "value") alone.value = json->ScalarText(field);
    if (key == "stacktrace") alone.frames = ReadFrames(json, field);
    is_alone = is_alone || key == "type" || key == "value" || key == "stacktrace";
  });
  if (is_alone && exceptions->empty()) exceptions->push_back(std::move(alone));
}

// The stack of the thread that crashed, else of the current one.
void ReadThreads(JsonText* json, JsonValue& value, std::vector<ErrorFrame>* stack) {
  int best = 0;
  const auto read_thread = [&](JsonValue& item) {
    std::vector<ErrorFrame> frames;
    int rank = 0;
    json->ForEachField(item, [&](std::string_view key, JsonValue& field) {
      if (key == "crashed" && JsonText::Truth(field).value_or(false)) rank = 2;
      if (key == "current" && JsonText::Truth(field).value_or(false)) rank = std::max(rank, 1);
      if (key == "stacktrace") frames = ReadFrames(json, field);
    });
    if (rank > best) {
      best = rank;
      *stack = std::move(frames);
    }
    return true;
  };
  if (JsonText::TypeOf(value) == simdjson::ondemand::json_type::array) return json->ForEachItem(value, read_thread);
  json->ForEachField(value, [&](std::string_view key, JsonValue& list) {
    if (key == "values") json->ForEachItem(list, read_thread);
  });
}

// A text, or {"message", "formatted", "params"}.
struct Words {
  std::string_view message = {};
  std::string_view formatted = {};
};
Words ReadWords(JsonText* json, JsonValue& value) {
  Words words;
  words.message = json->Text(value);
  json->ForEachField(value, [&](std::string_view key, JsonValue& field) {
    if (key == "message") words.message = json->Text(field);
    if (key == "formatted") words.formatted = json->Text(field);
  });
  return words;
}

// {"name": value} or [["name", value], ...], of old SDKs [{"key":..., "value":...}].
void ReadTags(JsonText* json, JsonValue& value, EventFields* event) {
  const auto add = [&](std::string_view name, std::string_view text) {
    if (!name.empty() && event->tags.size() < kSentryTagsMax) event->tags.emplace_back(name, text);
  };
  json->ForEachField(value, [&](std::string_view key, JsonValue& field) {
    const std::string_view name = json->Unescaped(key);
    add(name, json->ScalarText(field));
  });
  json->ForEachItem(value, [&](JsonValue& pair) {
    std::string_view parts[2];
    size_t count = 0;
    json->ForEachItem(pair, [&](JsonValue& part) {
      parts[count++] = json->ScalarText(part);
      return count < 2;
    });
    json->ForEachField(pair, [&](std::string_view key, JsonValue& part) {
      if (key == "key") parts[0] = json->ScalarText(part);
      if (key == "value") parts[1] = json->ScalarText(part);
    });
    add(parts[0], parts[1]);
    return event->tags.size() < kSentryTagsMax;
  });
}

void ReadFingerprint(JsonText* json, JsonValue& value, EventFields* event) {
  // One scalar alone is a list of one.
  if (const std::string_view alone = json->ScalarText(value); !alone.empty()) event->fingerprint.push_back(alone);
  json->ForEachItem(value, [&](JsonValue& part) {
    using simdjson::ondemand::json_type;
    const json_type type = JsonText::TypeOf(part);
    if (type == json_type::string || type == json_type::number || type == json_type::boolean) {
      event->fingerprint.push_back(json->ScalarText(part));
    }
    return event->fingerprint.size() < kSentryFingerprintMax;
  });
}

void ReadNameAndVersion(JsonText* json, JsonValue& value, std::string_view* name, std::string_view* version) {
  json->ForEachField(value, [&](std::string_view key, JsonValue& field) {
    if (key == "name") *name = json->Text(field);
    if (key == "version") *version = json->ScalarText(field);
  });
}

void ReadContexts(JsonText* json, JsonValue& value, EventFields* event) {
  json->ForEachField(value, [&](std::string_view key, JsonValue& field) {
    if (key == "runtime") ReadNameAndVersion(json, field, &event->runtime_name, &event->runtime_version);
    if (key == "os") ReadNameAndVersion(json, field, &event->os_name, &event->os_version);
  });
}

void ReadRequest(JsonText* json, JsonValue& value, EventFields* event) {
  json->ForEachField(value, [&](std::string_view key, JsonValue& field) {
    if (key == "method") event->method = json->Text(field);
    if (key == "url") event->url = json->Text(field);
  });
}

// Reads the fields of an event in the order in which they come; what depends on several is settled at the end.
class EventReader {
 public:
  explicit EventReader(JsonText* json) : json_(json) {}

  void operator()(std::string_view key, JsonValue& value) {
    if (!ReadText(key, value)) ReadRest(key, value);
  }

  EventFields Take() {
    // Stored events keep these as tags alone.
    Default(&event_.release, event_.Tag("sentry:release"));
    Default(&event_.release, event_.Tag("release"));
    Default(&event_.environment, event_.Tag("environment"));
    Default(&event_.server_name, event_.Tag("server_name"));
    Default(&event_.transaction, event_.Tag("transaction"));
    Default(&event_.transaction, culprit_);
    Default(&event_.at_ns, received_);
    const bool has_entry = !entry_.message.empty() || !entry_.formatted.empty();
    const Words& words = has_entry ? entry_ : message_;
    event_.message = words.message.empty() ? words.formatted : words.message;
    event_.formatted = words.formatted.empty() ? words.message : words.formatted;
    if (event_.stack.empty()) event_.stack = std::move(thread_);
    return std::move(event_);
  }

 private:
  template <typename T>
  static void Default(T* field, T otherwise) {
    if (*field == T()) *field = otherwise;
  }

  bool ReadText(std::string_view key, JsonValue& value) {
    static constexpr std::pair<std::string_view, std::string_view EventFields::*> kTexts[] = {
        {"type", &EventFields::kind},
        {"event_id", &EventFields::event_id},
        {"platform", &EventFields::platform},
        {"logger", &EventFields::logger},
        {"release", &EventFields::release},
        {"environment", &EventFields::environment},
        {"server_name", &EventFields::server_name},
        {"transaction", &EventFields::transaction},
    };
    for (const auto& [name, field] : kTexts) {
      if (key != name) continue;
      event_.*field = json_->Text(value);
      return true;
    }
    return false;
  }

  void ReadRest(std::string_view key, JsonValue& value) {
    if (key == "level") event_.level = json_->ScalarText(value);
    if (key == "project") event_.project = json_->ScalarText(value);
    if (key == "culprit") culprit_ = json_->Text(value);
    if (key == "timestamp") event_.at_ns = json_->Time(value);
    if (key == "received") received_ = json_->Time(value);
    if (key == "start_timestamp") event_.started_ns = json_->Time(value);
    if (key == "message") message_ = ReadWords(json_, value);
    if (key == "logentry" || key == "sentry.interfaces.Message") entry_ = ReadWords(json_, value);
    if (key == "exception" || key == "sentry.interfaces.Exception") ReadExceptions(json_, value, &event_.exceptions);
    if (key == "stacktrace" || key == "sentry.interfaces.Stacktrace") event_.stack = ReadFrames(json_, value);
    if (key == "threads") ReadThreads(json_, value, &thread_);
    if (key == "tags") ReadTags(json_, value, &event_);
    if (key == "fingerprint") ReadFingerprint(json_, value, &event_);
    if (key == "request" || key == "sentry.interfaces.Http") ReadRequest(json_, value, &event_);
    if (key == "sdk") ReadNameAndVersion(json_, value, &event_.sdk_name, &event_.sdk_version);
    if (key == "contexts") ReadContexts(json_, value, &event_);
  }

  JsonText* json_;
  EventFields event_;
  std::string_view culprit_;
  TimeNs received_ = 0;
  Words message_;
  Words entry_;
  std::vector<ErrorFrame> thread_;
};

}  // namespace

std::string_view EventFields::Tag(std::string_view name) const {
  for (const auto& [key, value] : tags) {
    if (key == name) return value;
  }
  return {};
}

EventFields ReadEventFields(JsonText* json) {
  EventReader reader(json);
  json->ForEachField([&](std::string_view key, JsonValue& value) { reader(key, value); });
  return reader.Take();
}

EventFields ReadWrappedEventFields(JsonText* json, std::string_view wrapper) {
  EventReader reader(json);
  std::optional<EventFields> inner;
  json->ForEachField([&](std::string_view key, JsonValue& value) {
    if (key == wrapper && JsonText::TypeOf(value) == simdjson::ondemand::json_type::object) {
      inner = ReadEventFields(json, value);
    } else {
      reader(key, value);
    }
  });
  return inner ? std::move(*inner) : reader.Take();
}

EventFields ReadEventFields(JsonText* json, JsonValue& event) {
  EventReader reader(json);
  json->ForEachField(event, [&](std::string_view key, JsonValue& value) { reader(key, value); });
  return reader.Take();
}

}  // namespace revertd
