// Seeded draws for simulations inside the product: a power, a regression mixed into healthy traffic. Our own samplers,
// because the standard's distributions differ between libraries and a verdict must not. Pure, any thread.
#pragma once

#include <cstdint>
#include <random>

namespace revertd {

// In (0, 1).
double DrawUniform(std::mt19937_64& random);
// mean >= 0; from 50 on a rounded normal.
int64_t DrawPoisson(double mean, std::mt19937_64& random);

}  // namespace revertd
