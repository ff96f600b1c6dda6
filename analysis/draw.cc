#include "analysis/draw.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace revertd {
namespace {

constexpr double kNormalFrom = 50;

}  // namespace

double DrawUniform(std::mt19937_64& random) { return (static_cast<double>(random() >> 11) + 0.5) * 0x1.0p-53; }

int64_t DrawPoisson(double mean, std::mt19937_64& random) {
  if (mean > kNormalFrom) {
    const double radius = std::sqrt(-2 * std::log(DrawUniform(random)));
    const double normal = radius * std::cos(2 * std::numbers::pi * DrawUniform(random));
    return std::max<int64_t>(0, std::llround(mean + std::sqrt(mean) * normal));
  }
  const double limit = std::exp(-mean);
  int64_t count = 0;
  for (double product = DrawUniform(random); product > limit; product *= DrawUniform(random)) ++count;
  return count;
}

}  // namespace revertd
