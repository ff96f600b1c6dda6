#include "daemon/deploy_spec.h"

#include <simdjson.h>

#include <fstream>
#include <iterator>
#include <optional>

#include "base/strings.h"
#include "base/time_format.h"

namespace revertd {
namespace {

constexpr std::string_view kKeys[] = {"service", "at", "until", "commit", "base", "repo", "id"};

Status SetTime(std::string_view key, std::string_view value, TimeNs* time) {
  const auto parsed = ParseTime(value);
  if (!parsed) {
    return InvalidArgument(std::string(key) + "=" + std::string(value) +
                           ": not a time (RFC 3339 or Unix seconds expected)");
  }
  *time = *parsed;
  return OkStatus();
}

// The one place that knows which keys there are, for both spellings.
Status SetKey(std::string_view key, std::string_view value, Deploy* deploy) {
  if (key == "at") return SetTime(key, value, &deploy->start_ns);
  if (key == "until") return SetTime(key, value, &deploy->finish_ns);
  std::string* text = key == "service"  ? &deploy->service
                      : key == "commit" ? &deploy->head
                      : key == "base"   ? &deploy->base
                      : key == "repo"   ? &deploy->repo
                      : key == "id"     ? &deploy->id
                                        : nullptr;
  if (text == nullptr) {
    std::string message = "unknown key \"" + std::string(key) + "\" in a deploy";
    const std::vector<std::string_view> keys(std::begin(kKeys), std::end(kKeys));
    if (const auto nearest = Nearest(key, keys)) message += "; did you mean \"" + std::string(*nearest) + "\"?";
    return InvalidArgument(message);
  }
  *text = value;
  return OkStatus();
}

StatusOr<Deploy> Complete(Deploy deploy) {
  if (deploy.service.empty()) return InvalidArgument("a deploy needs service=NAME");
  if (deploy.start_ns == 0) return InvalidArgument("a deploy needs at=TIME");
  if (deploy.finish_ns == 0) deploy.finish_ns = deploy.start_ns;
  if (deploy.finish_ns < deploy.start_ns) return InvalidArgument("a deploy's until lies before its at");
  if (deploy.id.empty()) deploy.id = MakeDeployId(deploy.service, deploy.start_ns);
  return deploy;
}

// The value of a key as text: a string, or a number as it is written (Unix seconds).
std::optional<std::string_view> ValueText(simdjson::ondemand::value value) {
  simdjson::ondemand::json_type type;
  if (value.type().get(type) != simdjson::SUCCESS) return std::nullopt;
  std::string_view text;
  if (type == simdjson::ondemand::json_type::string) {
    if (value.get_string().get(text) != simdjson::SUCCESS) return std::nullopt;
    return text;
  }
  return type == simdjson::ondemand::json_type::number ? std::optional(Trim(value.raw_json_token())) : std::nullopt;
}

StatusOr<Deploy> ParseDeployJson(simdjson::ondemand::parser& parser, std::string_view line) {
  const simdjson::padded_string padded(line);
  simdjson::ondemand::document document;
  simdjson::ondemand::object object;
  if (parser.iterate(padded).get(document) != simdjson::SUCCESS || document.get_object().get(object)) {
    return InvalidArgument("not a JSON object");
  }
  Deploy deploy;
  for (auto member : object) {
    std::string_view key;
    simdjson::ondemand::value value;
    if (member.unescaped_key().get(key) || member.value().get(value)) return InvalidArgument("not valid JSON");
    // The key's text lives in the parser's string buffer, which the value's text shares: copy before reading on.
    const std::string owned_key(key);
    const auto text = ValueText(value);
    if (!text) return InvalidArgument("key \"" + owned_key + "\": a string or a number expected");
    REVERTD_RETURN_IF_ERROR(SetKey(owned_key, *text, &deploy));
  }
  const char* rest = nullptr;
  if (document.current_location().get(rest) == simdjson::SUCCESS)
    return InvalidArgument("something stands after the JSON object");
  return Complete(std::move(deploy));
}

}  // namespace

StatusOr<Deploy> ParseDeploySpec(std::string_view spec) {
  Deploy deploy;
  for (std::string_view part : Split(spec, ',')) {
    const size_t equals = part.find('=');
    if (equals == std::string_view::npos) {
      return InvalidArgument("\"" + std::string(part) + "\" in a deploy is not KEY=VALUE");
    }
    REVERTD_RETURN_IF_ERROR(SetKey(part.substr(0, equals), part.substr(equals + 1), &deploy));
  }
  return Complete(std::move(deploy));
}

StatusOr<std::vector<Deploy>> ReadDeploysFile(const std::string& path) {
  std::ifstream file(path);
  if (!file) return InvalidArgument("cannot read the deploys file " + path);
  simdjson::ondemand::parser parser;
  std::vector<Deploy> deploys;
  std::string line;
  for (int64_t number = 1; std::getline(file, line); ++number) {
    if (Trim(line).empty()) continue;
    auto deploy = ParseDeployJson(parser, line);
    if (!deploy.ok()) return Annotate(deploy.status(), path + ":" + std::to_string(number));
    deploys.push_back(*std::move(deploy));
  }
  return deploys;
}

}  // namespace revertd
