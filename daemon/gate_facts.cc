#include "daemon/gate_facts.h"

#include <string>
#include <vector>

#include "actions/guards.h"
#include "actions/step.h"

namespace revertd {
namespace {

constexpr DurationNs kDay = 24 * kHourNs;

GateFacts Closed(std::string reason) {
  GateFacts facts{};
  facts.kill_switch_on = true;
  facts.kill_switch_reason = std::move(reason);
  return facts;
}

}  // namespace

GateFacts ReadGateFacts(const Config& config, const StateStore& state, const ExecutorStore* journal, TimeNs now,
                        const Deploy& deploy) {
  GateFacts facts{};
  const KillSwitch kill_switch = ReadKillSwitch(config.guard.kill_switch);
  if (kill_switch != KillSwitch::kOff) {
    return Closed(config.guard.kill_switch + (kill_switch == KillSwitch::kOn ? " exists" : " cannot be read"));
  }

  if (journal == nullptr) return Closed("the executor has not started");
  const auto pushes = journal->CountFinished("push_verified", kDone, now - kDay);
  if (!pushes.ok()) return Closed("the journal cannot be read: " + std::string(MessageOf(pushes.status())));
  facts.pushes_today = *pushes;

  // Asked between a deciding line and its trigger: not one row of evidence is read.
  for (const std::string_view proposed : kProposalReasons) {
    const auto proposals = state.CountTriggers(proposed, now - kDay);
    if (!proposals.ok()) return Closed("triggers cannot be read: " + std::string(MessageOf(proposals.status())));
    facts.proposals_today += *proposals;
  }

  const auto charge = state.ReadCharge(deploy.service);
  if (!charge.ok()) return Closed("releases cannot be read: " + std::string(MessageOf(charge.status())));
  if (charge->has_value() && Holds(**charge, now)) facts.release_in_charge = (*charge)->release;

  const auto pending = state.ReadTriggerIds(deploy.repo, TriggerState::kPending);
  if (!pending.ok()) return Closed("triggers cannot be read: " + std::string(MessageOf(pending.status())));
  for (const std::string& id : *pending) {
    const auto rows = journal->ReadJournal(id);
    if (!rows.ok()) return Closed("the journal cannot be read: " + std::string(MessageOf(rows.status())));
    if (NextStep(*rows)) facts.revert_in_flight = true;
  }
  return facts;
}

}  // namespace revertd
