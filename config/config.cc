#include "config/config.h"

#include <algorithm>
#include <array>
#include <utility>

namespace revertd {
namespace {

constexpr std::array<std::pair<Mode, std::string_view>, 4> kModes = {
    {{Mode::kObserve, "observe"}, {Mode::kAlert, "alert"}, {Mode::kPropose, "propose"}, {Mode::kPush, "push"}}};

constexpr std::array<std::pair<CohortField, std::string_view>, 3> kCohortFields = {
    {{CohortField::kNone, "none"}, {CohortField::kRelease, "release"}, {CohortField::kUpstream, "upstream"}}};

template <typename Table, typename Value>
std::string_view NameIn(const Table& table, Value value) {
  const auto row =
      std::find_if(table.begin(), table.end(), [value](const auto& entry) { return entry.first == value; });
  return row == table.end() ? "unknown" : row->second;
}

template <typename Value, size_t kSize>
std::optional<Value> ValueNamed(const std::array<std::pair<Value, std::string_view>, kSize>& table,
                                std::string_view name) {
  const auto row = std::find_if(table.begin(), table.end(), [name](const auto& entry) { return entry.second == name; });
  return row == table.end() ? std::nullopt : std::optional<Value>(row->first);
}

template <typename T>
const T* FindNamed(const std::vector<T>& items, std::string_view name) {
  const auto found = std::find_if(items.begin(), items.end(), [&](const T& item) { return item.name == name; });
  return found == items.end() ? nullptr : &*found;
}

}  // namespace

std::string_view NameOf(Mode mode) { return NameIn(kModes, mode); }
std::optional<Mode> ModeNamed(std::string_view name) { return ValueNamed(kModes, name); }
std::string_view NameOf(CohortField field) { return NameIn(kCohortFields, field); }
std::optional<CohortField> CohortFieldNamed(std::string_view name) { return ValueNamed(kCohortFields, name); }

const ServiceConfig* Config::FindService(std::string_view name) const { return FindNamed(services, name); }
const RepoConfig* Config::FindRepo(std::string_view name) const { return FindNamed(repos, name); }

}  // namespace revertd
