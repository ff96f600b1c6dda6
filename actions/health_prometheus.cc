#include "actions/health_prometheus.h"

#include <cmath>
#include <limits>

#include "actions/health_json.h"
#include "base/strings.h"

namespace revertd {
namespace {

PrometheusReading Problem(std::string_view name, std::string detail) {
  return {.number = std::nullopt, .problem = "prometheus_" + std::string(name), .detail = std::move(detail)};
}

std::string TextAt(const HealthJson& json, const std::vector<std::string>& pointer) {
  const std::optional<JsonValue> value = json.Find(pointer);
  return value ? value->Text().value_or("") : "";
}

// As Prometheus writes numbers: a text, with words for what is not finite.
PrometheusReading ReadNumber(const std::string& text) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (text == "NaN") return Problem("nan", "the query's number is NaN");
  PrometheusReading reading;
  reading.number = text == "+Inf" ? kInfinity : text == "-Inf" ? -kInfinity : ParseDouble(text);
  return reading.number ? reading : Problem("not_a_number", text);
}

}  // namespace

PrometheusReading ReadPrometheus(const HttpResponse& response) {
  const auto wrong_status = [&] {
    return Problem("status_" + std::to_string(response.status), "status " + std::to_string(response.status) + " came");
  };
  const HealthJson json(response.body);
  if (json.status().ok() && TextAt(json, {"status"}) == "error") {
    return Problem("error", TextAt(json, {"errorType"}) + ": " + TextAt(json, {"error"}));
  }
  if (response.status != 200) return wrong_status();
  if (response.body_cut) return Problem("answer_too_long", "more samples than one, or none of Prometheus's");
  if (!json.status().ok()) return Problem("not_json", std::string(MessageOf(json.status())));
  if (TextAt(json, {"status"}) != "success") return Problem("not_understood", "neither success nor an error");
  const std::string type = TextAt(json, {"data", "resultType"});
  if (type == "scalar") return ReadNumber(TextAt(json, {"data", "result", "1"}));
  if (type != "vector") return Problem("not_a_number", "the query's result is a " + type);
  const std::optional<JsonValue> samples = json.Find({"data", "result"});
  const std::optional<size_t> count = samples ? samples->ItemCount() : std::nullopt;
  if (!count) return Problem("not_understood", "a vector without a list");
  if (*count == 0) return Problem("no_sample", "the query has no result");
  if (*count > 1) return Problem("several_samples", std::to_string(*count) + " samples, one expected");
  return ReadNumber(TextAt(json, {"data", "result", "0", "value", "1"}));
}

}  // namespace revertd
