// TroubleTeller: tells people of the troubles that the sidecar left as a note in its state: the executor's side of the
// watchdog, for it alone has the channels.
//
// It looks at what stands, not at a list of what happened: so it can neither miss a begin nor tell of one that is over.
// Invariants: 1. an occurrence is told once, and its end where its begin was told, also over restarts of either side;
// 2. of one trouble (name and subject) a begin is told at most once in kAgainAfter: one that flaps is told again when
// it still, or again, stands then; 3. a channel that fails is told to the others. Where the disk is full the note
// cannot be written, nor a message kept: then the heartbeat's silence tells.
//
// Thread contract: the executor's thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "actions/notice.h"
#include "actions/notices.h"
#include "actions/notifier.h"
#include "base/clock.h"
#include "base/status.h"
#include "daemon/watchdog/troubles.h"
#include "store/executor_store.h"
#include "store/state_store.h"

namespace revertd {

// Of its begin, or where ended_ns is set of its end, which resolves.
Notice NoticeOf(const Trouble& trouble, const NoticeContext& context);

class TroubleTeller {
 public:
  static constexpr DurationNs kLookEvery = kSecondNs;
  static constexpr DurationNs kAgainAfter = kHourNs;

  // All outlive it.
  TroubleTeller(const StateStore* state, ExecutorStore* journal, Notifier* notifier, const Clock* clock)
      : state_(state), journal_(journal), notifier_(notifier), clock_(clock) {}

  // Cheap between two looks.
  Status RunOnce();

 private:
  struct Told {
    bool began = false;
    bool ended = false;
  };
  Status Look(const Trouble& trouble, Told* told);
  StatusOr<Told> ReadTold(const std::string& key) const;
  Status Tell(const Trouble& trouble);

  const StateStore* const state_;
  ExecutorStore* const journal_;
  Notifier* const notifier_;
  const Clock* const clock_;
  std::map<std::string, Told> told_;  // by the notice's key, of those in the note
  TimeNs next_look_ns_ = 0;
};

}  // namespace revertd
