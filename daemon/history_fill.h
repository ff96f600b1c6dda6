// HistoryFill: brings what recorded logs tell into the state, so that a sidecar that starts on it knows the services:
// history blocks, shadow deploys, minutes, and the newest seconds.
//
// Logs may lie before, behind and over what the state holds. Invariants: 1. time that both tell of is counted once: of
// a block or a minute the row with more requests stands, for the other began or ended inside it; a shadow deploy that
// is there stays; 2. filling again with the same logs changes nothing, also after it was killed half-way.
//
// One thread, the one that reads the logs; the state's owner for as long as it lives.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "analysis/analysis_loop.h"
#include "analysis/rollups.h"
#include "base/sinks.h"
#include "base/status.h"
#include "store/state_store.h"

namespace revertd {

class HistoryFill {
 public:
  // Rows of one transaction: what a kill loses, and what a commit's wait for the disk is shared by.
  static constexpr size_t kRowsPerWrite = 4096;

  // What was written, and was not there before.
  struct Filled {
    int64_t blocks = 0;
    int64_t minutes = 0;
    int64_t shadows = 0;
  };

  // The shadow deploys that stand, the state's and the logs', oldest first for each service.
  using OnShadow = std::function<void(std::string_view service, const ShadowResult&)>;
  // `state` nullptr: nothing is known. `writes` false: the state is only read.
  HistoryFill(StateStore* state, bool writes, OnShadow on_shadow)
      : state_(state), writes_(writes), on_shadow_(std::move(on_shadow)) {}

  // Gives both what the state knows from before `first_second` of the logs, and the deploys. Once, before the first
  // window.
  Status Begin(int64_t first_second, AnalysisLoop* analysis, Rollups* rollups);
  void AddSecond(std::string_view service, const SecondCounts& counts);
  void AddBlock(std::string_view service, const HistoryBlock& block);
  void AddMinute(std::string_view service, int64_t start_second, std::string_view bytes);
  void AddShadow(std::string_view service, int64_t start_second, std::string_view bytes);
  // Writes the rest. The state's shadow deploys that stand behind the logs' end are not told.
  Status Finish(int64_t end_second);

  // The first write or read that failed; nothing is written after it.
  const Status& status() const { return status_; }
  const Filled& filled() const { return filled_; }

 private:
  Status RestoreBefore(int64_t first_second, AnalysisLoop* analysis, Rollups* rollups);
  struct KnownShadows {
    std::vector<ShadowResult> results;  // ascending
    size_t told = 0;
  };
  // Those that start in `through` or before.
  void TellKnown(std::string_view service, int64_t through, KnownShadows* known);
  bool KnowsMinute(std::string_view service, int64_t start_second, std::string_view bytes);
  void WriteIfMany();
  void Write();

  StateStore* const state_;
  const bool writes_;
  const OnShadow on_shadow_;
  Status status_;
  Filled filled_;
  std::optional<int64_t> newest_known_second_;
  std::map<std::string, std::vector<HistoryBlock>, std::less<>> known_blocks_;  // not before the logs; ascending
  std::map<std::string, KnownShadows, std::less<>> known_shadows_;
  std::deque<std::pair<std::string, SecondCounts>> seconds_;  // the newest kHistorySecondsKept
  std::vector<std::pair<std::string, HistoryBlock>> blocks_;
  std::vector<StoredMinute> minutes_;
  std::vector<StoredShadow> shadows_;
};

}  // namespace revertd
