// A shop whose errors an error tracker is told of, before an AnalysisLoop: a day of history, then seconds with
// requests, error events and sessions, all drawn from a seed.
#pragma once

#include <cmath>
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "analysis/draw.h"
#include "base/service_table.h"
#include "tests/analysis/scenario.h"

namespace revertd {

// A kind of error: how many of its events come in a second, and when.
struct ErrorSource {
  uint64_t fingerprint = 0;
  uint64_t origin = 0;
  double rate = 0;
  std::string release = {};
  double from = 0;  // seconds after the deploy's finish
  double to = 1e9;
};

// Thirty groups of ten origins, together one event in a hundred requests: the rarest comes once in 100,000.
inline std::vector<ErrorSource> UsualErrors(double requests) {
  std::vector<ErrorSource> sources;
  for (uint64_t i = 0; i < 30; ++i) {
    sources.push_back({100 + i, i % 10, requests * 1e-5 * std::pow(200.0, static_cast<double>(i) / 29)});
  }
  return sources;
}

class TrackedShop {
 public:
  static constexpr int64_t kFinish = kDay + 7200;
  static constexpr const char* kHead = "0123456789abcdef";
  static constexpr int64_t kHistory = 86'400;

  // `requests` a second of the service; 0: it has no log. `mail` is served and tracked beside it where asked for.
  TrackedShop(uint64_t seed, double requests, std::vector<ErrorSource> usual, bool with_control = false)
      : requests_(requests), usual_(std::move(usual)), with_control_(with_control), random_(seed) {}

