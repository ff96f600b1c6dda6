#include "daemon/doors/manifest.h"

#include <simdjson.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "actions/git.h"
#include "base/json_writer.h"
#include "base/strings.h"
#include "base/time_format.h"

namespace revertd {
namespace {

constexpr std::string_view kSchemaFamily = "revertd.manifest/";
constexpr size_t kQuotedBytesMax = 80;

TimeNs WholeMilliseconds(TimeNs time) { return time - time % kMillisecondNs; }

std::string Quoted(std::string_view text) { return "\"" + Printable(text.substr(0, kQuotedBytesMax)) + "\""; }

// "revertd.manifest/1", or with a minor version behind it, which may only add members.
bool IsOurSchema(std::string_view schema) {
  if (!schema.starts_with(kManifestSchema)) return false;
  const std::string_view rest = schema.substr(kManifestSchema.size());
  return rest.empty() || (rest.front() == '.' && ParseUnsigned(rest.substr(1)).has_value());
}

// Reads one object's members straight down: the first complaint is kept, and what is read after it is of no account.
class MemberReader {
 public:
  MemberReader(simdjson::dom::object object, std::string where) : object_(object), where_(std::move(where)) {}

  const Status& status() const { return status_; }

  // Empty where it is not there.
  std::string Text(std::string_view member) {
    simdjson::dom::element element;
    std::string_view text;
    if (object_.at_key(member).get(element) != simdjson::SUCCESS) return {};
    if (element.get_string().get(text) != simdjson::SUCCESS) Complain(member, "a text expected");
    return std::string(text);
  }
  std::string NeededText(std::string_view member) {
    std::string text = Text(member);
    if (text.empty()) Complain(member, "a text expected that is not empty");
    return text;
  }
  std::string Revision(std::string_view member) {
    std::string text = Text(member);
    if (!text.empty() && !IsRevision(text)) {
      Complain(member, Quoted(text) + " is no revision: 7 to 64 hexadecimal digits expected");
    }
    return text;
  }
  // 0 where it is not there.
  TimeNs Time(std::string_view member) {
    if (object_.at_key(member).error() == simdjson::NO_SUCH_FIELD) return 0;
    const std::string text = Text(member);
    // ParseTime takes Unix seconds, too, which a text of ours never is.
    const std::optional<TimeNs> time = text.find('-') == 4 ? ParseTime(text) : std::nullopt;
    if (!time || *time <= 0) Complain(member, Quoted(text) + " is no time: RFC 3339 expected");
    return time.value_or(0);
  }
  // What `named` makes of a text; nullopt where it is not there.
  template <typename Named>
  auto Word(std::string_view member, Named named, std::string_view expected) -> decltype(named(std::string_view())) {
    if (object_.at_key(member).error() == simdjson::NO_SUCH_FIELD) return std::nullopt;
    const std::string text = Text(member);
    auto word = named(text);
    if (!word) Complain(member, Quoted(text) + ": " + std::string(expected) + " expected");
    return word;
  }
  void Complain(std::string_view member, std::string_view what) {
    if (status_.ok()) status_ = InvalidArgument(where_ + std::string(member) + ": " + std::string(what));
  }

