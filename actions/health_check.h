// HealthJudge: what the answer to a health check means. Pure: whoever asks hands over the answer and the time.
//
// Thread contract: const and thread-safe once made. A body is untrusted: depth, sizes and time are bounded (the JSON of
// a body takes about 14 times its length while it is looked into), and of what it says at most kShownBytesMax bytes
// are ever repeated, without the token that was sent.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actions/http_client.h"
#include "base/clock.h"
#include "base/health.h"
#include "base/pattern.h"
#include "base/status.h"
#include "config/config.h"

namespace revertd {

inline constexpr size_t kShownBytesMax = 200;

// What came of a check: the part of a HealthResult that is judged. kOk's reason is "ok", and no other's is.
struct HealthFinding {
  HealthLevel level = HealthLevel::kUnknown;
  std::string reason;
  std::string detail;
};

// The reasons: docs/health.md. The first expectation that fails is named, in the order of the answer itself: status,
// headers, body, JSON, and then how long it took and how long the certificate lasts.
class HealthJudge {
 public:
  // InvalidArgument: an expression or a pointer is none (config/load_health.cc lets none through).
  static StatusOr<HealthJudge> Make(HealthCheckConfig check);

  // token: what was sent and must not be shown; empty: none.
  HealthFinding Judge(const HttpResponse& response, std::string_view token, TimeNs now) const;
  // error: the client's words.
  HealthFinding JudgeNoAnswer(const NoAnswer& no_answer, std::string_view error, TimeNs now) const;

  const HealthCheckConfig& check() const { return check_; }

 private:
  // A TextRule's `matches`, compiled; nullopt: it has none.
  using Compiled = std::optional<Pattern>;
  struct JsonCheck {
    std::vector<std::string> pointer;
    Compiled matches;
  };
  using Finding = std::optional<HealthFinding>;  // nullopt: as expected

  explicit HealthJudge(HealthCheckConfig check) : check_(std::move(check)) {}
  HealthFinding Failed(std::string reason, std::string detail) const;
  bool LooksIntoBody() const;
  HealthFinding OfPrometheus(const HttpResponse& response, std::string_view token) const;
  Finding CheckStatus(const HttpResponse& response, std::string_view token) const;
  Finding CheckHeaders(const HttpResponse& response, std::string_view token) const;
  Finding CheckBody(const HttpResponse& response, std::string_view token) const;
  Finding CheckJson(const HttpResponse& response, std::string_view token) const;
  Finding CheckTimes(const HttpResponse& response, TimeNs now) const;

  HealthCheckConfig check_;
  std::vector<Compiled> header_matches_;  // as check_.expect.headers
  Compiled body_matches_;
  std::vector<JsonCheck> json_;  // as check_.expect.json
};

}  // namespace revertd
