#include "actions/channel.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/digest.h"
#include "base/json_writer.h"
#include "base/strings.h"
#include "base/time_format.h"

namespace revertd {
namespace {

using Kind = ChannelConfig::Kind;
using Severity = Notice::Severity;

// Of https://docs.slack.dev/reference/block-kit/blocks and changelog "msg_blocks_too_long" (about 13 kB of all blocks).
constexpr size_t kSlackFieldsMax = 10;  // in one section
constexpr size_t kSlackFieldBytesMax = 2000;
constexpr size_t kSlackSectionBytesMax = 3000;
constexpr size_t kSlackBytesMax = 12'000;
// Of https://discord.com/developers/docs/resources/message#embed-object-embed-limits.
constexpr size_t kDiscordContentBytesMax = 2000;
constexpr size_t kDiscordNameBytesMax = 256;  // of the embed and of a field
constexpr size_t kDiscordValueBytesMax = 1024;
constexpr size_t kDiscordFieldsMax = 25;
constexpr size_t kDiscordFooterBytesMax = 2048;
constexpr size_t kDiscordBytesMax = 6000;  // of all texts of the embed
static_assert(kNoticeFactsMax <= kDiscordFieldsMax && kNoticeLineBytesMax <= kDiscordValueBytesMax);
// Of PagerDuty's Events API v2.
constexpr size_t kPagerDutySummaryBytesMax = 1024;
constexpr size_t kPagerDutyKeyBytesMax = 255;
static_assert(kNoticeLineBytesMax <= kPagerDutySummaryBytesMax);

constexpr size_t kOutcomeBytesMax = 300;   // of the text of one try
constexpr size_t kSecretPartBytesMin = 6;  // shorter ones are words like "v2"

std::string Loud(Severity severity) {
  std::string word(NameOf(severity));
  for (char& c : word) c = static_cast<char>(c - 'a' + 'A');
  return word;
}

using Escape = std::string (*)(std::string_view character);

// https://docs.slack.dev/messaging/formatting-message-text: these three and no others.
std::string SlackEscape(std::string_view character) {
  if (character == "&") return "&amp;";
  if (character == "<") return "&lt;";
  if (character == ">") return "&gt;";
  return std::string(character);
}

// Everything that begins markup, a masked link or a mention.
std::string DiscordEscape(std::string_view character) {
  const bool is_mark = std::string_view("\\*_~`|[]()<>#@").find(character) != std::string_view::npos;
  return is_mark ? "\\" + std::string(character) : std::string(character);
}

// Escaped, and then at most bytes_max (>= 3) bytes long; cut between two escaped characters. `text` is UTF-8.
std::string EscapeWithin(std::string_view text, Escape escape, size_t bytes_max) {
  std::string out;
  size_t cut = 0;  // the last place at which "..." still fits
  while (!text.empty()) {
    const size_t length = std::max<size_t>(1, Utf8Length(text));
    const std::string piece = escape(text.substr(0, length));
    if (out.size() + piece.size() > bytes_max) {
      out.resize(cut);
      return out + "...";
    }
    out += piece;
    if (out.size() + 3 <= bytes_max) cut = out.size();
    text.remove_prefix(length);
  }
  return out;
}

// The facts that a message of limited size has room for, name and value escaped.
struct ShownFacts {
  std::vector<NoticeFact> facts;
  size_t left_out = 0;
};

ShownFacts FactsWithin(const Notice& notice, Escape escape, size_t name_bytes_max, size_t value_bytes_max,
                       size_t bytes_max) {
  ShownFacts shown;
  for (const NoticeFact& fact : notice.facts) {
    NoticeFact escaped{EscapeWithin(fact.name, escape, name_bytes_max),
                       EscapeWithin(fact.value, escape, value_bytes_max)};
    const size_t bytes = escaped.name.size() + escaped.value.size();
    // In order, and none after the first without room: what is missing is then the end, and said to be.
    if (bytes > bytes_max) break;
    bytes_max -= bytes;
    shown.facts.push_back(std::move(escaped));
  }
  shown.left_out = notice.facts.size() - shown.facts.size();
  return shown;
}

// "2026-11-21T03:10:09Z | audit 12:ab.. | 3 facts left out".
std::string FooterOf(const Notice& notice, size_t left_out) {
  std::string footer = FormatRfc3339(notice.at_ns);
  if (!notice.audit_head.empty()) footer += " | audit " + notice.audit_head;
  if (left_out > 0) footer += " | " + std::to_string(left_out) + " facts left out";
  return footer;
}

void SlackText(JsonWriter* json, std::string_view text) {
  // verbatim: Slack looks for no links, channels or people in it.
  json->BeginObject().Field("type", "mrkdwn").Field("text", text).Field("verbatim", true).EndObject();
}

std::string SlackBody(const Notice& notice) {
  const std::string word = Loud(notice.severity);
  const std::string headline = EscapeWithin(notice.summary, SlackEscape, kSlackSectionBytesMax - 32);
  std::string link = EscapeWithin(notice.url, SlackEscape, kSlackBytesMax);
  if (link.size() > kSlackSectionBytesMax - 32) link.clear();  // cut it would lead elsewhere
  const ShownFacts shown = FactsWithin(notice, SlackEscape, kSlackFieldBytesMax / 4, kSlackFieldBytesMax / 2,
                                       kSlackBytesMax - headline.size() - link.size() - 500);
  JsonWriter json;
  json.BeginObject().Field("text", word + ": " + headline);
  json.Field("unfurl_links", false).Field("unfurl_media", false).Key("blocks").BeginArray();
  json.BeginObject().Field("type", "section").Key("text");
  SlackText(&json, "*" + word + "* " + headline);
  json.EndObject();
  for (size_t i = 0; i < shown.facts.size(); i += kSlackFieldsMax) {
    json.BeginObject().Field("type", "section").Key("fields").BeginArray();
    for (size_t j = i; j < std::min(i + kSlackFieldsMax, shown.facts.size()); ++j) {
      SlackText(&json, "*" + shown.facts[j].name + "*\n" + shown.facts[j].value);
    }
    json.EndArray().EndObject();
  }
  if (!link.empty()) {
    json.BeginObject().Field("type", "section").Key("text");
    SlackText(&json, "<" + link + "|Open>");
    json.EndObject();
  }
  json.BeginObject().Field("type", "context").Key("elements").BeginArray();
  SlackText(&json, EscapeWithin(FooterOf(notice, shown.left_out), SlackEscape, kSlackFieldBytesMax));
  return json.EndArray().EndObject().EndArray().EndObject().Take();
}

int64_t ColorOf(const Notice& notice) {
  if (notice.resolves) return 0x2E7D32;  // green
  switch (notice.severity) {
    case Severity::kInfo: return 0x1565C0;
    case Severity::kWarning: return 0xF9A825;
    case Severity::kCritical: return 0xC62828;
  }
  return 0;
}

std::string DiscordBody(const Notice& notice) {
  const std::string headline = EscapeWithin(notice.summary, DiscordEscape, kDiscordContentBytesMax - 32);
  const std::string title = CutText(notice.event, kDiscordNameBytesMax);
  constexpr size_t kFooterBytesMax = 300;
  static_assert(kFooterBytesMax <= kDiscordFooterBytesMax);
  const ShownFacts shown = FactsWithin(notice, DiscordEscape, kDiscordNameBytesMax, kDiscordValueBytesMax,
                                       kDiscordBytesMax - title.size() - kFooterBytesMax);
  JsonWriter json;
  json.BeginObject().Field("content", "**" + Loud(notice.severity) + "** " + headline);
  json.Key("allowed_mentions").BeginObject().Key("parse").BeginArray().EndArray().EndObject();
  json.Key("embeds").BeginArray().BeginObject().Field("title", title);
  if (!notice.url.empty()) json.Field("url", notice.url);
  json.Field("color", ColorOf(notice)).Key("fields").BeginArray();
  for (const NoticeFact& fact : shown.facts) {
    json.BeginObject().Field("name", fact.name).Field("value", fact.value).Field("inline", false).EndObject();
  }
  json.EndArray().Key("footer").BeginObject();
  json.Field("text", CutText(FooterOf(notice, shown.left_out), kFooterBytesMax)).EndObject();
  return json.EndObject().EndArray().EndObject().Take();
}

std::string PagerDutyBody(std::string_view routing_key, const Notice& notice) {
  JsonWriter json;
  json.BeginObject().Field("routing_key", routing_key);
  json.Field("event_action", notice.resolves ? "resolve" : "trigger");
  json.Field("dedup_key", notice.key.size() <= kPagerDutyKeyBytesMax ? notice.key : Sha256Hex(notice.key));
  if (!notice.resolves) {
    json.Key("payload").BeginObject().Field("summary", notice.summary);
    json.Field("source", notice.service.empty() ? "revertd" : notice.service);
    json.Field("severity", NameOf(notice.severity)).Field("timestamp", FormatRfc3339(notice.at_ns));
    json.Field("component", notice.service).Field("class", notice.event).Key("custom_details").BeginObject();
    std::set<std::string_view> names = {"audit_head"};
    for (const NoticeFact& fact : notice.facts) {
      if (names.insert(fact.name).second) json.Field(fact.name, fact.value);
    }
    json.Field("audit_head", notice.audit_head).EndObject().EndObject();
    if (!notice.url.empty()) {
      json.Key("links").BeginArray().BeginObject().Field("href", notice.url).Field("text", notice.event);
      json.EndObject().EndArray();
    }
  }
  return json.EndObject().Take();
}

// Alertmanager knows an alert by all of its labels, the severity among them. So an alert that grew worse is a second
// one, and the end of the incident ends it at every severity that it may have had; the end of an alert that never was
// is told to nobody.
std::string AlertmanagerBody(const Notice& notice) {
  std::vector<Severity> severities = {notice.severity};
  if (notice.resolves) severities = {Severity::kInfo, Severity::kWarning, Severity::kCritical};
  std::string description;
  for (const NoticeFact& fact : notice.facts) description += fact.name + ": " + fact.value + "\n";
  JsonWriter json;
  json.BeginArray();
  for (Severity severity : severities) {
    json.BeginObject().Key("labels").BeginObject().Field("alertname", "Revertd").Field("service", notice.service);
    json.Field("severity", NameOf(severity)).Field("incident", notice.key).EndObject();
    json.Key("annotations").BeginObject().Field("summary", notice.summary).Field("event", notice.event);
    json.Field("description", description).Field("audit_head", notice.audit_head).EndObject();
    json.Field("startsAt", FormatRfc3339(notice.at_ns));
    json.Field("endsAt", FormatRfc3339(notice.resolves ? notice.at_ns : notice.at_ns + kAlertLasts));
    if (!notice.url.empty()) json.Field("generatorURL", notice.url);
    json.EndObject();
  }
  return json.EndArray().Take();
}

// A header's value: the event's words are ours, and letters; whatever else came by is not let into a header.
std::string HeaderWord(std::string_view text) {
  std::string word;
  for (char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    word += plain ? c : '-';
  }
  return word;
}

std::string OneLine(std::string_view text) {
  std::string line(text);
  std::replace_if(
      line.begin(), line.end(), [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
  return Printable(Trim(line));
}

std::string OutcomeText(std::string_view what, std::string_view detail) {
  const std::string line = OneLine(detail);
  return CutText(std::string(what) + (line.empty() ? "" : ": " + line), kOutcomeBytesMax);
}

void Replace(std::string_view from, std::string_view to, std::string* text) {
  for (size_t at = text->find(from); at != std::string::npos; at = text->find(from, at + to.size())) {
    text->replace(at, from.size(), to);
  }
}

// What of a secret must not be seen, the longest first.
std::vector<std::string> PartsOf(const std::string& secret) {
  std::vector<std::string> parts = {secret};
  std::string_view rest = secret;
  if (rest.starts_with("http://") || rest.starts_with("https://")) {
    rest.remove_prefix(rest.find("//") + 2);
    const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
    const size_t at = authority.rfind('@');
    parts.emplace_back(rest.substr(authority.size()));  // after the host
    if (at != std::string_view::npos) parts.emplace_back(authority.substr(0, at));
  }
  for (size_t i = 0, whole = parts.size(); i < whole; ++i) {
    if (whole > 1 && i == 0) continue;  // its host
    const std::string text = parts[i];
    for (size_t from = 0; from <= text.size();) {
      const size_t end = std::min(text.size(), text.find_first_of("/?&=:@#", from));
      if (end - from >= kSecretPartBytesMin) parts.push_back(text.substr(from, end - from));
      from = end + 1;
    }
  }
  std::sort(parts.begin(), parts.end(), [](const std::string& a, const std::string& b) { return a.size() > b.size(); });
  return parts;
}

}  // namespace

std::string DeliveryId(const ChannelConfig& channel, const Notice& notice) {
  JsonWriter json;
  json.BeginArray().String(channel.name).String(notice.key).String(notice.event).Integer(notice.at_ns).EndArray();
  return Sha256Hex(json.text()).substr(0, 32);
}

StatusOr<HttpRequest> Render(const ChannelConfig& channel, std::string_view url, std::string_view secret,
                             const Notice& notice) {
  const std::string name = std::string(NameOf(channel.kind)) + " channel " + Printable(channel.name);
  if (channel.kind == Kind::kCommand) return FailedPrecondition(name + " is a command, which has no URL");
  if (!IsLink(url)) return FailedPrecondition(name + ": its URL is none (http:// or https:// expected)");
  const Notice shown = Bounded(notice);
  HttpRequest request;
  request.method = "POST";
  request.url = url;
  request.headers = {{"Content-Type", "application/json"}};
  switch (channel.kind) {
    case Kind::kSlack: request.body = SlackBody(shown); break;
    case Kind::kDiscord: request.body = DiscordBody(shown); break;
    case Kind::kPagerDuty:
      if (secret.empty()) return FailedPrecondition(name + ": its routing key is empty");
      request.body = PagerDutyBody(secret, shown);
      break;
    case Kind::kAlertmanager:
      while (request.url.ends_with('/')) request.url.pop_back();
      request.url += "/api/v2/alerts";
      request.body = AlertmanagerBody(shown);
      break;
    case Kind::kWebhook:
    case Kind::kCommand:
      request.body = ToJson(shown);
      request.headers.emplace_back("X-Revertd-Event", HeaderWord(shown.event));
      request.headers.emplace_back("X-Revertd-Delivery", DeliveryId(channel, shown));
      if (!secret.empty()) {
        request.headers.emplace_back("X-Revertd-Signature", "sha256=" + HmacSha256Hex(secret, request.body));
      }
      break;
  }
  return request;
}

ProcessSpec RenderCommand(const ChannelConfig& channel, const std::vector<std::string>& environment,
                          const Notice& notice) {
  constexpr size_t kOutputBytesMax = size_t{16} * 1024;  // only its last words on standard error are shown
  const std::vector<std::string>& argv = channel.command.argv;
  ProcessSpec spec;
  spec.program = argv.empty() ? "" : argv.front();
  if (!argv.empty()) spec.arguments.assign(argv.begin() + 1, argv.end());
  spec.environment = environment;
  spec.time_limit_ns = channel.command.time_limit;
  spec.output_bytes_max = kOutputBytesMax;
  spec.standard_input = ToJson(Bounded(notice)) + "\n";
  return spec;
}

TryOutcome JudgeAnswer(const StatusOr<HttpResponse>& answer, const std::vector<std::string>& secrets) {
  using OutcomeKind = TryOutcome::Kind;
  if (!answer.ok()) {
    return {OutcomeKind::kFailed, OutcomeText("no answer", WithoutSecrets(MessageOf(answer.status()), secrets))};
  }
  const int status = answer->status;
  if (status >= 200 && status <= 299) return {OutcomeKind::kDelivered, "delivered"};
  const bool may_change = status < 300 || status >= 500 || status == 408 || status == 425 || status == 429;
  const std::string what =
      (status >= 300 && status <= 399 ? "redirected, which is not followed, " : "answered ") + std::to_string(status);
  return {may_change ? OutcomeKind::kFailed : OutcomeKind::kGivenUp,
          OutcomeText(what, WithoutSecrets(answer->body, secrets))};
}

TryOutcome JudgeExit(const StatusOr<ProcessResult>& exit) {
  using OutcomeKind = TryOutcome::Kind;
  if (!exit.ok()) return {OutcomeKind::kFailed, OutcomeText("not run", MessageOf(exit.status()))};
  if (exit->timed_out) return {OutcomeKind::kFailed, "ended at its time limit"};
  if (exit->exit_code == 0) return {OutcomeKind::kDelivered, "delivered"};
  return {OutcomeKind::kFailed, OutcomeText("exit code " + std::to_string(exit->exit_code), exit->standard_error)};
}

std::string WithoutSecrets(std::string_view text, const std::vector<std::string>& secrets) {
  std::string shown(text);
  for (const std::string& secret : secrets) {
    if (secret.empty()) continue;
    for (const std::string& part : PartsOf(secret)) {
      if (!part.empty() && part != "/") Replace(part, "[secret]", &shown);
    }
  }
  return shown;
}

}  // namespace revertd
