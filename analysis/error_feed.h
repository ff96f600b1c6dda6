// VersionSplit: which of a service's error events are of the version that a deploy brought, by the releases that they
// name; and how the book is read, second by second.
//
// One thread, the analysis thread. Every second in order, by what was seen up to it and never by what comes later:
// until the new version's own release has been seen since the deploy's start, and where releases never tell, all events
// count. What tells of the time before the watch is left out: SDKs tell of the sessions of a minute when it is over,
// and then they were the old version's. docs/statistics.md, "Error events".
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "analysis/error_book.h"
#include "analysis/fingerprints.h"
#include "base/deploy.h"

namespace revertd {

// Of one second.
struct VersionEvents {
  std::vector<GroupEvents> fresh;  // of the new version, as far as releases tell,
  std::vector<GroupEvents> old;    // and of those that served before
  RateCounts sessions;             // of the new version: begun, crashed
  RateCounts old_sessions;         // and of those
};

class VersionSplit {
 public:
  // The watch begins at `first_second`. Groups that were seen before `before_second`, a little before the deploy's
  // start for the sake of clocks that differ, are no newcomers, also where that is learned only later; nor are
  // releases.
  VersionSplit(const ErrorBook& book, const ServiceErrors& service, const Deploy& deploy, int64_t before_second,
               int64_t first_second);

  void Read(int64_t second, VersionEvents* events);
  bool tells_apart() const { return fresh_seen_; }
  std::string fresh_names() const { return NamesOf(fresh_releases_); }  // comma separated, of those seen
  std::string old_names() const { return NamesOf(old_releases_); }

 private:
  enum class Side : uint8_t { kUnknown, kFresh, kOld };
  Side SideOf(uint32_t number);  // of a release
  bool IsLearnedLate(uint64_t fingerprint) const;
  Side Note(uint32_t number);
  std::string NamesOf(const std::set<uint32_t>& releases) const;

  const ErrorBook* book_;
  const ServiceErrors* service_;
  std::string head_;
  int64_t before_second_;
  int64_t first_second_;
  std::set<uint64_t> known_;
  std::map<uint32_t, bool> tied_;  // whether a release is the head's; kReleasesMax at a time
  std::set<uint32_t> fresh_releases_;
  std::set<uint32_t> old_releases_;
  bool fresh_seen_ = false;
};

// All events of a service in one second, whatever their release.
void ReadEvents(const ErrorBook& book, const ServiceErrors& service, int64_t second, std::vector<GroupEvents>* events);

}  // namespace revertd
