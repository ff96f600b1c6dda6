#include "tests/store/sandbox.h"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <iterator>
#include <limits>
#include <sstream>
#include <utility>

#include "base/check.h"

namespace revertd::test {

std::string AskWithoutPrivileges(const std::function<std::string()>& work) {
  constexpr unsigned kNobody = 65534;
  std::array<int, 2> ends{};
  REVERTD_CHECK(pipe(ends.data()) == 0);
  const pid_t child = fork();
  REVERTD_CHECK(child >= 0);
  if (child == 0) {
    const bool dropped = geteuid() != 0 || (setgid(kNobody) == 0 && setuid(kNobody) == 0);
    const std::string answer = dropped ? work() : "cannot drop privileges";
    const ssize_t written = write(ends[1], answer.data(), answer.size());
    _exit(written == static_cast<ssize_t>(answer.size()) ? 0 : 1);
  }
  close(ends[1]);
  std::string answer;
  std::array<char, 4096> bytes{};
  for (ssize_t count = 0; (count = read(ends[0], bytes.data(), bytes.size())) > 0;) {
    answer.append(bytes.data(), static_cast<size_t>(count));
  }
  close(ends[0]);
  int status = 0;
  REVERTD_CHECK(waitpid(child, &status, 0) == child);
  return answer;
}

std::string FileText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void WriteFileText(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

double RandomValues::Real() {
  switch (Integer(0, 9)) {
    case 0: return std::numeric_limits<double>::infinity();
    case 1: return std::numeric_limits<double>::denorm_min();
    case 2: return std::numeric_limits<double>::max();
    case 3: return 0.1;
    default: return std::uniform_real_distribution<double>(-1e6, 1e6)(random_);
  }
}

std::string RandomValues::Text() {
  static const std::array<std::string, 9> kPieces = {"plain",
                                                     "",
                                                     "it's \"quoted\"",
                                                     "a;b",
                                                     "\xc3\xa9",
                                                     "\n",
                                                     std::string(1, '\0'),
                                                     "\xff\xfe",
                                                     "'); DROP TABLE deploys; --"};
  std::string text;
  for (int64_t count = Integer(0, 3); count > 0; --count) {
    text += kPieces[static_cast<size_t>(Integer(0, static_cast<int64_t>(kPieces.size()) - 1))];
    text += std::to_string(Integer(0, 1000));
  }
  return text;
}

Deploy RandomValues::Deploy() {
  revertd::Deploy deploy;
  deploy.id = Text();
  deploy.service = Text();
  deploy.repo = Text();
  deploy.base = Text();
  deploy.head = Text();
  deploy.start_ns = Integer(0, std::numeric_limits<int64_t>::max());
  deploy.finish_ns = Integer(0, std::numeric_limits<int64_t>::max());
  deploy.finish_guessed = Integer(0, 1) == 1;
  deploy.kind = static_cast<DeployKind>(Integer(0, 1));
  deploy.trigger_id = Text();
  return deploy;
}

Evidence RandomValues::Evidence() {
  revertd::Evidence evidence;
  evidence.signal = Text();
  for (double* real : {&evidence.e_value, &evidence.e_value_needed, &evidence.before, &evidence.before_null,
                       &evidence.after, &evidence.effect, &evidence.after_low, &evidence.after_high,
                       &evidence.control_e_value, &evidence.control_before, &evidence.control_after}) {
    *real = Real();
  }
  for (int64_t* integer : {&evidence.n_before, &evidence.n_after, &evidence.x_before, &evidence.x_after,
                           &evidence.onset_ns, &evidence.slower_than_ns, &evidence.control_n_after}) {
    *integer = Integer(std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max());
  }
  evidence.control = Text();
  evidence.route = Text();
  evidence.cohort = Text();
  evidence.group = Text();
  evidence.per_second = Integer(0, 1) == 1;
  return evidence;
}

NamedError RandomValues::NamedError() {
  revertd::NamedError error;
  error.fingerprint = Bits();
  for (std::string* text : {&error.type, &error.culprit, &error.title, &error.release, &error.event_id}) {
    *text = Text();
  }
  error.is_new = Integer(0, 1) == 1;
  error.events = Integer(0, 1'000'000);
  error.first_seen_ns = Integer(0, std::numeric_limits<int64_t>::max());
  error.e_value = Real();
  error.e_value_needed = Real();
  return error;
}

ErrorGroupRecord RandomValues::ErrorGroup() {
  ErrorGroupRecord group;
  for (std::string* text :
       {&group.service, &group.type, &group.culprit, &group.title, &group.event_id, &group.sample}) {
    *text = Text();
  }
  group.fingerprint = Bits();
  group.origin = Bits();
  group.level = static_cast<ErrorLevel>(Integer(0, 4));
  group.first_seen_ns = Integer(0, 1'000'000);
  group.last_seen_ns = Integer(0, 1'000'000);
  group.events = Integer(0, 1'000'000);
  for (int64_t count = Integer(0, 3); count > 0; --count) group.releases.push_back(Text());
  for (int64_t count = Integer(0, 3); count > 0; --count) group.environments.push_back(Text());
  return group;
}

Verdict RandomValues::Verdict() {
  revertd::Verdict verdict;
  verdict.deploy_id = Text();
  verdict.service = Text();
  verdict.state = static_cast<VerdictState>(Integer(0, 4));
  verdict.reason = Text();
  verdict.calibrated = Integer(0, 1) == 1;
  verdict.power = Real();
  verdict.at_ns = Integer(0, std::numeric_limits<int64_t>::max());
  for (int64_t count = Integer(0, 3); count > 0; --count) verdict.evidence.push_back(Evidence());
  for (int64_t count = Integer(0, 3); count > 0; --count) verdict.errors.push_back(NamedError());
  return verdict;
}

Decision RandomValues::Decision() {
  return {Text(), Text(), static_cast<DecisionKind>(Integer(0, 4)), Text(), Text(), Integer(0, 1'000'000)};
}

RollbackTrigger RandomValues::Trigger() {
  RollbackTrigger trigger;
  trigger.id = "trigger-" + Text();
  trigger.deploy_id = Text();
  trigger.service = Text();
  trigger.repo = Text();
  trigger.base = Text();
  trigger.head = Text();
  trigger.state = static_cast<TriggerState>(Integer(0, 3));
  trigger.reason = Text();
  trigger.created_ns = Integer(0, 1'000'000);
  trigger.evidence = Evidence();
  return trigger;
}

Recovery RandomValues::Recovery() {
  return {Text(),
          Text(),
          Text(),
          static_cast<RecoveryState>(Integer(0, 3)),
          Real(),
          Real(),
          Real(),
          Integer(0, 1'000'000),
          Integer(0, 1'000'000)};
}

Event RandomValues::Event() {
  revertd::Event event;
  event.at_ns = Integer(0, 1'000'000);
  for (std::string* text : {&event.kind, &event.service, &event.deploy_id, &event.trigger_id, &event.repo,
                            &event.commit, &event.key, &event.text}) {
    *text = Text();
  }
  return event;
}

InboxMessage RandomValues::Message(InboxMessage::Kind kind) {
  InboxMessage message;
  message.kind = kind;
  message.deploy = Deploy();
  message.trigger = Trigger();
  message.trigger.evidence = {};  // a person's word carries none
  message.event = Event();
  message.trigger_id = Text();
  message.text = Text();
  return message;
}

}  // namespace revertd::test
