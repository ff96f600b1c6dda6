#include "bench/detection/table.h"

#include <cstdio>

#include "bench/detection/bounds.h"
#include "bench/detection/cells.h"
#include "bench/detection/figures.h"

namespace revertd::bench {

std::string Number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, value >= 100 ? "%.0f" : "%.3g", value);
  return text;
}

std::string Second(int64_t second) { return second == kNever ? "-" : std::to_string(second); }

std::string MedianAndP95(const std::vector<int64_t>& seconds) {
  return Second(Quantile(seconds, 0.5)) + " / " + Second(Quantile(seconds, 0.95));
}

std::string WithLimit(int64_t hits, int64_t runs) {
  if (runs == 0) return "-";
  return Number(PerThousand(hits, runs)) + " (" + Number(1000 * UpperLimit(hits, runs)) + ")";
}

std::string TableLine(const std::vector<std::string>& fields) {
  std::string line = "|";
  for (const std::string& field : fields) line += " " + field + " |";
  return line;
}

void AddMedianAndP95(std::string_view key, const std::vector<int64_t>& seconds, JsonWriter* json) {
  json->Key(key).BeginArray();
  for (const double share : {0.5, 0.95}) {
    const int64_t second = Quantile(seconds, share);
    if (second == kNever) {
      json->Raw("null");
    } else {
      json->Integer(second);
    }
  }
  json->EndArray();
}

}  // namespace revertd::bench
