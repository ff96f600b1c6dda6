#include "analysis/gamma_quantile.h"

#include <boost/math/distributions/gamma.hpp>

#include "base/check.h"

namespace revertd {
namespace {

namespace policies = boost::math::policies;
using NeverThrows = policies::policy<
    policies::domain_error<policies::ignore_error>, policies::pole_error<policies::ignore_error>,
    policies::overflow_error<policies::ignore_error>, policies::underflow_error<policies::ignore_error>,
    policies::denorm_error<policies::ignore_error>, policies::rounding_error<policies::ignore_error>,
    policies::evaluation_error<policies::ignore_error>, policies::indeterminate_result_error<policies::ignore_error>>;

}  // namespace

double GammaUpperQuantile(double shape, double upper_tail) {
  REVERTD_CHECK(shape > 0 && upper_tail > 0 && upper_tail < 1);
  const boost::math::gamma_distribution<double, NeverThrows> gamma(shape, 1.0);
  return boost::math::quantile(boost::math::complement(gamma, upper_tail));
}

}  // namespace revertd
