#include "daemon/doors/service_releases.h"

#include <algorithm>
#include <tuple>

#include "base/varint.h"

namespace revertd {
namespace {

// In the year 2255: beyond it nanoseconds no longer fit a TimeNs.
constexpr int64_t kPlausibleSecondMax = 9'000'000'000;

// The one release that has the share, if there is one.
std::string LeaderOf(const ReleaseCounts& totals) {
  uint64_t all = 0;
  for (const auto& [name, requests] : totals) all += requests;
  for (const auto& [name, requests] : totals) {
    const bool has_share = requests * ServiceReleases::kShareDenominator >= all * ServiceReleases::kShareNumerator;
    if (has_share && requests >= ServiceReleases::kRequestsNeeded) return name;
  }
  return {};
}

void AppendSecond(int64_t second, std::string* bytes) { AppendVarint(static_cast<uint64_t>(second), bytes); }

bool TakeSecond(std::string_view* rest, int64_t* second) {
  uint64_t value = 0;
  if (!TakeVarint(*rest, &value)) return false;
  *second = static_cast<int64_t>(value);
  return *second >= -kPlausibleSecondMax && *second <= kPlausibleSecondMax;
}

void AppendText(std::string_view text, std::string* bytes) {
  AppendVarint(text.size(), bytes);
  *bytes += text;
}

bool TakeText(std::string_view* rest, std::string* text) {
  uint64_t size = 0;
  if (!TakeVarint(*rest, &size) || size > rest->size()) return false;
  *text = rest->substr(0, size);
  rest->remove_prefix(size);
  return true;
}

}  // namespace

void ServiceReleases::Observe(int64_t second, ReleaseCounts counts, std::vector<ReleaseDeploy>* told) {
  Remember(second, counts);
  if (!counts.empty()) newest_.emplace_back(second, std::move(counts));
  while (!newest_.empty() && newest_.front().first <= second - kShareSeconds) newest_.pop_front();
  ReleaseCounts totals;
  for (const auto& [at, part] : newest_) {
    for (const auto& [name, requests] : part) totals[name] += requests;
  }
  const std::string leader = LeaderOf(totals);
  BeginNew(second, totals, told);
  FinishIfDue(second, leader, told);
  if (!leader.empty()) TakeOver(second, leader, totals[leader], told);
}

std::optional<int64_t> ServiceReleases::NextDue(int64_t from) const {
  // Shares change while old seconds leave.
  if (!newest_.empty()) return from;
  if (under_way_) return std::max(from, under_way_->begun_second + kUnderWaySecondsMax - 1);
  return std::nullopt;
}

void ServiceReleases::Remember(int64_t second, const ReleaseCounts& counts) {
  if (counts.empty()) return;
  std::erase_if(names_, [second](const auto& name) { return name.second.last_second < second - kNameKeptSeconds; });
  if (names_.empty()) {
    known_since_ = second;
    serving_.clear();
  }
  const bool is_first_look = second < known_since_ + kFirstLookSeconds;
  for (const auto& [text, requests] : counts) {
    auto found = names_.find(text);
    if (found == names_.end()) {
      if (names_.size() >= kNamesMax) ForgetOldest();
      found = names_.emplace(text, Name{.run_second = second, .last_second = second}).first;
    }
    Name& name = found->second;
    if (second - name.last_second > kPauseSeconds) name.run_second = second;
    name.last_second = second;
    name.is_known = name.is_known || is_first_look;
  }
}

void ServiceReleases::ForgetOldest() {
  const auto oldest = std::min_element(names_.begin(), names_.end(), [](const auto& a, const auto& b) {
    return a.second.last_second < b.second.last_second;
  });
  names_.erase(oldest);
  ++names_forgotten_;
}

void ServiceReleases::BeginNew(int64_t second, const ReleaseCounts& totals, std::vector<ReleaseDeploy>* told) {
  std::vector<std::pair<int64_t, std::string>> fresh;  // by when they came, then by name
  for (const auto& [text, requests] : totals) {
    const auto name = names_.find(text);
    if (requests < kRequestsNeeded || name == names_.end() || name->second.is_known) continue;
    fresh.emplace_back(name->second.run_second, text);
    name->second.is_known = true;
  }
  std::sort(fresh.begin(), fresh.end());
  for (const auto& [run_second, text] : fresh) {
    const int64_t start = std::max(run_second, last_start_ + 1);
    const std::string before = under_way_ ? under_way_->release : serving_;
    if (under_way_) Finish(second, start, told);
    under_way_ = {.release = text, .before = before, .start_second = start, .begun_second = second};
    last_start_ = start;
    told->push_back({.told_second = second, .release = text, .before = before, .start_second = start});
  }
}

void ServiceReleases::FinishIfDue(int64_t second, const std::string& leader, std::vector<ReleaseDeploy>* told) {
  if (!under_way_) return;
  const bool has_taken_over = leader == under_way_->release;
  if (has_taken_over) {
    serving_ = leader;
    serving_second_ = second;
  }
  if (has_taken_over || second + 1 - under_way_->begun_second >= kUnderWaySecondsMax) Finish(second, second + 1, told);
}

void ServiceReleases::TakeOver(int64_t second, const std::string& leader, uint64_t requests,
                               std::vector<ReleaseDeploy>* told) {
  if (leader != serving_ && requests < kTakeoverRequests) return;
  if (leader != serving_ && !serving_.empty()) {
    const auto name = names_.find(leader);
    const int64_t came = name == names_.end() ? second : name->second.run_second;
    const int64_t start = std::max({came, serving_second_ + 1, second + 1 - kUnderWaySecondsMax, last_start_ + 1});
    const std::string before = serving_;
    if (under_way_) Finish(second, start, told);
    last_start_ = start;
    told->push_back({.told_second = second,
                     .release = leader,
                     .before = before,
                     .start_second = start,
                     .finish_second = std::max(start, second + 1)});
  }
  serving_ = leader;
  serving_second_ = second;
}

void ServiceReleases::Finish(int64_t told_second, int64_t finish_second, std::vector<ReleaseDeploy>* told) {
  told->push_back({.told_second = told_second,
                   .release = under_way_->release,
                   .before = under_way_->before,
                   .start_second = under_way_->start_second,
                   .finish_second = std::max(under_way_->start_second, finish_second)});
  under_way_.reset();
}

void ServiceReleases::Encode(std::string* bytes) const {
  AppendSecond(known_since_, bytes);
  AppendVarint(names_.size(), bytes);
  for (const auto& [text, name] : names_) {
    AppendText(text, bytes);
    AppendSecond(name.run_second, bytes);
    AppendSecond(name.last_second, bytes);
    AppendVarint(name.is_known ? 1 : 0, bytes);
  }
  AppendText(serving_, bytes);
  AppendSecond(serving_second_, bytes);
  AppendSecond(last_start_, bytes);
  AppendVarint(under_way_ ? 1 : 0, bytes);
  if (!under_way_) return;
  AppendText(under_way_->release, bytes);
  AppendText(under_way_->before, bytes);
  AppendSecond(under_way_->start_second, bytes);
  AppendSecond(under_way_->begun_second, bytes);
}

bool ServiceReleases::Restore(std::string_view* rest) {
  uint64_t names = 0;
  if (!TakeSecond(rest, &known_since_) || !TakeVarint(*rest, &names) || names > kNamesMax) return false;
  for (uint64_t i = 0; i < names; ++i) {
    std::string text;
    Name name;
    uint64_t is_known = 0;
    if (!TakeText(rest, &text) || !TakeSecond(rest, &name.run_second) || !TakeSecond(rest, &name.last_second) ||
        !TakeVarint(*rest, &is_known)) {
      return false;
    }
    name.is_known = is_known != 0;
    names_.insert_or_assign(std::move(text), name);
  }
  uint64_t has_under_way = 0;
  if (!TakeText(rest, &serving_) || !TakeSecond(rest, &serving_second_) || !TakeSecond(rest, &last_start_) ||
      !TakeVarint(*rest, &has_under_way)) {
    return false;
  }
  if (has_under_way == 0) return true;
  UnderWay& under_way = under_way_.emplace(UnderWay{});
  return TakeText(rest, &under_way.release) && TakeText(rest, &under_way.before) &&
         TakeSecond(rest, &under_way.start_second) && TakeSecond(rest, &under_way.begun_second);
}

}  // namespace revertd
