// ErrorBook: all that is known of error events, by service: groups of errors, events of the newest seconds by group and
// release, blocks of a day, sessions, releases.
//
// One thread, the analysis thread. The clock is the log's: the newest sealed second. Invariants: 1. memory is bounded
// by the constants below, and what they cost is counted; 2. what is told at a sealed second stays as it is: an event
// counts in its own second, or in the oldest one that is not sealed where it comes late (whoever takes events leaves
// none dated in the future); 3. what came later than that is evidence of nothing: its group is known from then on, as
// of its own time. docs/statistics.md, "Error events".
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "analysis/error_groups.h"
#include "analysis/event_tier.h"
#include "base/sinks.h"

namespace revertd {

// SDKs send within seconds; where one has to ask again, within half a minute. Counts of sessions are those of a minute
// that is over.
inline constexpr int64_t kEventLateSecondsMax = 30;
inline constexpr int64_t kSessionLateSecondsMax = 180;
// All blocks of a day, and those that a deploy told of late still needs.
inline constexpr int64_t kErrorDaySeconds = int64_t{24} * 3600;
inline constexpr int64_t kErrorBlocksKeptSeconds = kErrorDaySeconds + kKeptSeconds;
// 16 MB: 200 groups in every second that is kept. 32 MB: 485 groups in every block of a day. Groups: 1 to 2 KB each.
inline constexpr size_t kSecondCountsMax = 512 * 1024;
inline constexpr size_t kBlockCountsMax = 1024 * 1024;
inline constexpr size_t kErrorGroupsInAllMax = 64 * 1024;
inline constexpr int64_t kTellGroupsSeconds = 60;  // a group that goes on is told of so often

// What is known of one service's errors.
struct ServiceErrors {
  std::string name;
  uint32_t number = 0;  // in the tiers
  ErrorGroups groups;
  ErrorReleases releases;
  int64_t known_since = kNoSecond;  // its first event or session
  bool has_sessions = false;
};

class ErrorBook {
 public:
  // `services_max`: events of more are counted and nothing else.
  ErrorBook(int64_t services_max, AnalysisSink* sink);

  // Nobody listened before this second; before the first event. Not told: the first event says so (a recording).
  void ListenFrom(int64_t second) { listening_from_ = second; }
  // From before a restart, in any order, before the first second is sealed.
  void Restore(const ErrorGroupRecord& group);
  void Restore(const ErrorBlock& block);
  void Restore(const SessionBlock& block);

  void Take(const ErrorEvent& event);
  void Take(const SessionCounts& sessions);
  void SealThrough(int64_t second);
  void TellChanged();  // groups, at once

  const ServiceErrors* Find(std::string_view service) const;  // nullptr: it never sent anything
  // The same, with an empty page for one that never did; nullptr: there is no room for it.
  const ServiceErrors* PageOf(std::string_view service) { return ServiceNamed(service); }
  const std::map<std::string, ServiceErrors, std::less<>>& services() const { return services_; }
  const EventTier<ErrorCount>& seconds() const { return seconds_; }
  const EventTier<ErrorCount>& blocks() const { return blocks_; }
  const EventTier<SessionCount>& session_seconds() const { return session_seconds_; }
  const EventTier<SessionCount>& session_blocks() const { return session_blocks_; }
  int64_t known_since() const { return known_since_; }      // the first event of any service; kNoSecond: none
  int64_t seen_from() const { return seen_from_; }          // seconds before it were seen by nobody: before a restart
  const SecondInterval& unseen() const { return unseen_; }  // of the newest restart: it was down

  struct Counters {
    uint64_t late = 0;         // events and counts of sessions that are evidence of nothing
    uint64_t overflow = 0;     // events of groups or services that found no place
    uint64_t below_level = 0;  // events that are no errors
  };
  Counters counters() const;

 private:
  ServiceErrors* ServiceNamed(std::string_view name);
  // kNoSecond: too late.
  int64_t PlaceOf(TimeNs at_ns, int64_t late_seconds_max) const;
  void Start(int64_t second);
  void HeardAt(ServiceErrors* service, int64_t second);
  void CloseBlocks(int64_t end);
  void Forget();

  int64_t services_max_;
  AnalysisSink* sink_;
  std::map<std::string, ServiceErrors, std::less<>> services_;
  std::vector<const ServiceErrors*> by_number_;
  EventTier<ErrorCount> seconds_{kSecondCountsMax};
  EventTier<ErrorCount> blocks_{kBlockCountsMax};
  EventTier<SessionCount> session_seconds_{kSecondCountsMax};
  EventTier<SessionCount> session_blocks_{kBlockCountsMax};
  size_t groups_in_all_ = 0;
  int64_t listening_from_ = kNoSecond;
  int64_t known_since_ = kNoSecond;
  int64_t seen_from_ = kNoSecond;
  SecondInterval unseen_;
  int64_t sealed_ = kNoSecond;
  int64_t blocks_from_ = kNoSecond;  // start of the oldest block that is open
  int64_t told_ = kNoSecond;         // when changes were told
  Counters counters_;
};

}  // namespace revertd
