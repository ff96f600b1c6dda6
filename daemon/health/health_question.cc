#include "daemon/health/health_question.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <thread>
#include <utility>

#include "actions/health_probe.h"

namespace revertd {

StatusOr<std::vector<HealthQuestion>> OpenHealthQuestions(const Config& config, std::string_view service) {
  std::vector<HealthQuestion> questions;
  for (const ServiceConfig& asked : config.services) {
    if (!service.empty() && asked.name != service) continue;
    for (const HealthCheckConfig& check : asked.health.checks) {
      auto probe = HealthProbe::Make(asked.name, check, nullptr);
      if (!probe.ok()) return Annotate(probe.status(), "health check " + check.name + " of " + asked.name);
      // std::function copies what it holds, a probe has one owner at a time: shared, and never asked twice at once.
      questions.push_back(
          {.service = asked.name,
           .check = check.name,
           .every = check.every,
           .ask = [probe = std::shared_ptr<HealthProbe>(*std::move(probe))](TimeNs now) { return probe->Ask(now); }});
    }
  }
  return questions;
}

std::vector<HealthResult> AskAll(const std::vector<HealthQuestion>& questions, const Clock& clock) {
  std::vector<HealthResult> results(questions.size());
  std::atomic<size_t> next{0};
  const auto work = [&] {
    for (size_t i = next.fetch_add(1); i < questions.size(); i = next.fetch_add(1)) {
      results[i] = questions[i].ask(clock.Now());
    }
  };
  std::vector<std::thread> workers(std::min(kHealthWorkersMax, questions.size()));
  for (std::thread& worker : workers) worker = std::thread(work);
  for (std::thread& worker : workers) worker.join();
  return results;
}

}  // namespace revertd
