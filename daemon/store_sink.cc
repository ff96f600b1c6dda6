#include "daemon/store_sink.h"

#include "daemon/event_json.h"

namespace revertd {
namespace {

constexpr DurationNs kPruneEvery = kHourNs;

}  // namespace

StoreSink::StoreSink(StateStore* store, EventPrinter* events, std::function<void()> trigger_written)
    : store_(store), events_(events), trigger_written_(std::move(trigger_written)) {}

void StoreSink::OnSecond(std::string_view service, const SecondCounts& counts) {
  seconds_.emplace_back(service, counts);
}

void StoreSink::OnHistoryBlock(std::string_view service, const HistoryBlock& block) {
  blocks_.emplace_back(service, block);
}

void StoreSink::OnDeploy(const Deploy& deploy) {
  events_->Print(ToEvent(deploy, deploy.finished() ? deploy.finish_ns : deploy.start_ns));
  WriteOrKeep([this, deploy] { return store_->WriteDeploy(deploy); });
}

void StoreSink::OnVerdict(const Verdict& verdict) {
  events_->Print(ToEvent(verdict));
  Keep([this, verdict] { return store_->WriteVerdict(verdict); });
}

void StoreSink::OnDecision(const Decision& decision) {
  events_->Print(ToEvent(decision));
  WriteOrKeep([this, decision] { return store_->WriteDecision(decision); });
}

Status StoreSink::OnTrigger(const RollbackTrigger& trigger) {
  // With the verdict that it comes of: waiting for the disk is most of a trigger's delay, and a second wait as much.
  const auto write = [&] {
    for (const Write& told : backlog_) REVERTD_RETURN_IF_ERROR(told());
    return store_->WriteTrigger(trigger);
  };
  if (failing_) {
    REVERTD_RETURN_IF_ERROR(store_->WriteTrigger(trigger));  // it does not wait for what cannot be written
  } else {
    REVERTD_RETURN_IF_ERROR(store_->Together(write));
    backlog_.clear();
  }
  trigger_written_();
  return OkStatus();
}

void StoreSink::OnRecovery(const Recovery& recovery) {
  events_->Print(ToEvent(recovery));
  WriteOrKeep([this, recovery] { return store_->WriteRecovery(recovery); });
}

void StoreSink::OnShadow(std::string_view service, int64_t start_second, std::string_view result) {
  const StoredShadow shadow{std::string(service), start_second, std::string(result)};
  WriteOrKeep([this, shadow] { return store_->WriteShadows({shadow}); });
}

void StoreSink::OnMinute(std::string_view service, int64_t start_second, std::string_view bytes) {
  minutes_.push_back({std::string(service), start_second, std::string(bytes)});
}

void StoreSink::Flush(TimeNs now) {
  DrainBacklog();
  if (!seconds_.empty() || !blocks_.empty() || !minutes_.empty() || positions_) {
    WriteOrKeep([this, seconds = std::move(seconds_), blocks = std::move(blocks_), minutes = std::move(minutes_),
                 positions = std::exchange(positions_, std::nullopt)] {
      return store_->WriteHistory(seconds, blocks, positions, minutes);
    });
    seconds_.clear();
    blocks_.clear();
    minutes_.clear();
  }
  if (now - pruned_at_ >= kPruneEvery) {
    pruned_at_ = now;
    WriteOrKeep([this, now] { return store_->Prune(now); });
  }
}

void StoreSink::Keep(Write write) {
  if (backlog_.size() == kBacklogMax) {
    backlog_.pop_front();
    ++writes_dropped_;
  }
  backlog_.push_back(std::move(write));
}

void StoreSink::WriteOrKeep(Write write) {
  Keep(std::move(write));
  DrainBacklog();
}

void StoreSink::DrainBacklog() {
  while (!backlog_.empty()) {
    const Status status = backlog_.front()();
    if (!status.ok()) {
      // Once a failure, not once a try: the same line ten times a second helps nobody.
      if (!failing_) Say(std::string(MessageOf(status)) + "; what is not written is kept and tried again");
      failing_ = true;
      return;
    }
    backlog_.pop_front();
  }
  if (failing_) {
    Say("state is written again" + (writes_dropped_ == 0
                                        ? std::string("; every write that waited is in it")
                                        : "; writes dropped so far: " + std::to_string(writes_dropped_)));
  }
  failing_ = false;
}

}  // namespace revertd
