// `revertd audit verify|export`: whether the trails of what was done are what was written, and the trails themselves:
// the executor's, and one for each environment of releases, which is a chain of its own.
#include <simdjson.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

#include "base/json_writer.h"
#include "daemon/commands.h"
#include "daemon/output.h"
#include "store/executor_store.h"
#include "store/release_databases.h"

namespace revertd {
namespace {

struct Trail {
  std::string file;   // within the state's folder
  std::string chain;  // "executor", "release:ENVIRONMENT"
  std::string path;
  std::unique_ptr<ExecutorStore> store;
};

// The executor's first. Where only releases were run it need not be there.
StatusOr<std::vector<Trail>> OpenTrails(const Config& config) {
  const auto environments = FindReleaseEnvironments(FolderOf(config));
  if (!environments.ok()) return environments.status();
  std::vector<Trail> trails;
  const std::string executor = ExecutorDatabaseOf(config);
  std::error_code error;
  if (environments->empty() || std::filesystem::exists(executor, error) || error) {
    trails.push_back({"executor.db", "executor", executor, nullptr});
  }
  for (const std::string& name : *environments) {
    const std::string path = ReleaseDatabaseIn(FolderOf(config), name);
    trails.push_back({path.substr(FolderOf(config).size() + 1), "release:" + name, path, nullptr});
  }
  for (Trail& trail : trails) {
    auto store = ExecutorStore::Open(trail.path, ExecutorStore::Access::kReadOnly);
    if (!store.ok()) return store.status();
    trail.store = *std::move(store);
  }
  return trails;
}

StatusOr<AuditChain> ReadChain(const ExecutorStore& store, const std::optional<AuditHead>& expected) {
  AuditChain chain(expected);
  REVERTD_RETURN_IF_ERROR(store.ReadAudit([&chain](const AuditRow& row) {
    chain.Add(row);
    return OkStatus();
  }));
  return chain;
}

// Of each trail what is wrong; a kept head must stand in one of them, whichever it was taken from.
StatusOr<ExitCode> Verify(const std::vector<Trail>& trails, const std::optional<AuditHead>& expected) {
  std::vector<std::string> wrong;
  std::vector<std::string> without_head;
  std::vector<std::string> whole;
  for (const Trail& trail : trails) {
    StatusOr<AuditChain> chain = ReadChain(*trail.store, std::nullopt);
    if (!chain.ok()) return chain.status();
    if (const auto why = chain->Wrong()) {
      wrong.push_back(trail.path + ": " + *why);
      continue;
    }
    JsonWriter json;
    json.BeginObject();
    if (trails.size() > 1 || trail.chain != "executor") json.Field("file", trail.file);
    json.Field("rows", chain->head().seq).Field("head", chain->head().text()).EndObject();
    whole.push_back(json.Take());
    if (!expected) continue;
    chain = ReadChain(*trail.store, expected);
    if (!chain.ok()) return chain.status();
    if (const auto why = chain->Wrong()) without_head.push_back(trail.path + ": " + *why);
  }
  const bool is_head_gone = expected && without_head.size() == whole.size();
  if (is_head_gone) {
    whole.clear();
    wrong.insert(wrong.end(), without_head.begin(), without_head.end());
  }
  for (const std::string& why : wrong) Say(why);
  for (const std::string& json : whole) REVERTD_RETURN_IF_ERROR(PrintLine(json));
  return wrong.empty() ? ExitCode::kDone : ExitCode::kBadNews;
}

// The bytes as they were hashed, where they are one line of JSON; else, as the executor never writes them, a text.
void AppendText(JsonWriter& json, simdjson::dom::parser& parser, const std::string& text) {
  json.Key("text");
  const bool is_one_line = text.find_first_of("\r\n") == std::string::npos;
  if (is_one_line && parser.parse(text).error() == simdjson::SUCCESS) {
    json.Raw(text);
  } else {
    json.String(text);
  }
}

StatusOr<ExitCode> Export(const std::vector<Trail>& trails) {
  OutputWriter out(STDOUT_FILENO);
  simdjson::dom::parser parser;
  for (const Trail& trail : trails) {
    std::string before = FirstAuditHash();
    REVERTD_RETURN_IF_ERROR(trail.store->ReadAudit([&](const AuditRow& row) {
      JsonWriter json;
      json.BeginObject();
      if (trails.size() > 1 || trail.chain != "executor") json.Field("chain", trail.chain);
      json.Field("seq", row.seq).Field("at_ns", row.at_ns).Field("kind", row.kind).Field("subject", row.subject);
      AppendText(json, parser, row.text);
      json.Field("before", before).Field("hash", row.hash).EndObject();
      before = row.hash;
      return out.Line(json.text());
    }));
  }
  REVERTD_RETURN_IF_ERROR(out.Flush());
  return ExitCode::kDone;
}

template <typename Work>
ExitCode WithTrails(const std::string& config_path, Work&& work) {
  const auto config = ConfigOrFail(config_path);
  if (!config.ok()) return Fail(config.status());
  const auto trails = OpenTrails(*config);
  if (!trails.ok()) return Fail(trails.status());
  const StatusOr<ExitCode> code = work(*trails);
  return code.ok() ? *code : Fail(code.status());
}

}  // namespace

ExitCode AuditVerifyCommand(const std::string& config_path, const std::string& head) {
  std::optional<AuditHead> expected;
  if (!head.empty()) {
    expected = ParseAuditHead(head);
    if (!expected) {
      return Fail(InvalidArgument("--head " + head + ": not SEQ:HASH, as a revert's trailer or a message names it"));
    }
  }
  return WithTrails(config_path, [&expected](const std::vector<Trail>& trails) { return Verify(trails, expected); });
}

ExitCode AuditExportCommand(const std::string& config_path) { return WithTrails(config_path, Export); }

}  // namespace revertd
