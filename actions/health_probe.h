// HealthProbe: asks one health check of one service, and says what came of it. What the answer means is judged in
// health_check.h; here is the rim: the request, the token, the wire.
//
// Thread contract: one object, one thread at a time. An Ask takes at most about the check's timeout.
#pragma once

#include <memory>
#include <string>

#include "actions/health_check.h"
#include "actions/http_client.h"
#include "base/health.h"
#include "base/status.h"
#include "config/config.h"

namespace revertd {

class HealthProbe {
 public:
  // http: null: the real one, with the check's own limits. InvalidArgument: an expression of the check's is none.
  static StatusOr<std::unique_ptr<HealthProbe>> Make(std::string service, HealthCheckConfig config,
                                                     std::unique_ptr<HttpClient> http);

  // Never fails: what cannot be asked is kUnknown, and its reason says why.
  HealthResult Ask(TimeNs now);

  const std::string& service() const { return service_; }
  const HealthCheckConfig& config() const { return judge_.check(); }

 private:
  HealthProbe(std::string service, HealthJudge judge, std::unique_ptr<HttpClient> http)
      : service_(std::move(service)), judge_(std::move(judge)), http_(std::move(http)) {}

  const std::string service_;
  const HealthJudge judge_;
  const std::unique_ptr<HttpClient> http_;
};

}  // namespace revertd
