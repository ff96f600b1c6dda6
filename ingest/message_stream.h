// MessageStream: gathers messages (datagrams, pieces of a syslog connection) into a LogStream's own memory, so that the
// reader sees many lines at once and the cost of a batch is shared.
//
// Thread contract: one thread. What was added is counted only after Flush().
#pragma once

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>

#include "ingest/source.h"

namespace revertd {

class MessageStream {
 public:
  explicit MessageStream(const SourceContext* context) : context_(context), stream_(context->NewStream()) {}

  // Bytes of a line or of several; a line may go on in the next call.
  void Add(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto space = stream_->Space().subspan(filled_);
      const size_t count = std::min(space.size(), bytes.size());
      std::copy_n(bytes.data(), count, space.data());
      filled_ += count;
      bytes.remove_prefix(count);
      if (filled_ == stream_->Space().size()) Flush();
    }
  }
  // One whole message: one line or several.
  void AddMessage(std::string_view message) {
    Add(message);
    if (!message.ends_with('\n')) Add("\n");
  }
  void Flush() {
    if (filled_ == 0) return;
    stream_->Filled(std::exchange(filled_, 0), context_->clock->Now());
    context_->Heard(stream_->format());
  }

 private:
  const SourceContext* const context_;
  const std::unique_ptr<LogStream> stream_;
  size_t filled_ = 0;
};

}  // namespace revertd
