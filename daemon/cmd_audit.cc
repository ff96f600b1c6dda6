// `revertd audit verify|export`: whether the trail of what the executor did is what was written, and the trail itself.
#include <simdjson.h>
#include <unistd.h>

#include <algorithm>

#include "base/json_writer.h"
#include "daemon/output.h"
#include "daemon/with_executor.h"

namespace revertd {
namespace {

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

}  // namespace

ExitCode AuditVerifyCommand(const std::string& config_path, const std::string& head) {
  std::optional<AuditHead> expected;
  if (!head.empty()) {
    expected = ParseAuditHead(head);
    if (!expected) {
      return Fail(InvalidArgument("--head " + head + ": not SEQ:HASH, as a revert's trailer or a message names it"));
    }
  }
  const auto verify = [&](const Config& config, const ExecutorStore& store) -> StatusOr<ExitCode> {
    AuditChain chain(expected);
    REVERTD_RETURN_IF_ERROR(store.ReadAudit([&](const AuditRow& row) {
      chain.Add(row);
      return OkStatus();
    }));
    if (const auto wrong = chain.Wrong()) {
      Say(ExecutorDatabaseOf(config) + ": " + *wrong);
      return ExitCode::kBadNews;
    }
    JsonWriter json;
    json.BeginObject().Field("rows", chain.head().seq).Field("head", chain.head().text());
    REVERTD_RETURN_IF_ERROR(PrintLine(json.EndObject().text()));
    return ExitCode::kDone;
  };
  return WithExecutor(config_path, ExecutorStore::Access::kReadOnly, verify);
}

ExitCode AuditExportCommand(const std::string& config_path) {
  const auto print = [](const Config& /*config*/, const ExecutorStore& store) -> StatusOr<ExitCode> {
    OutputWriter out(STDOUT_FILENO);
    simdjson::dom::parser parser;
    std::string before = FirstAuditHash();
    REVERTD_RETURN_IF_ERROR(store.ReadAudit([&](const AuditRow& row) {
      JsonWriter json;
      json.BeginObject().Field("seq", row.seq).Field("at_ns", row.at_ns);
      json.Field("kind", row.kind).Field("subject", row.subject);
      AppendText(json, parser, row.text);
      json.Field("before", before).Field("hash", row.hash).EndObject();
      before = row.hash;
      return out.Line(json.text());
    }));
    REVERTD_RETURN_IF_ERROR(out.Flush());
    return ExitCode::kDone;
  };
  return WithExecutor(config_path, ExecutorStore::Access::kReadOnly, print);
}

}  // namespace revertd
