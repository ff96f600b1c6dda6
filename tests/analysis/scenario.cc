#include "tests/analysis/scenario.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace revertd {
namespace {

int64_t DrawErrors(int64_t requests, double rate, double rho, std::mt19937_64& random) {
  if (requests <= 0 || rate <= 0) return 0;
  if (rho > 0 && rate < 1) {
    const double total = 1 / rho - 1;
    std::gamma_distribution<double> good((1 - rate) * total, 1), bad(rate * total, 1);
    const double x = bad(random), y = good(random);
    rate = x + y > 0 ? x / (x + y) : 0;
  }
  return std::binomial_distribution<int64_t>(requests, std::clamp(rate, 0.0, 1.0))(random);
}

int64_t DrawRequests(const TrafficModel& model, int64_t second, std::mt19937_64& random) {
  const double rate = model.requests(second);
  if (rate <= 0) return 0;
  return model.fixed_requests ? std::llround(rate) : std::poisson_distribution<int64_t>(rate)(random);
}

}  // namespace

std::vector<std::string> RecordingSink::Told() const {
  std::vector<std::string> told;
  for (const Verdict& verdict : verdicts) {
    std::string line = verdict.deploy_id + " " + std::string(NameOf(verdict.state)) + " " + verdict.reason + " " +
                       std::to_string(verdict.at_ns) + " power " + std::to_string(verdict.power);
    for (const Evidence& evidence : verdict.evidence) {
      line += " e " + std::to_string(evidence.e_value) + " null " + std::to_string(evidence.before_null) + " after " +
              std::to_string(evidence.after) + " n " + std::to_string(evidence.n_after) + " control " +
              evidence.control + " " + std::to_string(evidence.control_e_value);
    }
    told.push_back(line);
  }
  for (const Decision& decision : decisions) {
    told.push_back(decision.deploy_id + " " + std::string(NameOf(decision.kind)) + " " + decision.reason + " " +
                   decision.trigger_id + " " + std::to_string(decision.at_ns));
  }
  for (const RollbackTrigger& trigger : triggers) {
    told.push_back(trigger.id + " " + std::to_string(trigger.created_ns) + " " +
                   std::to_string(trigger.evidence.e_value));
  }
  for (const Recovery& recovery : recoveries) {
    told.push_back(recovery.trigger_id + " " + std::string(NameOf(recovery.state)) + " " +
                   std::to_string(recovery.at_ns) + " " + std::to_string(recovery.rate_now));
  }
  return told;
}

std::vector<VerdictState> RecordingSink::States(std::string_view deploy_id) const {
  std::vector<VerdictState> states;
  for (const Verdict& verdict : verdicts) {
    if (verdict.deploy_id == deploy_id) states.push_back(verdict.state);
  }
  return states;
}

const Verdict* RecordingSink::LastVerdict(std::string_view deploy_id) const {
  const Verdict* last = nullptr;
  for (const Verdict& verdict : verdicts) {
    if (verdict.deploy_id == deploy_id) last = &verdict;
  }
  return last;
}

TrafficModel Steady(double requests, double error_rate, double rho) {
  return {[requests](int64_t) { return requests; }, [error_rate](int64_t) { return error_rate; }, rho, false};
}

Stream Draw(const std::string& service, const TrafficModel& model, int64_t from, int64_t to, std::mt19937_64& random) {
  Stream stream{service, {}};
  for (int64_t second = from; second < to; ++second) {
    const int64_t requests = DrawRequests(model, second, random);
    const int64_t errors = DrawErrors(requests, model.error_rate(second), model.rho, random);
    if (requests == 0) continue;
    SecondCounts counts;
    counts.second = second;
    const int64_t old_requests = requests / 10;
    const int64_t old_errors = std::min(old_requests, errors / 10);
    counts.by_age.requests[0] = static_cast<uint32_t>(requests - old_requests);
    counts.by_age.errors[0] = static_cast<uint32_t>(errors - old_errors);
    counts.by_age.requests[1] = static_cast<uint32_t>(old_requests);
    counts.by_age.errors[1] = static_cast<uint32_t>(old_errors);
    stream.seconds.push_back(counts);
  }
  return stream;
}

std::vector<HistoryBlock> DrawHistory(const TrafficModel& model, int64_t from, int64_t to, std::mt19937_64& random) {
  std::vector<HistoryBlock> blocks;
  for (int64_t start = from; start < to; start += kHistoryBlockSeconds) {
    HistoryBlock block{start, 0, 0};
    // With rho the seconds of a block differ, so each is drawn; without, the block is one binomial.
    const int64_t step = model.rho > 0 ? 1 : kHistoryBlockSeconds;
    for (int64_t second = start; second < start + kHistoryBlockSeconds; second += step) {
      const int64_t requests = std::llround(model.requests(second) * static_cast<double>(step));
      block.requests += requests;
      block.errors += DrawErrors(requests, model.error_rate(second), model.rho, random);
    }
    blocks.push_back(block);
  }
  return blocks;
}

Config ScenarioConfig() {
  Config config;
  config.repos.push_back({"shop", "file:///repo", "production"});
  ServiceConfig shop;
  shop.name = "shop";
  shop.repo = "shop";
  shop.mode = Mode::kPush;
  ServiceConfig mail;
  mail.name = "mail";
  ServiceConfig bank;
  bank.name = "bank";
  bank.depends_on = {"shop"};
  config.services = {shop, mail, bank};
  return config;
}

Deploy DeployOf(const std::string& service, int64_t start_second, int64_t finish_second, const std::string& head) {
  Deploy deploy;
  deploy.id = service + "-" + head;
  deploy.service = service;
  deploy.head = head;
  deploy.start_ns = start_second * kSecondNs;
  deploy.finish_ns = finish_second * kSecondNs;
  return deploy;
}

Scenario::Scenario(Config config_to_use)
    : config(std::move(config_to_use)),
      loop(
          config, services, [this](const Deploy&) { return facts; }, &sink) {}

void Scenario::Feed(const std::vector<Stream>& streams, int64_t from, int64_t to, int64_t batch) {
  std::vector<ServiceId> ids;
  std::vector<size_t> next(streams.size());
  for (size_t i = 0; i < streams.size(); ++i) {
    ids.push_back(services.Intern(streams[i].service));
    while (next[i] < streams[i].seconds.size() && streams[i].seconds[next[i]].second < from) ++next[i];
  }
  Window window;
  for (int64_t second = from; second < to; ++second) {
    for (size_t i = 0; i < streams.size(); ++i) {
      if (next[i] >= streams[i].seconds.size() || streams[i].seconds[next[i]].second != second) continue;
      window.service = ids[i];
      window.second = second;
      window.by_age = streams[i].seconds[next[i]++].by_age;
      loop.OnWindow(window);
    }
    if ((second - from + 1) % batch == 0 || second + 1 == to) loop.SealedThrough(second);
  }
}

Deploy Scenario::Register(const Deploy& deploy) {
  const StatusOr<Deploy> registered = loop.OnDeploy(deploy);
  EXPECT_TRUE(registered.ok()) << registered.status().ToString();
  return registered.ok() ? *registered : deploy;
}

}  // namespace revertd
