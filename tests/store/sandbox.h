// What the store's tests stand on: values of every type filled from a seed, and a child process that may die or act
// as another user. Test thread only.
#pragma once

#include <functional>
#include <random>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "store/state_store.h"

namespace revertd::test {

// Runs `work` in a forked child as a user without privileges and answers what it returned.
std::string AskWithoutPrivileges(const std::function<std::string()>& work);

std::string FileText(const std::string& path);
void WriteFileText(const std::string& path, const std::string& text);

// Fills every field; texts hold quotes, line ends, NUL bytes and bytes that are not UTF-8.
class RandomValues {
 public:
  explicit RandomValues(uint64_t seed) : random_(seed) {}
  int64_t Integer(int64_t low, int64_t high) { return std::uniform_int_distribution<int64_t>(low, high)(random_); }
  double Real();
  std::string Text();
  uint64_t Bits() { return random_(); }
  revertd::Deploy Deploy();
  revertd::Evidence Evidence();
  revertd::NamedError NamedError();
  revertd::ErrorGroupRecord ErrorGroup();
  revertd::Verdict Verdict();
  revertd::Decision Decision();
  revertd::RollbackTrigger Trigger();
  revertd::Recovery Recovery();
  revertd::Event Event();
  InboxMessage Message(InboxMessage::Kind kind);

 private:
  std::mt19937_64 random_;
};

// A type's fields as one comparable value. The structured bindings count the fields: one added to a type and forgotten
// in the store does not compile here.
inline auto Fields(const Deploy& value) {
  const auto& [id, service, repo, base, head, start, finish, guessed, kind, trigger] = value;
  return std::make_tuple(id, service, repo, base, head, start, finish, guessed, kind, trigger);
}
inline auto Fields(const Evidence& value) {
  const auto& [signal, e_value, needed, before, null, after, effect, low, high, n_before, n_after, x_before, x_after,
               onset, slower_than, control, control_e, control_before, control_after, control_n, route, cohort, group,
               per_second] = value;
  return std::make_tuple(signal, e_value, needed, before, null, after, effect, low, high, n_before, n_after, x_before,
                         x_after, onset, slower_than, control, control_e, control_before, control_after, control_n,
                         route, cohort, group, per_second);
}
inline auto Fields(const NamedError& value) {
  const auto& [fingerprint, type, culprit, title, release, event_id, is_new, events, first_seen, e_value, needed] =
      value;
  return std::make_tuple(fingerprint, type, culprit, title, release, event_id, is_new, events, first_seen, e_value,
                         needed);
}
inline auto Fields(const ErrorGroupRecord& value) {
  const auto& [service, fingerprint, origin, type, culprit, title, level, first_seen, last_seen, events, releases,
               environments, event_id, sample] = value;
  return std::make_tuple(service, fingerprint, origin, type, culprit, title, level, first_seen, last_seen, events,
                         releases, environments, event_id, sample);
}
inline auto Fields(const ErrorBlock& value) {
  const auto& [service, fingerprint, start_second, events] = value;
  return std::make_tuple(service, fingerprint, start_second, events);
}
inline auto Fields(const SessionBlock& value) {
  const auto& [service, start_second, sessions, crashed] = value;
  return std::make_tuple(service, start_second, sessions, crashed);
}
template <typename T>
auto FieldsOfAll(const std::vector<T>& values) {
  std::vector<decltype(Fields(std::declval<T>()))> all;
  all.reserve(values.size());
  for (const T& one : values) all.push_back(Fields(one));
  return all;
}
inline auto Fields(const Verdict& value) {
  const auto& [deploy, service, state, reason, calibrated, power, at, evidence, errors] = value;
  return std::make_tuple(deploy, service, state, reason, calibrated, power, at, FieldsOfAll(evidence),
                         FieldsOfAll(errors));
}
inline auto Fields(const Decision& value) {
  const auto& [deploy, service, kind, reason, trigger, at] = value;
  return std::make_tuple(deploy, service, kind, reason, trigger, at);
}
inline auto Fields(const RollbackTrigger& value) {
  const auto& [id, deploy, service, repo, base, head, state, reason, created, evidence] = value;
  return std::make_tuple(id, deploy, service, repo, base, head, state, reason, created, Fields(evidence));
}
inline auto Fields(const Recovery& value) {
  const auto& [trigger, deploy, service, state, e_value, bad, now, n_now, at] = value;
  return std::make_tuple(trigger, deploy, service, state, e_value, bad, now, n_now, at);
}
// The id is the store's to give.
inline auto FieldsWithoutId(const Event& value) {
  const auto& [id, at, kind, service, deploy, trigger, repo, commit, key, text] = value;
  return std::make_tuple(at, kind, service, deploy, trigger, repo, commit, key, text);
}
inline auto FieldsWithoutId(const InboxMessage& value) {
  const auto& [id, kind, deploy, trigger, event, trigger_id, text] = value;
  return std::make_tuple(kind, Fields(deploy), Fields(trigger), FieldsWithoutId(event), trigger_id, text);
}

}  // namespace revertd::test
