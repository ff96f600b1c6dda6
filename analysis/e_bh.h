// e-BH: which of many null hypotheses to call false, so that at most a share alpha of what is called is expected to be
// called wrongly (the false discovery rate), however the e-values depend on each other.
//
// Pure, any thread. Source: Wang & Ramdas (2022), "False discovery rate control with e-values"; docs/statistics.md.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace revertd {

// The indices, ascending, of the k largest e-values, k the largest number with the k-th largest e >= n / (k alpha).
// `log_e` are ln e, infinities allowed and NaN not; alpha > 0. Equal e-values are called together.
std::vector<size_t> CalledByEBh(std::span<const double> log_e, double alpha);

}  // namespace revertd
