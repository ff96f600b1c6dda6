// Real lines and what peers say of them: every stated status, method, path, host, size, duration and time must come out
// the same, in the format that is named and in the one that is detected. A disagreement is a failure unless it stands
// in kPeerIsWrong with its reason.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <map>
#include <set>

#include "base/time_format.h"
#include "ingest/format/text_fields.h"
#include "ingest/format_detector.h"
#include "tests/ingest/peer_rows.h"

namespace revertd {
namespace {

// The set's names for one of our formats in a wrapper (a syslog head, CRI) that is no format of its own.
struct Wrapped {
  std::string_view name;
  std::string_view format;
};
constexpr std::array kWrapped = {
    Wrapped{"syslog_rfc3164_nginx", "nginx_combined"}, Wrapped{"syslog_rfc5424_nginx", "nginx_combined"},
    Wrapped{"envoy_json_cri", "envoy_json"},
    Wrapped{"envoy_json", "envoy_text"},  // what CrowdSec calls its JSON tests are text lines behind CRI heads
};

struct Disagreement {
  std::string_view id;     // of the row
  std::string_view field;  // that the peer states otherwise
  std::string_view reason;
};
constexpr std::array kPeerIsWrong = {
    Disagreement{"azure_appgw-e42b31c49e", "error",
                 "a firewall's record: it has no status, and the request stands in the access log as well"},
    Disagreement{"azure_frontdoor_waf-5d49436f92", "error", "the same of Front Door's firewall"},
};

const Format* FormatOf(std::string_view name) {
  for (const Wrapped& wrapped : kWrapped) {
    if (wrapped.name == name) return WrappersComeOff() ? FormatNamed(wrapped.format) : nullptr;
  }
  return FormatNamed(name);
}

struct Score {
  int lines = 0;
  int fields = 0;
  int missed = 0;
  int accepted = 0;
  int detected_otherwise = 0;  // lines that detection took for another format; their fields count all the same

  void Add(const Score& other) {
    lines += other.lines;
    fields += other.fields;
    missed += other.missed;
    accepted += other.accepted;
    detected_otherwise += other.detected_otherwise;
  }
};

class Conformance : public testing::Test {
 protected:
  void Expect(const PeerRow& row, std::string_view field, const std::string& wanted, const std::string& got) {
    Score& score = scores_[row.format];
    ++score.fields;
    if (wanted == got) return;
    for (const Disagreement& known : kPeerIsWrong) {
      if (known.id != row.id || known.field != field) continue;
      ++score.accepted;
      met_.insert(known.id);
      return;
    }
    ++score.missed;
    constexpr int kShownMax = 6;  // of a format: the rest looks the same
    if (score.missed > kShownMax) return;
    ADD_FAILURE() << how_ << " " << row.id << " " << field << ": wanted " << wanted << ", got " << got << " in\n"
                  << row.line;
  }

  void Expect(const PeerRow& row, std::string_view field, int64_t wanted, int64_t got) {
    Expect(row, field, std::to_string(wanted), std::to_string(got));
  }

  void CompareTime(const PeerRow& row, const AccessRecord& record) {
    const auto wanted = ParseTime(*row.time);
    ASSERT_TRUE(wanted.has_value()) << *row.time;
    // Peers take a line's only stamp as it is, be it the start or the end. Where the peer or the line has no fraction,
    // the second is all that can agree; some peers round to the millisecond.
    const auto agrees = [&](TimeNs time) {
      const bool whole = *wanted % kSecondNs == 0 || time % kSecondNs == 0;
      const DurationNs unit = whole ? kSecondNs : kMillisecondNs;
      return *wanted / unit == time / unit;
    };
    const bool right = agrees(record.end_ns) || agrees(record.start_ns);
    Expect(row, "ts", FormatRfc3339(*wanted), FormatRfc3339(right ? *wanted : record.end_ns));
  }

  void ComparePath(const PeerRow& row, const AccessRecord& record) {
    const std::string got =
        record.escapes == Escapes::kNginx ? DecodeNginxEscapes(record.path) : std::string(record.path);
    // Some peers decode percent signs in the path; the target stands as it was sent.
    // An empty path: the server could not read it, and wrote a target that has none. And CrowdSec gives all of a
    // request as its target where it saw no method: there is no path in such a request.
    const bool has_none = (row.path && row.path->empty()) || (!row.method && record.method.empty());
    if (row.target) {
      Expect(row, "path", has_none ? "" : std::string(SplitTarget(*row.target).path), got);
    } else if (row.path) {
      Expect(row, "path", *row.path, got);
    }
  }

