#include "bench/trigger_cases.h"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <iterator>
#include <optional>

#include "analysis/analysis_loop.h"
#include "analysis/rollups.h"
#include "base/check.h"
#include "base/limits.h"
#include "base/window_ring.h"

namespace revertd::bench {
namespace {

constexpr std::string_view kControls[] = {"catalog", "search"};
constexpr int64_t kDecidedWithin = 300;  // else the traffic is not as bad as it is meant to be

class TriggerRecord final : public PartialSink {
 public:
  Status OnTrigger(const RollbackTrigger& trigger) override {
    newest = trigger;
    return OkStatus();
  }
  std::optional<RollbackTrigger> newest;
};

// The analysis thread's fold, a second at a time.
class Reference {
 public:
  explicit Reference(const Config& config)
      : services_(config.limits.table_places()),
        ring_(config.limits.table_places(), kRingSeconds),
        rollups_(services_, {}),
        loop_(
            config, services_, [](const Deploy&) { return GateFacts{}; }, &record_, &rollups_) {}

  void Seal(int64_t second, int64_t bad_from) {
    for (size_t i = 0; i < kLinesPerSecond; ++i) {
      const TrafficLine line = LineAt(second, i, bad_from);
      const TimeNs end = second * kSecondNs;
      const Sample sample{.service = services_.Intern(line.service),
                          .status_class = line.is_error ? StatusClass::k5xx : StatusClass::k2xx,
                          .end_ns = end,
                          .start_ns = end - kLineDuration,
                          .duration_ns = kLineDuration,
                          .bytes = 612};
      REVERTD_CHECK(ring_.Add(sample) == WindowRing::AddResult::kCounted);
    }
    ring_.SealThrough(second);
    ring_.Collect([this](const Window& window) {
      rollups_.OnWindow(window);
      loop_.OnWindow(window);
    });
    loop_.SealedThrough(second);
    rollups_.SealedThrough(second);
  }
  void Deployed(const Deploy& deploy) { REVERTD_CHECK(loop_.OnDeploy(deploy).ok()); }
  bool Triggered(const Deploy& deploy) const { return record_.newest && record_.newest->deploy_id == deploy.id; }

 private:
  ServiceTable services_;
  WindowRing ring_;
  Rollups rollups_;
  TriggerRecord record_;
  AnalysisLoop loop_;
};

Deploy DeployNumber(size_t number, int64_t second) {
  char head[41];
  std::snprintf(head, sizeof(head), "%040zx", number + 1);
  std::reverse(std::begin(head), std::end(head) - 1);  // ids tell revisions apart by their first digits
  Deploy deploy;
  deploy.id = "bench-" + std::to_string(number);
  deploy.service = kTarget;
  deploy.repo = "shop";
  deploy.head = head;
  deploy.start_ns = second * kSecondNs;
  deploy.finish_ns = deploy.start_ns;
  return deploy;
}

}  // namespace

std::string OtherHost(int service) { return "other" + std::to_string(service) + ".test"; }

std::string ConfigText(const std::string& folder) {
  std::string calls;
  std::string others;
  for (int i = 0; i < kOtherServices; ++i) {
    const std::string name = "other" + std::to_string(i);
    calls += (i == 0 ? "" : ", ") + name;
    others += "  " + name + ": {match: {host: " + OtherHost(i) + "}}\n";
  }
  std::string controls;
  for (const std::string_view name : kControls) {
    controls += "  " + std::string(name) + ": {match: {host: " + std::string(name) + ".test}}\n";
  }
  return "services:\n  " + std::string(kTarget) + ": {match: {host: " + std::string(kTarget) +
         ".test}, repo: shop, mode: propose, depends_on: [" + calls + "]}\n" + controls + others +
         "repos:\n  shop: {url: 'file://" + folder + "/shop.git'}\n" +
         "guard: {proposals_per_day: 1000, kill_switch: " + folder + "/kill-switch}\n" + "state: " + folder +
         "/state.db\n";
}

// One line in five is the target's. Of a healthy second one line fails, of changing services: two in a hundred of each.
TrafficLine LineAt(int64_t second, size_t i, int64_t bad_from) {
  const bool is_usual_error = i == (static_cast<uint64_t>(second) * 17) % kLinesPerSecond;
  if (i % 5 != 0) return {kControls[i % 2], is_usual_error};
  return {kTarget, second >= bad_from ? i % 10 == 0 : is_usual_error};
}

std::string TextOf(const TrafficLine& line, int64_t second) {
  const time_t time = second;
  tm parts{};
  char stamp[32];
  std::strftime(stamp, sizeof(stamp), "%d/%b/%Y:%H:%M:%S +0000", ::gmtime_r(&time, &parts));
  return std::string(line.service) + ".test:443 192.0.2.7 - - [" + stamp + "] \"GET /items/7 HTTP/1.1\" " +
         (line.is_error ? "500" : "200") + " 612 \"-\" \"trigger_bench\" 0.100\n";
}

std::vector<TriggerCase> PlanCases(const Config& config, int64_t first_second, size_t count) {
  Reference reference(config);
  const int64_t bad_from = first_second + kHistorySeconds;
  int64_t second = first_second;
  while (second < bad_from) reference.Seal(second++, bad_from);
  std::vector<TriggerCase> cases;
  int64_t deployed_at = bad_from;
  for (size_t number = 0; number < count; ++number) {
    const Deploy deploy = DeployNumber(number, deployed_at);
    reference.Deployed(deploy);
    while (!reference.Triggered(deploy)) {
      REVERTD_CHECK(second - deployed_at < kDecidedWithin);
      reference.Seal(second++, bad_from);
    }
    const int64_t decided = second - 1;
    const int64_t deciding = decided + config.detect.lateness_seconds + 1;
    cases.push_back({deploy, decided, deciding});
    deployed_at = deciding + 1;
  }
  return cases;
}

}  // namespace revertd::bench
