// option httplog and option httpslog; see haproxy.h.
//   CLIENT [TIME] FRONTEND BACKEND/SERVER TR/Tw/Tc/Tr/Ta STATUS BYTES COOKIE COOKIE STATE A/F/B/S/R SQ/BQ
//   {REQUEST HEADERS} {RESPONSE HEADERS} "REQUEST"
// httpslog adds ERR/ERR/ERR/ERR/RESUMED SNI/VERSION/CIPHER. Lines are cut at 1024 bytes by default, so the request's
// end and its quote may be missing. Words of the operator's own between server and timers are borne; one that looks
// like a host name is taken for it.
#pragma once

#include "ingest/format/format.h"

namespace revertd {

// A reader that is alone (ReaderOptions) takes both kinds: frontends of both often share a log.
class HaproxyHttp final : public Format {
 public:
  enum class Kind : uint8_t { kHttp, kHttps };
  // `name` outlives the format.
  HaproxyHttp(std::string_view name, Kind kind) : name_(name), kind_(kind) {}
  std::string_view name() const override { return name_; }
  std::string_view detected_as() const override { return kind_ == Kind::kHttps ? "haproxy_https" : "haproxy_http"; }
  std::unique_ptr<LineReader> NewReader(const ReaderOptions& options) const override;
  std::unique_ptr<FastPlan> NewFastPlan(const ReaderOptions& options, const FieldNeeds& needs,
                                        SimdKernel kernel) const override;

 private:
  std::string_view name_;
  Kind kind_;
};

}  // namespace revertd
