// ReleaseEvents: whoever shows a release while it runs.
//
// Thread contract: called on the runner's thread.
#pragma once

#include <string>

#include "actions/release/release_tasks.h"
#include "actions/release/release_tools.h"
#include "base/clock.h"

namespace revertd {

struct ReleaseEvent {
  std::string release;
  std::string environment;
  std::string row;      // release_tasks.h; of a rollback on the way back "TRIGGER:ROW", its own row
  std::string outcome;  // empty while begun
  std::string detail;
  TimeNs at_ns = 0;
  bool begun = false;
};

class ReleaseEvents {
 public:
  virtual ~ReleaseEvents() = default;
  // Told at least once of every begin, and of every finish that the process lived to tell.
  virtual void OnRow(const ReleaseEvent& event) = 0;
  // The task at hand still waits: at every turn, the words as they are now.
  virtual void OnWaiting(const ReleaseTask& task, const TaskWaiting& waiting) = 0;
  // What a person said was not acted on; for people. It is in the audit trail too.
  virtual void OnDropped(const std::string& words) = 0;
};

}  // namespace revertd
