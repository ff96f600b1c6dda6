#include "ingest/format/columns.h"

#include <array>

#include "ingest/format/column_row.h"
#include "ingest/format/uwsgi.h"
#include "ingest/format/w3c.h"

namespace revertd {
namespace {

using enum Column;

constexpr std::array kEnvoyText = {kStartIso,
                                   kRequestParts,
                                   kStatus,
                                   kFlags,
                                   kWord /* bytes received */,
                                   kBytes,
                                   kDurationMillis,
                                   kUpstreamMillis,
                                   kQuoted /* X-Forwarded-For */,
                                   kQuoted /* user agent */,
                                   kQuoted /* request id */,
                                   kHost,
                                   kUpstream};
// From Istio 1.9 on: why the response, why the connection ended, why the upstream's transport failed.
constexpr std::array kIstioText = {kStartIso,
                                   kRequestParts,
                                   kStatus,
                                   kFlags,
                                   kDetails,
                                   kIgnored /* termination */,
                                   kQuoted /* failure */,
                                   kWord /* bytes received */,
                                   kBytes,
                                   kDurationMillis,
                                   kUpstreamMillis,
                                   kQuoted /* X-Forwarded-For */,
                                   kQuoted /* user agent */,
                                   kQuoted /* request id */,
                                   kHost,
                                   kUpstream,
                                   kCluster};
// Before: the mixer's status, why the upstream's transport failed (from 1.3 on).
constexpr std::array kIstioTextOld = {kStartIso,
                                      kRequestParts,
                                      kStatus,
                                      kFlags,
                                      kQuoted /* mixer */,
                                      kQuoted /* failure */,
                                      kWord /* bytes received */,
                                      kBytes,
                                      kDurationMillis,
                                      kUpstreamMillis,
                                      kQuoted /* X-Forwarded-For */,
                                      kQuoted /* user agent */,
                                      kQuoted /* request id */,
                                      kHost,
                                      kUpstream,
                                      kCluster};
constexpr std::array kIstioTextOldest = {kStartIso,
                                         kRequestParts,
                                         kStatus,
                                         kFlags,
                                         kQuoted /* mixer */,
                                         kWord /* bytes received */,
                                         kBytes,
                                         kDurationMillis,
                                         kUpstreamMillis,
                                         kQuoted /* X-Forwarded-For */,
                                         kQuoted /* user agent */,
                                         kQuoted /* request id */,
                                         kHost,
                                         kUpstream,
                                         kCluster};
// The time is the response's; from 2018 on a line also has the time of the request.
constexpr std::array kAwsAlb = {kWord /* type */,
                                kEndIso,
                                kAppBalancer,
                                kWord /* client */,
                                kUpstream,
                                kPartSeconds,
                                kUpstreamSeconds,
                                kPartSeconds,
                                kStatus,
                                kWord /* target's status */,
                                kWord /* bytes received */,
                                kBytes,
                                kRequestParts,
                                kQuoted /* user agent */,
                                kWord /* cipher */,
                                kWord /* protocol */,
                                kTargetGroup,
                                kQuoted /* trace */,
                                kIgnored /* domain */,
                                kIgnored /* certificate */,
                                kIgnored /* priority */,
                                kStartIsoOrNone};
// The time is the request's.
constexpr std::array kAwsElbClassic = {kStartIso,
                                       kBackend,
                                       kWord /* client */,
                                       kUpstream,
                                       kPartSeconds,
                                       kUpstreamSeconds,
                                       kPartSeconds,
                                       kStatus,
                                       kWord /* backend's status */,
                                       kWord /* bytes received */,
                                       kBytes,
                                       kRequestParts};
constexpr std::array kAwsNlb = {kTls,
                                kWord /* version */,
                                kEndIsoUtc,
                                kNetBalancer,
                                kWord /* listener */,
                                kWord /* client */,
                                kUpstream,
                                kDurationMillis,
                                kWord /* handshake */,
                                kWord /* bytes received */,
                                kBytes,
                                kIgnored /* alert */,
                                kIgnored /* certificate */,
                                kIgnored /* serial */,
                                kIgnored /* cipher */,
                                kIgnored /* protocol */,
                                kIgnored /* group */,
                                kHost};
// The time is when the request came; the total time starts there.
constexpr std::array kAwsS3 = {kWord /* owner */,
                               kBackend /* bucket */,
                               kStartClf,
                               kWord /* client */,
                               kWord /* requester */,
                               kWord /* request id */,
                               kS3Operation,
                               kWord /* key */,
                               kRequestParts,
                               kStatus,
                               kWord /* error */,
                               kBytes,
                               kWord /* object's size */,
                               kDurationMillis,
                               kUpstreamMillis /* turn-around */,
                               kIgnored /* referer */,
                               kIgnored /* user agent */,
                               kIgnored /* version id */,
                               kIgnored /* host id */,
                               kIgnored /* signature */,
                               kIgnored /* cipher */,
                               kIgnored /* authentication */,
                               kHost};
constexpr std::array kSquid = {kEndEpoch, kDurationMillis, kWord /* client */, kSquidResult, kBytes,
                               kMethod,   kTarget,         kWord /* user */,   kSquidPeer};

struct Layout {
  std::span<const Column> columns;
  size_t required;
};

class Reader final : public LineReader {
 public:
  explicit Reader(const std::vector<Layout>& layouts) : layouts_(layouts) {}

