#include "ingest/format/ltsv_formats.h"

#include <algorithm>
#include <cstring>

#include "base/ascii.h"
#include "ingest/format/common_keys.h"
#include "ingest/format/keyed_format.h"

namespace revertd {
namespace {

using F = KeyedField;
using U = TimeUnit;

// A label holds letters, digits and _.- only (ltsv.org); a request line or a header in some other log does not.
bool IsLabel(std::string_view text) {
  const auto fits = [](char c) { return IsDigit(c) || IsLetter(c) || c == '_' || c == '.' || c == '-'; };
  return !text.empty() && std::all_of(text.begin(), text.end(), fits);
}

class LtsvScanner final : public KeyedScanner {
 public:
  Result Scan(const KeyedFamily& family, std::string_view line, KeyedLine& values) override {
    if (line.find('\t') == std::string_view::npos) return Result::kNotMine;
    for (size_t begin = 0; begin < line.size();) {
      const size_t end = std::min(line.find('\t', begin), line.size());
      const std::string_view field = line.substr(begin, end - begin);
      begin = end + 1;
      if (field.empty()) continue;
      const size_t colon = field.find(':');
      const std::string_view label = field.substr(0, colon);
      if (colon == std::string_view::npos || !IsLabel(label)) return Result::kNotMine;
      const KeyedNode node = family.Child(KeyedFamily::kRoot, label);
      if (node == KeyedFamily::kNone || !family.IsValue(node)) continue;
      values.Set(node, field.substr(colon + 1));
      // nginx and Apache write \xHH and \" into whatever they log.
      if (std::memchr(field.data(), '\\', field.size()) != nullptr) values.escapes = Escapes::kNginx;
    }
    return Result::kWhole;
  }
};

std::unique_ptr<KeyedScanner> NewScanner() { return std::make_unique<LtsvScanner>(); }

// ltsv.org's recommended labels first: there `host` is the client, and `vhost` the host.
std::vector<KeyedRow> Rows() {
  std::vector<KeyedRow> rows = {{"msec", F::kEnd, U::kSeconds},
                                {"time_iso8601", F::kEnd},
                                {"time_local", F::kEnd},
                                {"vhost", F::kHost},
                                {"http_host", F::kHost},
                                {"server_name", F::kHost},
                                {"domain", F::kHost},
                                {"request_uri", F::kTarget},
                                {"body_bytes_sent", F::kBytes},
                                {"reqtime", F::kDuration, U::kSeconds},
                                {"reqtime_microsec", F::kDuration, U::kMicros},
                                {"request_time", F::kDuration, U::kSeconds},
                                {"apptime", F::kUpstreamTime, U::kSeconds},
                                {"runtime", F::kUpstreamTime, U::kSeconds},
                                {"upstream_response_time", F::kUpstreamTime, U::kSeconds},
                                {"upstream_addr", F::kUpstream},
                                {"backend", F::kUpstream}};
  const std::vector<KeyedRow> common = CommonRows();
  rows.insert(rows.end(), common.begin(), common.end());
  return rows;
}

std::vector<KeyedDialect> Dialects() {
  return {{.name = "nginx_ltsv",
           .markers = {{"forwardedfor", "reqtime"}, {"reqtime", "apptime"}},
           .rows = Rows(),
           .telltale = "\t"},
          {.name = "ltsv", .rows = Rows(), .takes_the_rest = true, .telltale = "\t"}};
}

}  // namespace

std::span<const Format* const> LtsvFormats() {
  static const KeyedFormats formats(Dialects(), NewScanner, nullptr);
  return formats.all();
}

StatusOr<std::unique_ptr<const Format>> CustomLtsvFormat(std::string_view field_map) {
  return MakeCustomKeyedFormat("ltsv", field_map, NewScanner, nullptr);
}

}  // namespace revertd
