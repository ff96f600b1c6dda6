#include "config/config.h"

#include <algorithm>
#include <array>
#include <utility>

namespace revertd {
namespace {

constexpr std::array<std::pair<Mode, std::string_view>, 4> kModes = {
    {{Mode::kObserve, "observe"}, {Mode::kAlert, "alert"}, {Mode::kPropose, "propose"}, {Mode::kPush, "push"}}};

template <typename T>
const T* FindNamed(const std::vector<T>& items, std::string_view name) {
  const auto found = std::find_if(items.begin(), items.end(), [&](const T& item) { return item.name == name; });
  return found == items.end() ? nullptr : &*found;
}

}  // namespace

std::string_view NameOf(Mode mode) {
  for (const auto& [known, name] : kModes) {
    if (known == mode) return name;
  }
  return "unknown";
}

std::optional<Mode> ModeNamed(std::string_view name) {
  for (const auto& [mode, known] : kModes) {
    if (known == name) return mode;
  }
  return std::nullopt;
}

const ServiceConfig* Config::FindService(std::string_view name) const { return FindNamed(services, name); }
const RepoConfig* Config::FindRepo(std::string_view name) const { return FindNamed(repos, name); }

}  // namespace revertd