 private:
  simdjson::dom::object object_;
  const std::string where_;
  Status status_;
};

StatusOr<ManifestEntry> ReadEntry(simdjson::dom::element element, size_t index) {
  const std::string name = "releases[" + std::to_string(index) + "]";
  simdjson::dom::object object;
  if (element.get_object().get(object) != simdjson::SUCCESS) return InvalidArgument(name + ": an object expected");
  MemberReader read(object, name + ".");
  ManifestEntry entry;
  entry.id = read.NeededText("id");
  entry.service = read.NeededText("service");
  entry.repo = read.Text("repo");
  entry.from = read.Revision("from");
  entry.to = read.Revision("to");
  entry.started_ns = read.Time("started_at");
  entry.finished_ns = read.Time("finished_at");
  entry.kind = read.Word("kind", DeployKindNamed, "release or revert").value_or(DeployKind::kRelease);
  entry.verdict = read.Word("verdict", VerdictStateNamed, "the name of a verdict");
  entry.release = read.Text("release");
  if (entry.started_ns == 0) read.Complain("started_at", "a time expected");
  if (entry.finished_ns != 0 && entry.finished_ns < entry.started_ns) {
    read.Complain("finished_at", "lies before started_at");
  }
  if (!read.status().ok()) return read.status();
  return entry;
}

Status CheckHead(simdjson::dom::object root) {
  MemberReader read(root, "");
  const std::string schema = read.Text("schema");
  if (!IsOurSchema(schema)) {
    const bool of_another_version = schema.starts_with(kSchemaFamily);
    read.Complain("schema", (schema.empty() ? "none" : Quoted(schema)) +
                                (of_another_version ? " is a version that this revertd does not know: " : ": ") +
                                std::string(kManifestSchema) + " expected");
  }
  read.Time("written_at");
  return read.status();
}

StatusOr<std::vector<ManifestEntry>> ReadEntries(simdjson::dom::array releases) {
  std::vector<ManifestEntry> entries;
  std::map<std::string, size_t, std::less<>> by_id;
  for (const simdjson::dom::element element : releases) {
    const size_t index = entries.size();
    if (index >= kManifestEntriesMax) {
      return InvalidArgument("releases: more than " + std::to_string(kManifestEntriesMax));
    }
    StatusOr<ManifestEntry> entry = ReadEntry(element, index);
    if (!entry.ok()) return entry.status();
    const auto [first, is_new] = by_id.try_emplace(entry->id, index);
    if (!is_new) {
      return InvalidArgument("releases[" + std::to_string(index) + "].id: " + Quoted(entry->id) +
                             " is the id of releases[" + std::to_string(first->second) + "], too");
    }
    entries.push_back(*std::move(entry));
  }
  return entries;
}

void AppendEntry(const ManifestEntry& entry, JsonWriter* json) {
  json->BeginObject().Field("id", entry.id).Field("service", entry.service).Field("repo", entry.repo);
  json->Field("from", entry.from).Field("to", entry.to).Field("started_at", FormatRfc3339(entry.started_ns));
  if (entry.finished_ns != 0) json->Field("finished_at", FormatRfc3339(entry.finished_ns));
  json->Field("kind", NameOf(entry.kind));
  if (entry.verdict) json->Field("verdict", NameOf(*entry.verdict));
  if (!entry.release.empty()) json->Field("release", entry.release);
  json->EndObject();
}

}  // namespace

std::vector<Deploy> DeploysForManifest(const std::vector<Deploy>& deploys) {
  std::map<std::string_view, size_t> serving;
  for (size_t i = 0; i < deploys.size(); ++i) {
    if (deploys[i].finished()) serving[deploys[i].service] = i;
  }
  std::set<size_t> chosen;
  for (const auto& [service, index] : serving) chosen.insert(index);
  const size_t newest = std::min(deploys.size(), kManifestReleasesWritten);
  for (size_t i = deploys.size() - newest; i < deploys.size(); ++i) chosen.insert(i);
  // So many services, and the file would be one that nobody reads.
  while (chosen.size() > kManifestEntriesMax) chosen.erase(chosen.begin());
  std::vector<Deploy> told;
  for (const size_t index : chosen) told.push_back(deploys[index]);
  return told;
}

ManifestEntry EntryOf(const Deploy& deploy, std::optional<VerdictState> verdict) {
  // What somebody told as a commit and is none is a name.
  const bool has_revision = IsRevision(deploy.head);
  return {.id = deploy.id,
          .service = deploy.service,
          .repo = deploy.repo,
          .from = IsRevision(deploy.base) ? deploy.base : "",
          .to = has_revision ? deploy.head : "",
          .started_ns = WholeMilliseconds(deploy.start_ns),
          .finished_ns = WholeMilliseconds(deploy.finish_ns),
          .kind = deploy.kind,
          .verdict = verdict,
          .release = has_revision ? "" : deploy.head};
}

std::string ManifestJson(const std::vector<ManifestEntry>& entries, TimeNs now) {
  JsonWriter json;
  json.BeginObject().Field("schema", kManifestSchema).Field("written_at", FormatRfc3339(now));
  json.Key("releases").BeginArray();
  for (const ManifestEntry& entry : entries) AppendEntry(entry, &json);
  json.EndArray().EndObject();
  return json.Take() + "\n";
}

StatusOr<std::vector<ManifestEntry>> ParseManifest(std::string_view text) {
  if (text.size() > kManifestBytesMax) {
    return InvalidArgument("longer than " + std::to_string(kManifestBytesMax) + " bytes");
  }
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  if (const auto error = parser.parse(text.data(), text.size()).get(root); error != simdjson::SUCCESS) {
    return InvalidArgument("its " + std::to_string(text.size()) +
                           " bytes are no whole JSON: " + simdjson::error_message(error));
  }
  simdjson::dom::object object;
  if (root.get_object().get(object) != simdjson::SUCCESS) return InvalidArgument("a JSON object expected");
  REVERTD_RETURN_IF_ERROR(CheckHead(object));
  simdjson::dom::array releases;
  if (object.at_key("releases").get_array().get(releases) != simdjson::SUCCESS) {
    return InvalidArgument("releases: a list expected");
  }
  return ReadEntries(releases);
}

}  // namespace revertd
