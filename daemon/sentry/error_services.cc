#include "daemon/sentry/error_services.h"

#include <algorithm>

#include "base/error_event.h"
#include "base/strings.h"

namespace revertd {
namespace {

// Nobody chose these words with care: what would not stand in a table of services is none.
bool MayBeService(std::string_view word) {
  return !word.empty() && word.size() <= kErrorTextMax && word.front() != '_' && Printable(word) == word;
}

}  // namespace

const SentryProjectConfig* ErrorServices::FindProject(std::string_view id) const {
  const auto& projects = sentry_.projects;
  const auto found = std::find_if(projects.begin(), projects.end(),
                                  [id](const SentryProjectConfig& project) { return project.id == id; });
  return found == projects.end() ? nullptr : &*found;
}

const ServiceConfig* ErrorServices::FindCalled(std::string_view name) const {
  if (const ServiceConfig* service = config_.FindService(name)) return service;
  const auto found =
      std::find_if(config_.services.begin(), config_.services.end(), [name](const ServiceConfig& service) {
        return std::find(service.known_as.begin(), service.known_as.end(), name) != service.known_as.end();
      });
  return found == config_.services.end() ? nullptr : &*found;
}

std::string ErrorServices::OfProject(std::string_view project) const {
  const SentryProjectConfig* configured = FindProject(project);
  if (configured != nullptr && !configured->service.empty()) return configured->service;
  if (const ServiceConfig* service = FindCalled(project)) return service->name;
  // A file of events need not name a project; where there is one service alone, they are its own.
  return project.empty() && config_.services.size() == 1 ? config_.services.front().name : "";
}

bool ErrorServices::TakesProject(std::string_view project) const {
  if (project.empty() || project.find('/') != std::string_view::npos) return false;
  return FindProject(project) != nullptr || sentry_.service_by != ErrorServiceBy::kProject ||
         FindCalled(project) != nullptr;
}

std::string_view ErrorServices::KeyOf(std::string_view project) const {
  const SentryProjectConfig* configured = FindProject(project);
  return configured == nullptr ? std::string_view() : configured->key;
}

std::string ErrorServices::ServiceOf(const ErrorNames& names) const {
  const ErrorServiceBy by = sentry_.service_by;
  std::string_view word;
  if (by == ErrorServiceBy::kTag) word = names.tag;
  if (by == ErrorServiceBy::kServerName) word = names.server_name;
  if (!MayBeService(word)) return OfProject(names.project);
  const ServiceConfig* service = FindCalled(word);
  return service == nullptr ? std::string(word) : service->name;
}

bool ErrorServices::TakesEnvironment(std::string_view service, std::string_view environment) const {
  const ServiceConfig* configured = config_.FindService(service);
  const RepoConfig* repo = configured == nullptr ? nullptr : config_.FindRepo(configured->repo);
  if (repo == nullptr || environment.empty()) return true;
  return std::find(repo->environments.begin(), repo->environments.end(), environment) != repo->environments.end();
}

}  // namespace revertd
