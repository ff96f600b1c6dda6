#include "analysis/rollups.h"

#include <algorithm>

namespace revertd {
namespace {

constexpr int64_t kForgetEverySeconds = 60;

int64_t FloorTo(int64_t second, int64_t grain) {
  const int64_t remainder = second % grain;
  return second - (remainder < 0 ? remainder + grain : remainder);
}

int64_t CeilTo(int64_t second, int64_t grain) { return -FloorTo(-second, grain); }

// From where a finer tier stands for a coarser one: from its first interval where the coarser one that holds it is
// still open, else from the end of that one, which also holds what the finer tier has given back.
int64_t BeginOf(const SparseTier& finer, int64_t coarse_grain, int64_t coarse_open) {
  const int64_t first = finer.first_second();
  return coarse_open == FloorTo(first, coarse_grain) ? first : CeilTo(first, coarse_grain);
}

template <typename AnyTotals>
void Add(const SparseTier& tier, int64_t from, int64_t to, AnyTotals* totals) {
  if (from >= to) return;
  // What is in memory is what Encode wrote there.
  tier.ForEach(from, to, [totals](int64_t, std::string_view bytes) { (void)DecodeInto(bytes, totals); });
}

}  // namespace

uint64_t Rollups::BytesPerService(bool minutes_in_memory) {
  return sizeof(Tiers) + SparseTier::BytesMax(kSecondTier) + SparseTier::BytesMax(kTenSecondTier) +
         (minutes_in_memory ? SparseTier::BytesMax(kMinuteTier) : 0) + sizeof(std::unique_ptr<Tiers>);
}

Rollups::Tiers& Rollups::TiersOf(ServiceId service) {
  if (service >= by_service_.size()) by_service_.resize(service + 1);
  std::unique_ptr<Tiers>& tiers = by_service_[service];
  if (tiers != nullptr) return *tiers;
  tiers = std::make_unique<Tiers>();
  ids_.emplace(services_.NameOf(service), service);
  // Services have their names when their first window comes, not when the process starts.
  const auto restored = restored_.find(services_.NameOf(service));
  if (restored == restored_.end()) return *tiers;
  Totals totals;
  if (DecodeInto(restored->second.bytes, &totals)) {
    tiers->minute.start_second = restored->second.start_second;
    tiers->minute.totals.Merge(totals);
  }
  restored_.erase(restored);
  return *tiers;
}

std::string_view Rollups::Encoded(const IntervalTotals& totals, const TierSpec& spec) {
  scratch_.clear();
  Encode(totals, spec.interval_bytes, &scratch_);
  return scratch_;
}

void Rollups::RestoreMinute(std::string_view service, int64_t start_second, std::string_view bytes) {
  restored_.insert_or_assign(std::string(service), Restored{start_second, std::string(bytes)});
}

void Rollups::OnWindow(const Window& window) {
  if (window.service == ServiceTable::kOther) return;
  Tiers& tiers = TiersOf(window.service);
  const int64_t ten_start = FloorTo(window.second, kTenSecondTier.grain_seconds);
  if (ten_start < tiers.ten.start_second ||
      (tiers.ten.start_second == kNoSecond && !tiers.tens.empty() && ten_start <= tiers.tens.last_second())) {
    ++disordered_;
    return;
  }
  scratch_.clear();
  Encode(window, kSecondTier.interval_bytes, &scratch_);
  if (!tiers.seconds.Append(window.second, scratch_)) {
    ++disordered_;
    return;
  }
  if (ten_start > tiers.ten.start_second) CloseTen(window.service, &tiers);
  tiers.ten.start_second = ten_start;
  tiers.ten.totals.Merge(window);
}

void Rollups::CloseTen(ServiceId service, Tiers* tiers) {
  Open& ten = tiers->ten;
  if (ten.start_second == kNoSecond) return;
  tiers->tens.Append(ten.start_second, Encoded(ten.totals, kTenSecondTier));
  const int64_t minute_start = FloorTo(ten.start_second, kMinuteTier.grain_seconds);
  if (minute_start > tiers->minute.start_second) CloseMinute(service, tiers);
  tiers->minute.start_second = minute_start;
  tiers->minute.totals.Merge(ten.totals);
  ten.start_second = kNoSecond;
  ten.totals.Clear();
}

void Rollups::CloseMinute(ServiceId service, Tiers* tiers) {
  Open& minute = tiers->minute;
  if (minute.start_second == kNoSecond) return;
  const std::string_view bytes = Encoded(minute.totals, kMinuteTier);
  if (on_minute_) {
    on_minute_(services_.NameOf(service), minute.start_second, bytes);
  } else {
    tiers->minutes.Append(minute.start_second, bytes);
  }
  minute.start_second = kNoSecond;
  minute.totals.Clear();
}

void Rollups::SealedThrough(int64_t second) {
  const bool forget = second >= forget_at_;
  if (forget) forget_at_ = second + kForgetEverySeconds;
  for (ServiceId service = 0; service < by_service_.size(); ++service) {
    Tiers* tiers = by_service_[service].get();
    if (tiers == nullptr) continue;
    // Sums, not differences: kNoSecond is the smallest number there is.
    const auto ended = [second](const Open& open, const TierSpec& spec) {
      return open.start_second != kNoSecond && open.start_second + spec.grain_seconds <= second + 1;
    };
    if (ended(tiers->ten, kTenSecondTier)) CloseTen(service, tiers);
    if (ended(tiers->minute, kMinuteTier)) CloseMinute(service, tiers);
    if (!forget) continue;
    for (SparseTier* tier : {&tiers->seconds, &tiers->tens, &tiers->minutes}) tier->Forget(second);
  }
}

void Rollups::Finish() {
  for (ServiceId service = 0; service < by_service_.size(); ++service) {
    if (by_service_[service] == nullptr) continue;
    CloseTen(service, by_service_[service].get());
    CloseMinute(service, by_service_[service].get());
  }
}

// `none`: of tiers that hold nothing.
Rollups::Begins Rollups::BeginsOf(const Tiers& tiers, int64_t none) {
  Begins begins{none, none};
  if (!tiers.seconds.empty()) {
    begins.seconds = BeginOf(tiers.seconds, kTenSecondTier.grain_seconds, tiers.ten.start_second);
  }
  begins.tens = begins.seconds;
  if (!tiers.tens.empty()) {
    begins.tens = BeginOf(tiers.tens, kMinuteTier.grain_seconds, tiers.minute.start_second);
    // Where both begin in one minute that is closed, that minute stands for both.
    begins.seconds = std::max(begins.seconds, begins.tens);
  }
  return begins;
}

template <typename AnyTotals>
int64_t Rollups::Sum(ServiceId service, int64_t from, int64_t to, AnyTotals* totals) const {
  if (service >= by_service_.size() || by_service_[service] == nullptr) return to;
  const Tiers& tiers = *by_service_[service];
  const Begins begins = BeginsOf(tiers, to);
  Add(tiers.seconds, std::max(from, begins.seconds), to, totals);
  Add(tiers.tens, std::max(from, begins.tens), std::min(to, begins.seconds), totals);
  Add(tiers.minutes, from, std::min(to, begins.tens), totals);
  return on_minute_ ? begins.tens : from;
}

void Rollups::ReadSecond(std::string_view service, int64_t second, JoinedTotals* totals) const {
  const auto id = ids_.find(service);
  if (id == ids_.end()) return;
  const Tiers& tiers = *by_service_[id->second];
  if (second >= BeginsOf(tiers, second + 1).seconds) {
    Add(tiers.seconds, second, second + 1, totals);
    return;
  }
  constexpr int64_t kGrain = kTenSecondTier.grain_seconds;
  const int64_t ten = FloorTo(second, kGrain);
  Add(tiers.tens, ten, ten + kGrain, totals);
  KeepPlace(static_cast<size_t>(second - ten), static_cast<size_t>(kGrain), totals);
}

template <typename AnyTotals>
int64_t Rollups::Sum(std::string_view service, int64_t from, int64_t to, AnyTotals* totals) const {
  const auto id = ids_.find(service);
  return id == ids_.end() ? to : Sum(id->second, from, to, totals);
}

template int64_t Rollups::Sum(ServiceId service, int64_t from, int64_t to, Totals* totals) const;
template int64_t Rollups::Sum(std::string_view service, int64_t from, int64_t to, Totals* totals) const;
template int64_t Rollups::Sum(ServiceId service, int64_t from, int64_t to, JoinedTotals* totals) const;
template int64_t Rollups::Sum(std::string_view service, int64_t from, int64_t to, JoinedTotals* totals) const;

uint64_t Rollups::bytes() const {
  uint64_t sum = by_service_.capacity() * sizeof(std::unique_ptr<Tiers>);
  for (const std::unique_ptr<Tiers>& tiers : by_service_) {
    if (tiers == nullptr) continue;
    sum += sizeof(Tiers) + tiers->seconds.bytes() + tiers->tens.bytes() + tiers->minutes.bytes();
  }
  return sum;
}

uint64_t Rollups::chunks_cut() const {
  uint64_t sum = 0;
  for (const std::unique_ptr<Tiers>& tiers : by_service_) {
    if (tiers == nullptr) continue;
    sum += tiers->seconds.chunks_cut() + tiers->tens.chunks_cut() + tiers->minutes.chunks_cut();
  }
  return sum;
}

}  // namespace revertd