  void Remember() {
    Remember("shop", requests_);
    if (with_control_) Remember("mail", requests_);
  }
  void Remember(const std::string& service, double requests) {
    const int64_t from = kFinish - 600 - kHistory;
    const int64_t to = HistoryBlockStart(kFinish - 60);
    std::vector<HistoryBlock> blocks;
    for (int64_t start = HistoryBlockStart(from); start < to; start += kHistoryBlockSeconds) {
      if (requests > 0) blocks.push_back({start, DrawPoisson(requests * kHistoryBlockSeconds, random_), 0});
      for (const ErrorSource& source : usual_) {
        const int64_t events = DrawPoisson(source.rate * kHistoryBlockSeconds, random_);
        if (events > 0) loop().RestoreErrorBlock({service, source.fingerprint, start, events});
      }
      if (sessions_ > 0) {
        const int64_t sessions = DrawPoisson(sessions_ * kHistoryBlockSeconds, random_);
        loop().RestoreSessionBlock(
            {service, start, sessions, DrawPoisson(static_cast<double>(sessions) * crashes_, random_)});
      }
    }
    for (const ErrorSource& source : usual_) {
      ErrorGroupRecord group;
      group.service = service;
      group.fingerprint = source.fingerprint;
      group.origin = source.origin;
      group.first_seen_ns = (from - 86'400) * kSecondNs;
      group.last_seen_ns = to * kSecondNs;
      group.releases = {"shop@1.0"};
      loop().RestoreErrorGroup(group);
    }
    loop().RestoreHistory(service, blocks, {});
  }
  // Harmless groups that came up during the day before, `count` of them.
  void RememberNewcomers(double count, double mean_rate) {
    const int64_t from = kFinish - 600 - kHistory;
    for (int64_t left = DrawPoisson(count, random_); left > 0; --left) {
      const double rate = -mean_rate * std::log(1 - DrawUniform(random_));
      const int64_t start = HistoryBlockStart(from + static_cast<int64_t>(DrawUniform(random_) * (kHistory - 3600)));
      ErrorGroupRecord group;
      group.service = "shop";
      group.fingerprint = group.origin = 50'000 + static_cast<uint64_t>(left);
      group.first_seen_ns = start * kSecondNs;
      group.last_seen_ns = start * kSecondNs;
      for (int64_t block = start; block < HistoryBlockStart(kFinish - 60); block += kHistoryBlockSeconds) {
        int64_t events = DrawPoisson(rate * kHistoryBlockSeconds, random_);
        if (block == start) ++events;
        if (events == 0) continue;
        loop().RestoreErrorBlock({"shop", group.fingerprint, block, events});
        group.last_seen_ns = block * kSecondNs;
      }
      loop().RestoreErrorGroup(group);
    }
  }
  void TellSessions(double per_second, double crashes) { sessions_ = per_second, crashes_ = crashes; }

  Deploy Deployed(int64_t finish = kFinish) { return scenario_.Register(DeployOf("shop", finish - 20, finish, kHead)); }

  // Seconds [from, to) after the finish; `of` answers what is sent then.
  void Serve(int64_t from, int64_t to, const std::vector<ErrorSource>& shop, const std::vector<ErrorSource>& mail = {},
             double error_share = 0) {
    for (int64_t at = from; at < to; ++at) {
      const int64_t second = kFinish + at;
      Window window;
      window.second = second;
      for (const char* service : {"shop", "mail"}) {
        if (service == std::string("mail") && !with_control_) continue;
        window.service = scenario_.services.Intern(service);
        window.by_age.requests[0] = static_cast<uint32_t>(DrawPoisson(requests_, random_));
        const double failing = service == std::string("shop") ? error_share : 0;
        window.by_age.errors[0] = static_cast<uint32_t>(window.by_age.requests[0] * failing);
        if (window.by_age.requests[0] > 0) loop().OnWindow(window);
      }
      Send("shop", at, shop);
      if (with_control_) Send("mail", at, mail);
      if (sessions_ > 0) {
        const int64_t sessions = DrawPoisson(sessions_, random_);
        loop().OnSessions({.service = "shop",
                           .release = session_release_,
                           .at_ns = second * kSecondNs,
                           .sessions = sessions,
                           .crashed = DrawPoisson(static_cast<double>(sessions) * crashes_, random_)});
      }
      if ((at + 1) % batch_ == 0 || at + 1 == to) loop().SealedThrough(second);
    }
  }
  void SealEvery(int64_t seconds) { batch_ = seconds; }
  void SessionsOf(std::string release) { session_release_ = std::move(release); }
  void Send(const std::string& service, int64_t at, const std::vector<ErrorSource>& sources) {
    for (const ErrorSource& source : sources) {
      if (static_cast<double>(at) < source.from || static_cast<double>(at) >= source.to) continue;
      for (int64_t left = DrawPoisson(source.rate, random_); left > 0; --left) {
        SendOne(service, kFinish + at, source);
      }
    }
  }
  void SendOne(const std::string& service, int64_t second, const ErrorSource& source) {
    ErrorEvent event;
    event.service = service;
    event.event_id = "0123456789abcdef0123456789abcdef";
    event.at_ns = second * kSecondNs + 1;
    event.release = source.release;
    event.type = "TypeError";
    event.culprit = "checkout.views.pay";
    event.title = "cannot read <text>";
    event.fingerprint = source.fingerprint;
    event.origin = source.origin;
    loop().OnErrorEvent(event);
  }

  AnalysisLoop& loop() { return scenario_.loop; }
  RecordingSink& sink() { return scenario_.sink; }
  Scenario& scenario() { return scenario_; }
  std::mt19937_64& random() { return random_; }
  Verdict Last(const Deploy& deploy) const {
    const Verdict* const verdict = scenario_.sink.LastVerdict(deploy.id);
    return verdict != nullptr ? *verdict : Verdict{};
  }
  // Seconds from the finish to the first verdict of that state; -1: never.
  int64_t SecondsTo(VerdictState state) const {
    for (const Verdict& verdict : scenario_.sink.verdicts) {
      if (verdict.state == state) return verdict.at_ns / kSecondNs - kFinish;
    }
    return -1;
  }
  const std::vector<ErrorSource>& usual() const { return usual_; }

 private:
  double requests_;
  std::vector<ErrorSource> usual_;
  bool with_control_;
  double sessions_ = 0;
  double crashes_ = 0;
  std::string session_release_;
  int64_t batch_ = 1;
  std::mt19937_64 random_;
  Scenario scenario_;
};

}  // namespace revertd