  ParseError Parse(std::string_view line, AccessRecord& record) override {
    if (line.starts_with('#')) return ParseError::kNoFormat;  // "#Fields: ..." and its like are W3C's
    std::array<Cell, kCellsMax> cells;
    for (const Layout& layout : layouts_) {
      const size_t count = CutFitting(line, layout.columns, cells);
      if (count >= layout.required) return ReadRow(std::span(cells).first(count), layout.columns, {}, record);
    }
    return ParseError::kNoFormat;
  }

 private:
  static constexpr size_t kCellsMax = 24;  // the widest layout here
  static_assert(kCellsMax >= kAwsS3.size() && kCellsMax >= kAwsAlb.size());

  const std::vector<Layout>& layouts_;
};

class ColumnFormat final : public Format {
 public:
  // No line fits two of the layouts.
  ColumnFormat(std::string_view name, std::vector<Layout> layouts) : name_(name), layouts_(std::move(layouts)) {}
  std::string_view name() const override { return name_; }
  std::unique_ptr<LineReader> NewReader(const ReaderOptions& /*options*/) const override {
    return std::make_unique<Reader>(layouts_);
  }

 private:
  const std::string_view name_;
  const std::vector<Layout> layouts_;
};

}  // namespace

std::span<const Format* const> ColumnFormats() {
  static const ColumnFormat envoy("envoy_text", {{kEnvoyText, kEnvoyText.size()}});
  static const ColumnFormat istio("istio_text", {{kIstioText, kIstioText.size()}});
  static const ColumnFormat istio_old(
      "istio_text_old", {{kIstioTextOld, kIstioTextOld.size()}, {kIstioTextOldest, kIstioTextOldest.size()}});
  static const ColumnFormat alb("aws_alb", {{kAwsAlb, 17}});  // through the target group, as the first lines were
  static const ColumnFormat elb("aws_elb_classic", {{kAwsElbClassic, kAwsElbClassic.size()}});
  static const ColumnFormat nlb("aws_nlb", {{kAwsNlb, 12}});  // through the alert
  static const ColumnFormat s3("aws_s3", {{kAwsS3, 16}});     // through the referer
  static const ColumnFormat squid("squid", {{kSquid, kSquid.size()}});
  static const Uwsgi uwsgi;
  static const std::vector<const Format*> formats = [] {
    std::vector<const Format*> all = {&envoy, &istio, &istio_old, &alb, &elb, &nlb, &s3, &squid, &uwsgi};
    const auto w3c = W3cFormats();
    all.insert(all.end(), w3c.begin(), w3c.end());
    return all;
  }();
  return formats;
}

}  // namespace revertd
