// What the store's tests stand on: values of every type filled from a seed, and a child process that may die or act
// as another user. Test thread only.
#pragma once

#include <functional>
#include <random>
#include <string>
#include <tuple>

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
  revertd::Deploy Deploy();
  revertd::Evidence Evidence();
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
               onset, slower_than, control, control_e, control_before, control_after, control_n, route, cohort] = value;
  return std::make_tuple(signal, e_value, needed, before, null, after, effect, low, high, n_before, n_after, x_before,
                         x_after, onset, slower_than, control, control_e, control_before, control_after, control_n,
                         route, cohort);
}
inline auto Fields(const Verdict& value) {
  const auto& [deploy, service, state, reason, calibrated, power, at, evidence] = value;
  std::vector<decltype(Fields(Evidence()))> all;
  all.reserve(evidence.size());
  for (const Evidence& one : evidence) all.push_back(Fields(one));
  return std::make_tuple(deploy, service, state, reason, calibrated, power, at, all);
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
