#include "config/load_expectation.h"

#include <algorithm>
#include <utility>

#include "base/ascii.h"
#include "base/json_pointer.h"
#include "base/pattern.h"

namespace revertd {
namespace {

constexpr size_t kRulesMax = 32;  // of a kind: each is looked for in every answer

// "200", "2xx" or "200-204".
std::optional<std::pair<int, int>> StatusesNamed(std::string_view text) {
  const auto status = [](std::string_view digits) {
    const std::optional<uint64_t> value = digits.size() == 3 ? ParseUnsigned(digits) : std::nullopt;
    return value && *value >= 100 && *value <= 599 ? static_cast<int>(*value) : 0;
  };
  std::pair<int, int> range;
  if (text.size() == 3 && text.ends_with("xx")) {
    const int first = status(std::string(text.substr(0, 1)) + "00");
    range = {first, first + 99};
  } else {
    const size_t dash = std::min(text.find('-'), text.size());
    range.first = status(text.substr(0, dash));
    range.second = dash == text.size() ? range.first : status(text.substr(dash + 1));
  }
  if (range.first == 0 || range.second < range.first) return std::nullopt;
  return range;
}

}  // namespace

const YamlNode* FindMember(const YamlNode& map, std::string_view key) {
  const auto found = std::find_if(map.members.begin(), map.members.end(),
                                  [key](const YamlMember& member) { return member.key == key; });
  return found == map.members.end() ? nullptr : &found->node;
}

MapReader::Read ExpectationReader::Number(std::optional<double>* into) const {
  return [this, into](const YamlNode& node, const std::string& path) {
    REVERTD_RETURN_IF_ERROR(read_.Expect(node, path, YamlNode::Kind::kScalar));
    *into = ParseDouble(node.scalar);
    return *into ? OkStatus() : read_.WrongValue(node, path, "a number");
  };
}

// An empty text is something to expect.
MapReader::Read ExpectationReader::MaybeEmpty(std::string* into) const {
  return [this, into](const YamlNode& node, const std::string& path) {
    REVERTD_RETURN_IF_ERROR(read_.Expect(node, path, YamlNode::Kind::kScalar));
    into->clear();
    return node.scalar.empty() ? OkStatus() : read_.Text(into)(node, path);
  };
}

MapReader::Read ExpectationReader::Expression(std::string* into) const {
  return [this, into](const YamlNode& node, const std::string& path) {
    REVERTD_RETURN_IF_ERROR(read_.Text(into)(node, path));
    const auto compiled = Pattern::Compile(*into);
    return compiled.ok() ? OkStatus() : read_.Error(node, path, ShownText(MessageOf(compiled.status())));
  };
}

std::vector<MapReader::Key> ExpectationReader::TextKeys(TextRule* rule) const {
  const auto equals = [this, rule](const YamlNode& node, const std::string& path) {
    return MaybeEmpty(&rule->equals.emplace())(node, path);
  };
  const auto matches = [this, rule](const YamlNode& node, const std::string& path) {
    return Expression(&rule->matches.emplace())(node, path);
  };
  return {{"equals", equals}, {"matches", matches}};
}

Status ExpectationReader::Expectation(const YamlNode& node, const std::string& path, HealthExpectation* expect) const {
  constexpr int64_t kDaysMax = 3650;
  const auto days = [this, expect](const YamlNode& from, const std::string& at) {
    return read_.Count(&expect->certificate_days.emplace(), 1, kDaysMax)(from, at);
  };
  return read_.Keys(
      node, path,
      {{"status", [&](const YamlNode& from, const std::string& at) { return Statuses(from, at, expect); }},
       {"headers", [&](const YamlNode& from, const std::string& at) { return Headers(from, at, expect); }},
       {"body_contains", read_.Text(&expect->body_contains)},
       {"body_matches", Expression(&expect->body_matches)},
       {"json", [&](const YamlNode& from, const std::string& at) { return Json(from, at, expect); }},
       {"latency_max", read_.Duration(&expect->latency_max, kMillisecondNs, kMinuteNs, "from 1ms to 1m")},
       {"certificate_days", days}});
}

Status ExpectationReader::Statuses(const YamlNode& node, const std::string& path, HealthExpectation* expect) const {
  expect->statuses.clear();
  const auto add = [&](const YamlNode& item, const std::string& at, const std::string& text) {
    const auto range = StatusesNamed(text);
    if (!range) return read_.WrongValue(item, at, "a status like 200, 2xx or 200-204, from 100 to 599,");
    expect->statuses.push_back(*range);
    return OkStatus();
  };
  if (node.kind == YamlNode::Kind::kSequence) {
    if (node.items.empty() || node.items.size() > kRulesMax) {
      return read_.Error(node, path, "1 to " + std::to_string(kRulesMax) + " statuses expected");
    }
    return read_.Texts(node, path, add);
  }
  std::string text;
  REVERTD_RETURN_IF_ERROR(read_.Text(&text)(node, path));
  return add(node, path, text);
}

Status ExpectationReader::Headers(const YamlNode& node, const std::string& path, HealthExpectation* expect) const {
  if (node.members.size() > kRulesMax) {
    return read_.Error(node, path, "at most " + std::to_string(kRulesMax) + " headers expected");
  }
  return read_.Names(node, path, [&](const std::string& name, const YamlNode& from, const std::string& at) {
    if (!IsHttpToken(name)) return read_.Error(from, at, "the name of a header expected");
    HeaderRule rule = {.name = ToLower(name), .value = {}};
    const bool twice = std::any_of(expect->headers.begin(), expect->headers.end(),
                                   [&rule](const HeaderRule& other) { return other.name == rule.name; });
    if (twice) return read_.Error(from, at, "the same header twice");
    REVERTD_RETURN_IF_ERROR(read_.Keys(from, at, TextKeys(&rule.value)));
    if (rule.value.equals && rule.value.matches) return read_.Error(from, at, "one of equals and matches expected");
    expect->headers.push_back(std::move(rule));
    return OkStatus();
  });
}

Status ExpectationReader::Json(const YamlNode& node, const std::string& path, HealthExpectation* expect) const {
  REVERTD_RETURN_IF_ERROR(read_.Expect(node, path, YamlNode::Kind::kSequence));
  if (node.items.size() > kRulesMax) {
    return read_.Error(node, path, "at most " + std::to_string(kRulesMax) + " values expected");
  }
  for (size_t i = 0; i < node.items.size(); ++i) {
    JsonRule& rule = expect->json.emplace_back();
    REVERTD_RETURN_IF_ERROR(JsonItem(node.items[i], path + "[" + std::to_string(i) + "]", &rule));
  }
  return OkStatus();
}

Status ExpectationReader::JsonItem(const YamlNode& node, const std::string& path, JsonRule* rule) const {
  const auto pointer = [this, rule](const YamlNode& from, const std::string& at) {
    REVERTD_RETURN_IF_ERROR(MaybeEmpty(&rule->pointer)(from, at));
    const auto parsed = ParseJsonPointer(rule->pointer);
    return parsed.ok() ? OkStatus() : read_.Error(from, at, MessageOf(parsed.status()));
  };
  std::vector<MapReader::Key> keys = {{"pointer", pointer}};
  for (MapReader::Key& key : TextKeys(&rule->value)) keys.push_back(std::move(key));
  keys.push_back({"min", Number(&rule->min)});
  keys.push_back({"max", Number(&rule->max)});
  REVERTD_RETURN_IF_ERROR(read_.Keys(node, path, keys));
  if (FindMember(node, "pointer") == nullptr) return read_.Error(node, path, "pointer expected");
  const int ways = (rule->value.equals ? 1 : 0) + (rule->value.matches ? 1 : 0) + (rule->min || rule->max ? 1 : 0);
  if (ways > 1) return read_.Error(node, path, "one of equals, matches, and min or max expected");
  return rule->min && rule->max && *rule->min > *rule->max ? read_.Error(node, path, "min is above max") : OkStatus();
}

}  // namespace revertd
