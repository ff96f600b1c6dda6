// ReleaseJournal: the rows of one release, each begun before and finished after its task; whoever listens is told, and
// the manifest beside the state is written anew.
//
// Thread contract: the runner's.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "actions/records.h"
#include "actions/release/release_events.h"
#include "actions/release/release_tools.h"
#include "actions/revert_executor.h"

namespace revertd {

class ReleaseJournal {
 public:
  // `fault_point` is called with "ROW.before_begin", "ROW.after_begin", "ROW.before_finish", "ROW.after_finish".
  ReleaseJournal(const ReleaseTools& tools, ReleaseEvents* events, FaultPoint fault_point);

  // What the journal holds now.
  Status Load();
  const std::vector<JournalRow>& rows() const { return rows_; }
  bool IsDone(std::string_view name) const { return revertd::IsDone(rows_, name); }

  // Changes nothing where this process has begun it already.
  Status Begin(const std::string& row);
  // Its begin stands in the journal since an earlier process, which may have done what the row is for.
  bool IsResumed(std::string_view row) const { return resumed_.contains(row); }
  // With what `more` writes, or not at all. A row that is finished already is finished anew.
  Status Finish(const std::string& row, const Finished& finished, const std::function<Status()>& more = nullptr);

  // Also called by the two above.
  Status WriteManifest();

 private:
  void Reach(std::string_view row, std::string_view place) const;
  void Tell(std::string_view row, const Finished& finished, TimeNs at_ns, bool begun) const;

  const ReleaseTools& tools_;
  ReleaseEvents* const events_;
  const FaultPoint fault_point_;
  const RecordFolder records_;
  std::vector<JournalRow> rows_;
  std::set<std::string, std::less<>> begun_;
  std::set<std::string, std::less<>> resumed_;
};

}  // namespace revertd
