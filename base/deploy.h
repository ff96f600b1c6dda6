// Deploy: a registered change of one service, whatever door told of it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace revertd {

enum class DeployKind { kRelease, kRevert };
std::string_view NameOf(DeployKind kind);
std::optional<DeployKind> DeployKindNamed(std::string_view name);

struct Deploy {
  std::string id;  // unique; MakeDeployId where nobody gave one
  std::string service;
  std::string repo;  // name in the config; empty: judged and never acted on
  std::string base;  // revision that served before; empty: the head's first parent
  std::string head;  // revision deployed; empty: judged and never acted on
  TimeNs start_ns = 0;
  TimeNs finish_ns = 0;  // 0: not finished; the interval from start to finish is no evidence
  // Nobody has seen the new version serve: a push or a merge was told of, and finish_ns is when. Whoever knows better
  // corrects it.
  bool finish_guessed = false;
  DeployKind kind = DeployKind::kRelease;
  std::string trigger_id;  // of a revert: the trigger that caused it

  bool finished() const { return finish_ns != 0; }
};

// "SERVICE-UNIXSECONDS".
std::string MakeDeployId(std::string_view service, TimeNs start_ns);

}  // namespace revertd
