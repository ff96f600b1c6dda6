// Event: something that happened and that is told: a deploy, a verdict, a step of a rollback, or what a door told of (a
// push, a test's result). Kept with an id, streamed, and shown with what it belongs to.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"

namespace revertd {

struct Event {
  int64_t id = 0;    // the store's, ascending; 0: not kept yet
  TimeNs at_ns = 0;  // when it happened, by the word of whoever told
  std::string kind;  // the text's "event": "deploy", "verdict", "step", "push", "check", ...
  std::string service = {};
  std::string deploy_id = {};
  std::string trigger_id = {};
  std::string repo = {};    // name in the configuration
  std::string commit = {};  // full revision that it is about
  // What makes it this one and no other, whoever tells it again; empty: told once by its nature.
  std::string key = {};
  std::string text;  // a JSON object, one line: what stdout and streams show
};

}  // namespace revertd
