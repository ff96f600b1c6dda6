// PollLoop: the event loop on poll(), recv() and accept4(), for kernels and containers without io_uring. Contract
// as in event_loop.h.
#pragma once

#include <chrono>
#include <map>
#include <vector>

#include "ingest/event_loop.h"

namespace revertd {

class PollLoop final : public EventLoop {
 public:
  PollLoop();

  void Rest(Id readable, DurationNs duration) override;
  void Remove(Id id) override { watched_.erase(id); }
  Status RunOnce(DurationNs timeout) override;
  std::string_view name() const override { return "poll"; }

 private:
  struct Watched {
    Kind kind;
    int fd;
    std::shared_ptr<const OnEvent> on_event;            // shared: it may remove itself while it runs
    std::chrono::steady_clock::time_point rests_until;  // not looked at before
  };

  Id Add(Kind kind, int fd, OnEvent on_event) override;
  void Serve(Id id);
  void ServeStream(Id id);
  void ServeAccept(Id id);
  // Ends the registration and calls back; the callback may be the last owner of what it needs.
  void Fail(Id id, const Event& event);
  void Tell(Id id, const Event& event);

  std::map<Id, Watched> watched_;
  Id last_id_ = 0;
  const std::unique_ptr<char[]> bytes_;  // a piece of a stream
};

}  // namespace revertd
