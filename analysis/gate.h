// The gate: what is done about a verdict, from traffic, mode and limits alone. What needs the repository is asked by
// the executor's guards, right before the push.
//
// Pure, any thread. Every answer has a named reason; the first rule that holds names it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/deploy.h"
#include "base/verdict.h"
#include "config/config.h"

namespace revertd {

// The world as the gate sees it, of the deploy's repo and service.
struct GateFacts {
  bool kill_switch_on = false;
  std::string kill_switch_reason;
  int64_t pushes_today = 0;
  int64_t proposals_today = 0;
  bool revert_in_flight = false;
  bool source_stale = false;     // a log source is silent: what it would tell is missing
  bool base_is_unclear = false;  // the deploy told another base than what served before it
  // Id of the release under way that answers for the service: it undoes what it did, in its own order. Empty: none.
  std::string release_in_charge;
};

// Why nothing is done while a release answers for the service.
inline constexpr std::string_view kReleaseInCharge = "release_in_charge";

// The rollback that the service ran on before the deploy that is judged.
struct RollbackBefore {
  TimeNs finish_ns = 0;
  bool not_recovered = false;
};

// For a verdict that is regressed or ambiguous. Act and propose carry the id of the trigger to be written.
Decision DecideOn(const Verdict& verdict, const Deploy& deploy, const std::optional<RollbackBefore>& rollback_before,
                  const GateFacts& facts, const Config& config);

// A hold that may pass by itself, so that it is worth asking again.
bool MayPass(const Decision& decision);

}  // namespace revertd
