// ServiceReleases: the releases of one service as its access log names them, and the deploys that follow from them.
//
// A name that was not seen before begins a deploy once it takes kRequestsNeeded requests within kShareSeconds; the
// deploy is finished when the name takes kShare of them, or after kUnderWaySecondsMax. A name that is known is a deploy
// again when it takes over from another one that had taken over: somebody went back by hand, or a canary was promoted.
// For that kTakeoverRequests are needed: where two known versions share few requests, chance alone gives all of a
// handful to one of them, and then to the other.
//
// A pure fold over log time, no clock; one thread. Invariants: 1. one deploy at a time, and no two that start in the
// same second; 2. memory is at most kNamesMax names and the newest kShareSeconds; 3. what was told follows from the
// counts and their seconds alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace revertd {

// Requests by release in one second; without those that name none.
using ReleaseCounts = std::map<std::string, uint64_t, std::less<>>;

// A deploy as the log tells it. Told once when it begins and once when it is finished.
struct ReleaseDeploy {
  int64_t told_second = 0;  // the second that decided it
  std::string release;
  std::string before;  // the release that served; empty: not known
  int64_t start_second = 0;
  std::optional<int64_t> finish_second = std::nullopt;  // the first one of the new version alone
};

class ServiceReleases {
 public:
  static constexpr int64_t kShareSeconds = 10;
  static constexpr uint64_t kShareNumerator = 19;  // 95 %
  static constexpr uint64_t kShareDenominator = 20;
  static constexpr uint64_t kRequestsNeeded = 3;  // one may be a person's own look at the new version
  // Of two versions that share evenly, one gets so many in a row once in a million.
  static constexpr uint64_t kTakeoverRequests = 20;
  static constexpr int64_t kUnderWaySecondsMax = int64_t{30} * 60;
  // Nothing is known of what serves: releases seen so shortly after the first one are not new.
  static constexpr int64_t kFirstLookSeconds = 60;
  // A new name that pauses for longer was a try; when it comes again it begins anew.
  static constexpr int64_t kPauseSeconds = 60;
  static constexpr size_t kNamesMax = 64;
  static constexpr int64_t kNameKeptSeconds = int64_t{14} * 24 * 3600;

  // Seconds in ascending order. Between two of them nothing may be left out that NextDue names.
  void Observe(int64_t second, ReleaseCounts counts, std::vector<ReleaseDeploy>* told);
  // The next second from `from` on that must be observed even if it has no requests.
  std::optional<int64_t> NextDue(int64_t from) const;

  uint64_t names_forgotten() const { return names_forgotten_; }  // beyond kNamesMax; not encoded

  // All but the newest seconds' counts: after a restart shares are counted anew.
  void Encode(std::string* bytes) const;
  // Takes its own part off the front; false: it is not ours. Of an object that has observed nothing.
  bool Restore(std::string_view* rest);

 private:
  struct Name {
    int64_t run_second = 0;  // the first one since it paused
    int64_t last_second = 0;
    bool is_known = false;  // no longer new
  };
  struct UnderWay {
    std::string release;
    std::string before;
    int64_t start_second = 0;
    int64_t begun_second = 0;  // the second in which it had its requests
  };

  void Remember(int64_t second, const ReleaseCounts& counts);
  void ForgetOldest();
  void BeginNew(int64_t second, const ReleaseCounts& totals, std::vector<ReleaseDeploy>* told);
  void FinishIfDue(int64_t second, const std::string& leader, std::vector<ReleaseDeploy>* told);
  void TakeOver(int64_t second, const std::string& leader, uint64_t requests, std::vector<ReleaseDeploy>* told);
  void Finish(int64_t told_second, int64_t finish_second, std::vector<ReleaseDeploy>* told);

  std::map<std::string, Name, std::less<>> names_;
  int64_t known_since_ = 0;     // of names_ that are not empty
  std::string serving_;         // that had kShare last; empty: none had
  int64_t serving_second_ = 0;  // when it had it last
  int64_t last_start_ = 0;      // of the newest deploy told
  std::optional<UnderWay> under_way_;
  std::deque<std::pair<int64_t, ReleaseCounts>> newest_;  // the kShareSeconds
  uint64_t names_forgotten_ = 0;
};

}  // namespace revertd
