// MessageStream: gathers messages (datagrams, pieces of a syslog connection) into a stream's own memory, so that the
// reader sees many lines at once and the cost of a batch is shared.
//
// Thread contract: one thread. What was added is counted only after Flush().
#pragma once

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>

#include "ingest/source.h"
#include "ingest/syslog_head.h"

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
    message.remove_prefix(HeadBytes(message));
    Add(message);
    if (!message.ends_with('\n')) Add("\n");
  }
  void Flush() {
    if (filled_ == 0) return;
    stream_->Filled(std::exchange(filled_, 0), context_->clock->Now());
    context_->Heard(stream_->format());
  }

 private:
  // The head is taken off here, where a message is known to begin: the exact reader would do so too (line_unwrapper.h),
  // but only the line behind it is one that a fast plan proves. A head without a priority, and heads within heads, are
  // left to that reader.
  size_t HeadBytes(std::string_view message) const {
    if (!message.starts_with('<')) return 0;
    const std::string_view first_line = message.substr(0, message.find('\n'));
    std::string_view behind = first_line;
    ConsumeSyslogHead(behind);
    const size_t bytes = first_line.size() - behind.size();
    context_->counters->Add(Counter::kBytesRead, bytes);
    return bytes;
  }

  const SourceContext* const context_;
  const std::unique_ptr<ByteStream> stream_;
  size_t filled_ = 0;
};

}  // namespace revertd
