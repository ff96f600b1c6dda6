#include "actions/running_revision.h"

#include <algorithm>
#include <utility>

#include "actions/command_runner.h"
#include "actions/git.h"
#include "actions/health_json.h"
#include "actions/process.h"
#include "base/json_pointer.h"
#include "base/strings.h"

namespace revertd {
namespace {

// `where`: what the value was looked for in.
StatusOr<std::string> Checked(std::string_view text, std::string_view where) {
  const std::string_view revision = Trim(text);
  if (revision.empty()) return FailedPrecondition(std::string(where) + " is empty");
  if (revision.size() > kRevisionBytesMax) {
    return FailedPrecondition(std::string(where) + " is longer than a revision: " + std::to_string(revision.size()) +
                              " bytes");
  }
  if (Printable(revision) != revision) return FailedPrecondition(std::string(where) + " is not one line of text");
  return std::string(revision);
}

StatusOr<std::string> ValueIn(const HttpResponse& response, std::string_view pointer_text) {
  const StatusOr<std::vector<std::string>> pointer = ParseJsonPointer(pointer_text);
  if (!pointer.ok()) return FailedPrecondition(MessageOf(pointer.status()));
  const HealthJson json(response.body);
  if (!json.status().ok()) return FailedPrecondition("the answer is no JSON: " + std::string(MessageOf(json.status())));
  const std::optional<JsonValue> value = json.Find(*pointer);
  const std::optional<std::string> text = value ? value->Text() : std::nullopt;
  if (!text) return FailedPrecondition("the answer has no text at " + std::string(pointer_text));
  return Checked(*text, "the value at " + std::string(pointer_text));
}

}  // namespace

StatusOr<std::string> RunningRevision::Ask(const ServiceConfig& service) {
  StatusOr<std::string> revision = service.running.url.empty() ? AskCommand(service) : AskUrl(service.running);
  if (!revision.ok()) return Annotate(revision.status(), "asking " + service.name + " what it runs");
  return revision;
}

StatusOr<std::string> RunningRevision::AskUrl(const RunningConfig& running) {
  HttpRequest request;
  request.url = running.url;
  const StatusOr<HttpResponse> response = http_->Send(request);
  if (!response.ok()) return Unavailable(MessageOf(response.status()));
  if (response->status < 200 || response->status > 299) {
    return Unavailable("the answer's status is " + std::to_string(response->status));
  }
  if (!running.header.empty()) {
    const auto& headers = response->headers;
    const bool is_there = std::any_of(headers.begin(), headers.end(),
                                      [&running](const auto& header) { return header.first == running.header; });
    if (!is_there) return FailedPrecondition("the answer has no header " + running.header);
    return Checked(response->Header(running.header), "the header " + running.header);
  }
  if (response->body_cut) return FailedPrecondition("the answer is longer than what is kept of it");
  if (!running.json.empty()) return ValueIn(*response, running.json);
  return Checked(response->body, "the answer");
}

StatusOr<std::string> RunningRevision::AskCommand(const ServiceConfig& service) const {
  const CommandConfig& command = service.running.command;
  ProcessSpec spec;
  spec.arguments = FillIn(command, {{"{service}", service.name}});
  spec.program = spec.arguments.front();
  spec.arguments.erase(spec.arguments.begin());
  spec.environment = environment_;
  spec.time_limit_ns = std::min(command.time_limit, kAskRunningMax);
  spec.stop = stop_;
  spec.output_bytes_max = kRevisionBytesMax * 16;  // enough for the words of one that fails
  const StatusOr<ProcessResult> result = RunProcess(spec);
  if (!result.ok()) return Unavailable(MessageOf(result.status()));
  if (result->exit_code != 0 || result->timed_out) return Unavailable("its command: " + Outcome(*result));
  return Checked(result->standard_output, "what its command printed");
}

bool IsSameRevision(std::string_view running, std::string_view sha) {
  if (running == sha) return !sha.empty();
  if (!IsRevision(running) || !IsRevision(sha)) return false;
  const size_t digits = std::min(running.size(), sha.size());
  return ToLower(running.substr(0, digits)) == ToLower(sha.substr(0, digits));
}

}  // namespace revertd
