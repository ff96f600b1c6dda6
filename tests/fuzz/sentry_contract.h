// What holds of every error that is read from a Sentry body, whatever the bytes; a broken promise aborts.
#pragma once

#include <simdjson.h>

#include <string>
#include <string_view>

#include "base/check.h"
#include "base/error_event.h"
#include "base/strings.h"

namespace revertd {

inline void CheckErrorText(std::string_view text) {
  REVERTD_CHECK(text.size() <= kErrorTextMax);
  while (!text.empty()) {
    const size_t length = Utf8Length(text);
    REVERTD_CHECK(length > 0);
    REVERTD_CHECK(length > 1 || (text[0] >= ' ' && text[0] != '\x7F'));
    text.remove_prefix(length);
  }
}

inline void CheckErrorEvent(const ErrorEvent& event) {
  for (const std::string* text : {&event.project, &event.release, &event.environment, &event.server_name,
                                  &event.service_tag, &event.type, &event.culprit, &event.title}) {
    CheckErrorText(*text);
  }
  REVERTD_CHECK(event.service.empty());
  REVERTD_CHECK(event.event_id.empty() || event.event_id.size() == 32);
  REVERTD_CHECK(event.at_ns >= 0);
  REVERTD_CHECK(!event.type.empty() || !event.title.empty());
  REVERTD_CHECK(event.sample.size() <= kErrorSampleMax);
  static simdjson::dom::parser parser;
  simdjson::dom::element sample;
  REVERTD_CHECK(event.sample.empty() || (parser.parse(event.sample).get(sample) == simdjson::SUCCESS &&
                                         sample.is_object() && event.sample.find('\n') == std::string::npos));
}

}  // namespace revertd
