// ErrorSink: where a source of error events (ingest/sentry_stream.h) puts what it read. Declared here so that ingest
// need not know who judges them.
//
// Thread contract: the ingest thread calls it.
#pragma once

#include "base/error_event.h"

namespace revertd {

class ErrorSink {
 public:
  virtual ~ErrorSink() = default;
  // May wait for room, as long as for a full ring; false: there was none, the event is lost, and the sink has counted
  // it.
  virtual bool OnErrorEvent(ErrorEvent event) = 0;
  // A line that is no event.
  virtual void OnRefusedLine() = 0;
};

}  // namespace revertd
