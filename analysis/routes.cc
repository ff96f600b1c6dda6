#include "analysis/routes.h"

#include <algorithm>
#include <numeric>

namespace revertd {
namespace {

RateCounts SumOf(const RateHistory& history) {
  RateCounts sum;
  for (const HistoryBlock& block : history.blocks) sum += {block.requests, block.errors};
  return sum;
}

std::vector<size_t> Busiest(const std::vector<RateCounts>& before) {
  std::vector<size_t> parts(before.size());
  std::iota(parts.begin(), parts.end(), size_t{0});
  std::stable_sort(parts.begin(), parts.end(),
                   [&before](size_t a, size_t b) { return before[a].requests > before[b].requests; });
  if (parts.size() > kRoutesJudged) parts.resize(kRoutesJudged);
  std::erase_if(parts, [&before](size_t part) { return before[part].requests == 0; });
  return parts;
}

}  // namespace

RouteMix::RouteMix(const std::vector<RateCounts>& before) {
  RateCounts all;
  for (const RateCounts& counts : before) all += counts;
  if (all.errors == 0) return;
  // A rate from few requests is drawn towards the mean, as if one error more had been seen at the mean's rate.
  double expected = 0;
  for (const RateCounts& counts : before) {
    const double weight = 1 / all.rate();
    rates_.push_back((static_cast<double>(counts.errors) + 1) / (static_cast<double>(counts.requests) + weight));
    expected += rates_.back() * static_cast<double>(counts.requests);
  }
  mean_ = expected / static_cast<double>(all.requests);
}

double RouteMix::Observe(const PartSeries& parts, int64_t second) {
  if (mean_ <= 0) return 1;
  Minute& slot = minute_[static_cast<size_t>(second - BlockStart(second, kMinuteSeconds))];
  slot = {};
  parts.ForEachAt(second, [&](size_t part, const RateCounts& counts) {
    const auto requests = static_cast<double>(counts.requests);
    slot.requests += requests;
    slot.expected += requests * (part < rates_.size() ? rates_[part] : mean_);
  });
  Minute sum;
  for (const Minute& kept : minute_) {
    sum.requests += kept.requests;
    sum.expected += kept.expected;
  }
  return sum.requests > 0 ? std::max(1.0, sum.expected / (sum.requests * mean_)) : 1;
}

Routes RoutesBefore(const PartSeries& parts, int64_t before_second, const std::vector<SecondInterval>& left_out,
                    const RateMargins& margins) {
  const std::vector<RateHistory> histories = parts.HistoriesBefore(before_second, left_out);
  std::vector<RateCounts> before;
  before.reserve(histories.size());
  for (const RateHistory& history : histories) before.push_back(SumOf(history));
  const std::vector<size_t> busiest = Busiest(before);
  double all = 0;
  for (const size_t part : busiest) all += static_cast<double>(before[part].requests);
  Routes routes;
  routes.mix = RouteMix(before);
  routes.judged.reserve(busiest.size());
  for (const size_t part : busiest) {
    const auto requests = static_cast<double>(before[part].requests);
    routes.judged.push_back(
        {.part = part,
         .name = std::string(parts.NameOf(part)),
         .baseline = EstimateBaseline(histories[part], before_second, margins),
         .weight = (1 - kServiceWeight) * requests / all,
         .requests_per_second = requests / static_cast<double>(static_cast<int64_t>(histories[part].blocks.size()) *
                                                               kHistoryBlockSeconds)});
  }
  return routes;
}

}  // namespace revertd
