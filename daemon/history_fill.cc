#include "daemon/history_fill.h"

#include <algorithm>

#include "analysis/totals.h"
#include "base/check.h"
#include "daemon/restore.h"

namespace revertd {
namespace {

// Rows of a state that is damaged count as nothing.
uint64_t RequestsOf(std::string_view minute) {
  Totals totals;
  return DecodeInto(minute, &totals) ? totals.all() : 0;
}

}  // namespace

Status HistoryFill::Begin(int64_t first_second, AnalysisLoop* analysis, Rollups* rollups) {
  if (state_ == nullptr) return OkStatus();
  const auto newest = state_->ReadNewestSecond();
  if (!newest.ok()) return newest.status();
  newest_known_second_ = *newest;
  REVERTD_RETURN_IF_ERROR(state_->ReadShadows([this](const StoredShadow& shadow) {
    if (const auto result = DecodeShadow(shadow.start_second, shadow.result)) {
      known_shadows_[shadow.service].results.push_back(*result);
    }
  }));
  REVERTD_RETURN_IF_ERROR(RestoreBefore(first_second, analysis, rollups));
  return RestoreDecided(*state_, first_second * kSecondNs, analysis);
}

// Logs that begin where the state ends go on in the same blocks and minutes, as a restarted sidecar does. Others begin
// their own, and stand beside what was cut at that place.
Status HistoryFill::RestoreBefore(int64_t first_second, AnalysisLoop* analysis, Rollups* rollups) {
  const auto history = state_->ReadHistory(first_second * kSecondNs);
  if (!history.ok()) return history.status();
  const bool goes_on = newest_known_second_ && *newest_known_second_ < first_second;
  const int64_t first_block = HistoryBlockStart(first_second);
  for (const ServiceHistory& service : *history) {
    const auto split =
        std::partition_point(service.blocks.begin(), service.blocks.end(),
                             [first_block](const HistoryBlock& block) { return block.start_second < first_block; });
    analysis->RestoreHistory(service.service, {service.blocks.begin(), split},
                             goes_on ? service.seconds : std::vector<SecondCounts>{});
    if (split != service.blocks.end()) known_blocks_[service.service].assign(split, service.blocks.end());
  }
  return goes_on && writes_ ? RestoreRollups(*state_, rollups) : OkStatus();
}

void HistoryFill::AddSecond(std::string_view service, const SecondCounts& counts) {
  while (!seconds_.empty() && seconds_.front().second.second < counts.second - kHistorySecondsKept) {
    seconds_.pop_front();
  }
  if (!writes_ || (newest_known_second_ && counts.second <= *newest_known_second_)) return;
  seconds_.emplace_back(service, counts);
}

void HistoryFill::AddBlock(std::string_view service, const HistoryBlock& block) {
  const auto known = known_blocks_.find(service);
  if (known != known_blocks_.end()) {
    const auto same =
        std::partition_point(known->second.begin(), known->second.end(),
                             [&block](const HistoryBlock& other) { return other.start_second < block.start_second; });
    const bool is_known = same != known->second.end() && same->start_second == block.start_second;
    if (is_known && same->requests >= block.requests) return;
  }
  ++filled_.blocks;
  if (!writes_) return;
  blocks_.emplace_back(service, block);
  WriteIfMany();
}

void HistoryFill::AddMinute(std::string_view service, int64_t start_second, std::string_view bytes) {
  if (!writes_ || KnowsMinute(service, start_second, bytes)) return;
  ++filled_.minutes;
  minutes_.push_back({std::string(service), start_second, std::string(bytes)});
  WriteIfMany();
}

bool HistoryFill::KnowsMinute(std::string_view service, int64_t start_second, std::string_view bytes) {
  bool knows = false;
  const Status read =
      state_->ReadMinutes(service, start_second, start_second + 1,
                          [&](int64_t, std::string_view known) { knows = RequestsOf(known) >= RequestsOf(bytes); });
  if (status_.ok()) status_ = read;
  return knows;
}

void HistoryFill::TellKnown(std::string_view service, int64_t through, KnownShadows* known) {
  for (; known->told < known->results.size(); ++known->told) {
    const ShadowResult& next = known->results[known->told];
    if (next.start_second > through) return;
    on_shadow_(service, next);
  }
}

void HistoryFill::AddShadow(std::string_view service, int64_t start_second, std::string_view bytes) {
  const auto known = known_shadows_.find(service);
  if (known != known_shadows_.end()) {
    TellKnown(service, start_second, &known->second);
    const size_t told = known->second.told;
    if (told > 0 && known->second.results[told - 1].start_second == start_second) return;
  }
  const auto result = DecodeShadow(start_second, bytes);
  REVERTD_CHECK(result.has_value());
  on_shadow_(service, *result);
  ++filled_.shadows;
  if (!writes_) return;
  shadows_.push_back({std::string(service), start_second, std::string(bytes)});
  WriteIfMany();
}

void HistoryFill::WriteIfMany() {
  if (blocks_.size() + minutes_.size() + shadows_.size() >= kRowsPerWrite) Write();
}

void HistoryFill::Write() {
  if (status_.ok()) status_ = state_->WriteHistory({}, blocks_, std::nullopt, minutes_);
  if (status_.ok()) status_ = state_->WriteShadows(shadows_);
  blocks_.clear();
  minutes_.clear();
  shadows_.clear();
}

// Seconds come last: they tell the next reader of the same lines that everything before them is counted.
Status HistoryFill::Finish(int64_t end_second) {
  for (auto& [service, known] : known_shadows_) TellKnown(service, end_second, &known);
  if (!writes_) return status_;
  Write();
  if (status_.ok()) status_ = state_->WriteHistory({seconds_.begin(), seconds_.end()}, {});
  return status_;
}

}  // namespace revertd
