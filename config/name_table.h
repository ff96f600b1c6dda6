// The names of an enumeration's values, as a table of pairs (value, name): looked up in either direction.
#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

namespace revertd {

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

}  // namespace revertd
