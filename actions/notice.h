// Notice: what people are told, once, in plain values; the channels (actions/channel.h) put it into their own words.
// Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/trigger.h"
#include "base/verdict.h"

namespace revertd {

// One fact beside the summary, in the order to be shown.
struct NoticeFact {
  std::string name;
  std::string value;
};

struct Notice {
  enum class Severity { kInfo, kWarning, kCritical };
  // Of one incident: everything of one key is one conversation (PagerDuty's dedup_key, Alertmanager's labels).
  std::string key;    // the trigger's id, or the deploy's where there is no trigger
  std::string event;  // "rollback_under_way", "rollback_pushed", "rollback_recovered", ... ; stable words
  std::string service;
  Severity severity = Severity::kWarning;
  bool resolves = false;  // the incident of this key is over
  std::string summary;    // one line: "checkout: rollback already under way: errors 0.01 % -> 4.1 %"
  std::vector<NoticeFact> facts;
  std::string url;         // of the pull request or commit; empty: none
  std::string audit_head;  // "SEQ:HASH", for `revertd audit verify --head`; empty: none
  TimeNs at_ns = 0;

  bool operator==(const Notice&) const = default;
};
std::string_view NameOf(Notice::Severity severity);

}  // namespace revertd
