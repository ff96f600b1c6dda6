// EnvelopeReader: the frame of Sentry's envelopes: a line of JSON, then items, each a line of JSON and a payload of
// `length` bytes, or to the end of the line where no length is said. Lines may end in CRLF, the last one in nothing;
// payloads may hold any bytes.
//
// Reads nothing beyond the body; an item that claims more than there is ends the envelope.
//
// Thread contract: one thread; views are of the body.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/status.h"

namespace revertd {

inline constexpr size_t kEnvelopeHeaderMax = 64 * 1024;  // bytes of a line of JSON; SDKs write some 300

struct EnvelopeItem {
  std::string type = {};
  std::string_view payload = {};
  std::string refusal = {};  // not empty: the frame is broken here, and nothing follows
};

class EnvelopeReader {
 public:
  explicit EnvelopeReader(std::string_view body) : rest_(body) {}

  // The first line; before all items. InvalidArgument: no JSON object.
  Status ReadHeader();
  const std::string& event_id() const { return event_id_; }  // as it is written
  TimeNs sent_at() const { return sent_at_; }                // 0: not said

  // nullopt: no more.
  std::optional<EnvelopeItem> Next();

 private:
  std::string_view TakeLine();
  EnvelopeItem Broken(std::string_view why);

  std::string_view rest_;
  std::string event_id_;
  TimeNs sent_at_ = 0;
};

}  // namespace revertd
