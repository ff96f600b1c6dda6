// How numbers stand in the tables and in the run file. Pure, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_writer.h"

namespace revertd::bench {

std::string Number(double value);    // three digits
std::string Second(int64_t second);  // "-" for kNever
// "9 / 12", of ascending seconds.
std::string MedianAndP95(const std::vector<int64_t>& seconds);
// "0 (15)": per 1000, and the upper 95 % limit.
std::string WithLimit(int64_t hits, int64_t runs);
std::string TableLine(const std::vector<std::string>& fields);

// An array of two; null for kNever.
void AddMedianAndP95(std::string_view key, const std::vector<int64_t>& seconds, JsonWriter* json);

}  // namespace revertd::bench
