// ErrorGroups: the groups of one service's errors, and what is known of each; ErrorReleases: the releases that its
// events and sessions named.
//
// One thread, the analysis thread. Invariants: 1. at most kErrorGroupsMax groups and kReleasesMax releases; 2. a group
// that once found no place is never called new; 3. samples are handed on when a group is new and not kept: the store
// has them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/error_event.h"
#include "base/sinks.h"

namespace revertd {

// One that is rarer leaves its place to a new one. It may come again as a new one, and it would have to come a hundred
// times as often as it did to be called.
inline constexpr DurationNs kErrorGroupIdle = 24 * kHourNs;
// Groups that found no place, by service, to be known again once they find one. Where even they are too many, nothing
// new of this service is called new any more until a day has brought less.
inline constexpr size_t kRefusedGroupsMax = 1024;
// A deploy an hour for two days. The number of one that was dropped is nobody's.
inline constexpr size_t kReleasesMax = 64;

struct KnownErrorGroup {
  ErrorGroupRecord record;  // without a sample
  bool never_new = false;   // it was there before it had a place
  bool is_changed = false;  // since it was told

  int64_t first_second() const { return FloorToSecond(record.first_seen_ns); }
};

class ErrorGroups {
 public:
  struct Taken {
    const KnownErrorGroup* group = nullptr;  // nullptr: no place
    bool is_new = false;
  };
  // Of an event that counts at `at_ns`. `may_grow`: there is room for one more group.
  Taken Take(const ErrorEvent& event, TimeNs at_ns, bool may_grow);
  void Restore(const ErrorGroupRecord& record);
  void TellChanged(AnalysisSink* sink);
  // Those whose newest event was before; answers how many.
  size_t ForgetBefore(TimeNs at_ns);

  const KnownErrorGroup* Find(uint64_t fingerprint) const;
  const std::map<uint64_t, KnownErrorGroup>& all() const { return groups_; }
  size_t size() const { return groups_.size(); }
  uint64_t overflow() const { return overflow_; }  // events of groups without a place

 private:
  bool MakePlace(TimeNs at_ns, bool may_grow);
  void Refuse(uint64_t fingerprint);

  std::map<uint64_t, KnownErrorGroup> groups_;
  std::set<uint64_t> refused_;
  bool refused_beyond_ = false;
  uint64_t overflow_ = 0;
};

struct KnownRelease {
  uint32_t number = 0;
  std::string name;
  int64_t first_second = 0;
  int64_t last_second = 0;
};

class ErrorReleases {
 public:
  // 0 for an empty name.
  uint32_t NumberOf(std::string_view name, int64_t second);
  const KnownRelease* Find(uint32_t number) const;  // nullptr: none, or dropped
  const std::vector<KnownRelease>& all() const { return releases_; }

 private:
  std::vector<KnownRelease> releases_;
  uint32_t newest_ = 0;
};

// Whether a release is that of a deploy's head: the revision itself, or what follows the release's last '@' or '+',
// which both abbreviate the same one ("shop@1.4.0+3f2a91c").
bool IsReleaseOf(std::string_view head, std::string_view release);

}  // namespace revertd
