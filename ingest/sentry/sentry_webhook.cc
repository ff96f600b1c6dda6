#include "ingest/sentry/sentry_webhook.h"

#include <utility>

#include "ingest/sentry/error_of.h"
#include "ingest/sentry/event_fields.h"
#include "ingest/sentry/scrub.h"

namespace revertd {
namespace {

constexpr size_t kWordsRead = 4 * 1024;

// Reads a hook's body as its fields come.
class HookReader {
 public:
  HookReader(JsonText* json, const SentryReadOptions& options) : json_(json), options_(options) {}

  SentryHook hook;

  void operator()(std::string_view key, JsonValue& value) {
    if (key == "action") hook.action = FieldText(json_->Text(value), kErrorTextMax);
    if (key == "data") {
      json_->ForEachField(value, [this](std::string_view name, JsonValue& field) { ReadData(name, field); });
    }
    // The plugin's body has no "data".
    if (key == "event") TakeEvent(value);
    if (key == "project") project_ = json_->ScalarText(value);
    if (key == "message") message_ = json_->Text(value);
    if (key == "culprit") culprit_ = json_->Text(value);
  }

  void Settle() {
    if (hook.event && hook.event->project.empty()) hook.event->project = FieldText(project_, kErrorTextMax);
    std::string words(title_.empty() ? message_ : title_);
    if (words.empty() && hook.event) {
      words =
          hook.event->type + (hook.event->type.empty() || hook.event->title.empty() ? "" : ": ") + hook.event->title;
    }
    if (!detail_.empty()) words += (words.empty() ? "" : ": ") + std::string(detail_);
    if (!culprit_.empty()) words += " (" + std::string(culprit_) + ")";
    hook.words = FieldText(Scrubbed(WellFormedUtf8(words.substr(0, kWordsRead))), kErrorTextMax);
  }

 private:
  void ReadData(std::string_view key, JsonValue& value) {
    if (key == "event" || key == "error") TakeEvent(value);
    if (key == "issue") {
      json_->ForEachField(value, [this](std::string_view name, JsonValue& field) {
        if (name == "title") title_ = json_->Text(field);
        if (name == "culprit") culprit_ = json_->Text(field);
      });
    }
    if (key == "description_title") title_ = json_->Text(value);
    if (key == "description_text") detail_ = json_->Text(value);
  }

  void TakeEvent(JsonValue& value) {
    if (hook.event || JsonText::TypeOf(value) != simdjson::ondemand::json_type::object) return;
    const EventFields fields = ReadEventFields(json_, value);
    hook.event = ErrorOf(fields, fields.project, options_.service_tag, 0);
  }

  JsonText* json_;
  const SentryReadOptions& options_;
  std::string_view project_;
  std::string_view title_;
  std::string_view detail_;
  std::string_view message_;
  std::string_view culprit_;
};

}  // namespace

StatusOr<SentryHook> ReadSentryHook(std::string_view resource, std::string_view body,
                                    const SentryReadOptions& options) {
  JsonText json(body);
  HookReader reader(&json, options);
  json.ForEachField([&](std::string_view key, JsonValue& value) { reader(key, value); });
  if (!json.status().ok()) return json.status();
  reader.Settle();
  reader.hook.resource = FieldText(resource, kErrorTextMax);
  return std::move(reader.hook);
}

}  // namespace revertd
