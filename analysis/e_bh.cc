#include "analysis/e_bh.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/check.h"

namespace revertd {

std::vector<size_t> CalledByEBh(std::span<const double> log_e, double alpha) {
  REVERTD_CHECK(alpha > 0);
  std::vector<size_t> largest_first(log_e.size());
  std::iota(largest_first.begin(), largest_first.end(), size_t{0});
  std::sort(largest_first.begin(), largest_first.end(), [&](size_t a, size_t b) { return log_e[a] > log_e[b]; });
  const double log_all = std::log(static_cast<double>(log_e.size()) / alpha);
  size_t called = log_e.size();
  while (called > 0 && log_e[largest_first[called - 1]] < log_all - std::log(static_cast<double>(called))) --called;
  largest_first.resize(called);
  std::sort(largest_first.begin(), largest_first.end());
  return largest_first;
}

}  // namespace revertd
