// Quantile of the gamma distribution with unit scale; the upper bound of a Poisson mean rests on it.
//
// Pure, any thread, never throws. The only file that includes Boost.Math; its policies answer errors by value.
#pragma once

namespace revertd {

// The value that Gamma(shape, 1) exceeds with probability `upper_tail`. shape > 0, 0 < upper_tail < 1.
double GammaUpperQuantile(double shape, double upper_tail);

}  // namespace revertd
