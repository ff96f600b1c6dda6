// PostMortemDesk: opens the record of a rollback once people were told of it, keeps its files up to date, takes what
// people say to it, and writes the log of every watched deploy.
//
// Thread contract: the executor's thread. Reads StateStore, writes ExecutorStore and the record folder.
// Invariants: 1. an incident is opened with its row of the audit trail, or not at all, and once; 2. a command's effect,
// its row of the audit trail and its removal are one transaction: each is taken once; 3. everything in the files can
// be made again from the two stores, so a file that could not be written is written later; 4. nothing is written
// between two steps that follow each other at once: a record must not hold up a push.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actions/git.h"
#include "actions/post_mortem.h"
#include "actions/records.h"
#include "actions/revert_executor.h"
#include "base/clock.h"
#include "base/status.h"
#include "base/trigger.h"
#include "config/config.h"
#include "store/executor_store.h"
#include "store/state_store.h"

namespace revertd {

inline constexpr std::string_view kIncidentAudit = "incident";  // kind of its rows in the audit trail
inline constexpr size_t kAnswerBytesMax = 16 * 1024;            // a page or two; what is longer belongs elsewhere

// All but the functions and `git` must be given, and outlive the desk.
struct PostMortemTools {
  const Config* config = nullptr;
  const StateStore* state = nullptr;
  ExecutorStore* executor = nullptr;
  Git* git = nullptr;        // asked of the mirror alone, for what was undone; nullptr: not told
  std::string state_folder;  // holds "records"
  // Asked once, when a record is opened: who wrote the change. Empty, or an empty answer: the service's name stands.
  std::function<std::string(const RollbackTrigger&)> owner_of;
  // What became of a person's command: step "incident_answer" or "incident_close", outcome "done" or a named reason:
  // no_such_incident, no_such_question, empty_answer, answer_too_long, incident_closed, unanswered.
  std::function<void(const ExecutorEvent&)> on_command;
};

class PostMortemDesk {
 public:
  // A record is written when this long no step of its rollback began or ended, and once more when what was told to
  // people is known.
  static constexpr DurationNs kQuiet = kSecondNs;
  static constexpr DurationNs kSettled = kMinuteNs;
  static constexpr DurationNs kRetryWait = 10 * kSecondNs;  // after a failure of the disk
  static constexpr int kCommandsPerCall = 32;
  static constexpr size_t kDeployLogsPerCall = 8;
  static constexpr DurationNs kDeployLogWait = 5 * kSecondNs;  // between two looks at the deploys
  // After the observation, for the verdict of its last second; and at the longest, for one of a sidecar that is down.
  static constexpr DurationNs kDeployLogSlack = kMinuteNs;
  static constexpr DurationNs kDeployLogVerdictWait = kHourNs;
  // Deploys may be told of after their traffic: those that finished so long before the cursor are looked at too.
  static constexpr DurationNs kToldLate = kHourNs;
  // At the start, the newest so many rollbacks are looked through for what a kill left undone.
  static constexpr size_t kRollbacksLookedThrough = 100;

  explicit PostMortemDesk(PostMortemTools tools);

  // Opens the incident where the step tells that people know of the rollback; has its record written by a later
  // WriteDueRecords.
  Status OnStep(const ExecutorEvent& event);

  // A step was not noted: the next call looks for what is missing, as at the start.
  void LookThroughAgain() { looked_through_ = false; }

  // Each is short, and does nothing where nothing is due. The first failure of several is answered; what failed is
  // tried again by a later call.
  Status TakeCommands(TimeNs now_ns);
  Status WriteDueRecords(TimeNs now_ns);
  Status WriteDeployLogs(TimeNs now_ns);
  // All three, in that order; each is called whatever became of the one before.
  Status RunOnce(TimeNs now_ns);

 private:
  struct Due {
    TimeNs at_ns = 0;
    bool redraw = false;     // the picture too
    bool once_more = false;  // when people's messages are delivered
  };

  Status LookThrough(TimeNs now_ns);
  Status Open(std::string_view trigger_id, std::string_view service, TimeNs at_ns);
  Status WriteRecord(const std::string& trigger_id, bool redraw);
  StatusOr<PostMortemFacts> ReadFacts(const Incident& incident) const;
  void ReadUndone(PostMortemFacts* facts) const;
  StatusOr<std::vector<SeriesPoint>> ReadSeries(const PostMortemFacts& facts) const;

  struct Answer {
    std::string outcome;
    std::string detail;
  };
  Status Take(const ExecutorCommand& command, TimeNs now_ns);
  static Answer Judge(const ExecutorCommand& command, const std::optional<Incident>& incident);

  enum class LogState { kWritten, kWasThere, kNeverJudged, kTooEarly };
  bool IsWatchOver(const Deploy& deploy, const std::vector<Deploy>& all, TimeNs now_ns) const;
  StatusOr<LogState> WriteDeployLog(const Deploy& deploy, TimeNs now_ns);

  const PostMortemTools tools_;
  const RecordFolder folder_;
  bool looked_through_ = false;
  std::map<std::string, Due, std::less<>> due_;  // by trigger: as many as roll back at a time
  TimeNs next_deploy_look_ns_ = 0;
};

}  // namespace revertd