  void CompareFields(const PeerRow& row, const AccessRecord& record) {
    if (row.status) Expect(row, "status", *row.status, record.status);
    // Peers say 0 where "-" is logged.
    if (row.bytes) Expect(row, "bytes", *row.bytes, record.bytes == kNotLogged ? 0 : record.bytes);
    if (row.duration_ns) Expect(row, "duration_ns", *row.duration_ns, record.duration_ns);
    if (row.time) CompareTime(row, record);
    if (row.method) Expect(row, "method", *row.method, std::string(record.method));
    ComparePath(row, record);
    if (row.host) Expect(row, "host", std::string(HostWithoutPort(*row.host)), std::string(record.host));
  }

  // What the detector, fixed or not, makes of the row's line.
  void Read(const PeerRow& row, FormatDetector& detector) {
    AccessRecord record;
    if (!row.w3c_fields.empty()) detector.Parse(row.w3c_fields, record);
    ParseError error = detector.Parse(row.line, record);
    if (row.peer_rejects) {
      // The peer is as strict as we are, or stricter: a line that it refuses has no fields to compare.
      Expect(row, "rejected", 1, error != ParseError::kNone ? 1 : 0);
      return;
    }
    Expect(row, "error", "none", std::string(NameOf(error)));
    if (error == ParseError::kNone) CompareFields(row, record);
  }

  void Report() {
    Score pooled;
    for (const auto& [name, score] : scores_) {
      std::printf("%s %s: %d lines, %d fields, %d missed, %d accepted, %d detected as another\n", how_, name.c_str(),
                  score.lines, score.fields, score.missed, score.accepted, score.detected_otherwise);
      pooled.Add(score);
    }
    const double right = pooled.fields == 0 ? 0 : 1 - static_cast<double>(pooled.missed) / pooled.fields;
    std::printf("%s, pooled: %d lines, %d fields, %.3f %% right\n", how_, pooled.lines, pooled.fields, 100 * right);
    for (const auto& [name, lines] : unknown_) std::printf("no such format yet: %s, %d lines\n", name.c_str(), lines);
    EXPECT_GT(pooled.fields, 1000) << "the data set lost its lines";
    EXPECT_GE(right, 0.995);
    for (const Disagreement& known : kPeerIsWrong) {
      EXPECT_TRUE(known.id.empty() || met_.contains(known.id)) << "no longer needed: " << known.id;
    }
  }

  const char* how_ = "";
  std::map<std::string, Score> scores_;
  std::map<std::string, int> unknown_;
  std::set<std::string_view> met_;
};

#define SKIP_WITHOUT_ROWS(found) \
  if (!(found)) GTEST_SKIP() << "NOT TESTED: no " << SharedDataPath("access/conformance.jsonl")

TEST_F(Conformance, OfTheNamedFormat) {
  how_ = "named";
  const bool found = ForEachPeerRow([&](const PeerRow& row) {
    const Format* format = FormatOf(row.format);
    if (format == nullptr) {
      ++unknown_[row.format];
      return;
    }
    ++scores_[row.format].lines;
    FormatDetector detector(format);
    Read(row, detector);
  });
  SKIP_WITHOUT_ROWS(found);
  Report();
}

TEST_F(Conformance, OfTheDetectedFormat) {
  how_ = "detected";
  // One that lives on over all formats, as it must in a mixed stream: what a line becomes is its own affair.
  FormatDetector detector(nullptr);
  const bool found = ForEachPeerRow([&](const PeerRow& row) {
    const Format* format = FormatOf(row.format);
    if (format == nullptr) {
      ++unknown_[row.format];
      return;
    }
    Score& score = scores_[row.format];
    ++score.lines;
    Read(row, detector);
    if (!row.peer_rejects && (detector.chosen() == nullptr || detector.chosen()->name() != format->detected_as()))
      ++score.detected_otherwise;
  });
  SKIP_WITHOUT_ROWS(found);
  Report();
}

}  // namespace
}  // namespace revertd
