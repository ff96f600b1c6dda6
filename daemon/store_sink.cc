#include "daemon/store_sink.h"

#include "base/time_format.h"
#include "daemon/event_json.h"

namespace revertd {
namespace {

constexpr DurationNs kPruneEvery = kHourNs;

// A row and its event can be written again, after a failure, without a second event: both are one transaction. What may
// be told again after a crash has a key besides.
Event EventOf(const Deploy& deploy) {
  const TimeNs at_ns = deploy.finished() ? deploy.finish_ns : deploy.start_ns;
  return {.at_ns = at_ns,
          .kind = "deploy",
          .service = deploy.service,
          .deploy_id = deploy.id,
          .trigger_id = deploy.trigger_id,
          .repo = deploy.repo,
          .commit = deploy.head,
          .text = ToEvent(deploy, at_ns)};
}

Event EventOf(const Verdict& verdict) {
  return {.at_ns = verdict.at_ns,
          .kind = "verdict",
          .service = verdict.service,
          .deploy_id = verdict.deploy_id,
          .text = ToEvent(verdict)};
}

Event EventOf(const FollowUp& follow_up) {
  const Verdict& verdict = follow_up.verdict;
  return {.at_ns = verdict.at_ns,
          .kind = "follow_up",
          .service = verdict.service,
          .deploy_id = verdict.deploy_id,
          .key = "follow_up:" + verdict.deploy_id + ":" + FormatDuration(follow_up.after_ns),
          .text = ToEvent(follow_up)};
}

Event EventOf(const Decision& decision) {
  return {.at_ns = decision.at_ns,
          .kind = "decision",
          .service = decision.service,
          .deploy_id = decision.deploy_id,
          .trigger_id = decision.trigger_id,
          .text = ToEvent(decision)};
}

// A release's is told once more when the release has left it to us.
Event EventOf(const RollbackTrigger& trigger) {
  return {.at_ns = trigger.created_ns,
          .kind = "trigger",
          .service = trigger.service,
          .deploy_id = trigger.deploy_id,
          .trigger_id = trigger.id,
          .repo = trigger.repo,
          .commit = trigger.head,
          .key = "trigger:" + trigger.id + (trigger.state == TriggerState::kInRelease ? ":in_release" : ""),
          .text = ToEvent(trigger)};
}

Event EventOf(const Recovery& recovery) {
  return {.at_ns = recovery.at_ns,
          .kind = "recovery",
          .service = recovery.service,
          .deploy_id = recovery.deploy_id,
          .trigger_id = recovery.trigger_id,
          .text = ToEvent(recovery)};
}

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
  WriteOrKeep(Told([this, deploy] { return store_->WriteDeploy(deploy); }, EventOf(deploy)));
}

void StoreSink::OnVerdict(const Verdict& verdict) {
  Keep(Told([this, verdict] { return store_->WriteVerdict(verdict); }, EventOf(verdict)));
}

void StoreSink::OnFollowUp(const FollowUp& follow_up) {
  Keep(Told([this, follow_up] { return store_->WriteFollowUp(follow_up); }, EventOf(follow_up)));
}

void StoreSink::OnDecision(const Decision& decision) {
  WriteOrKeep(Told([this, decision] { return store_->WriteDecision(decision); }, EventOf(decision)));
}

Status StoreSink::OnTrigger(const RollbackTrigger& trigger) {
  const Event event = EventOf(trigger);
  const auto write = [&] {
    REVERTD_RETURN_IF_ERROR(store_->WriteTrigger(trigger));
    return store_->WriteEvents({event});
  };
  // With the verdict that it comes of: waiting for the disk is most of a trigger's delay, and a second wait as much.
  const auto write_all = [&] {
    for (const Write& told : backlog_) REVERTD_RETURN_IF_ERROR(told());
    return write();
  };
  if (!failure_.empty()) {
    REVERTD_RETURN_IF_ERROR(store_->Together(write));  // it does not wait for what cannot be written
  } else {
    REVERTD_RETURN_IF_ERROR(store_->Together(write_all));
    backlog_.clear();
  }
  trigger_written_();
  events_->Print(event.text);
  return OkStatus();
}

void StoreSink::OnRecovery(const Recovery& recovery) {
  WriteOrKeep(Told([this, recovery] { return store_->WriteRecovery(recovery); }, EventOf(recovery)));
}

void StoreSink::OnEvent(const Event& event) {
  // A delivery that comes again is one event. A state that cannot say whether it knows it finds out when it is written.
  const StatusOr<bool> is_known = store_->HasEvent(event.key);
  if (is_known.ok() && *is_known) return;
  WriteOrKeep(Told([] { return OkStatus(); }, event));
}

StoreSink::Write StoreSink::Told(Write write, Event event) {
  events_->Print(event.text);
  return [this, write = std::move(write), event = std::move(event)] {
    return store_->Together([&] {
      REVERTD_RETURN_IF_ERROR(write());
      return store_->WriteEvents({event});
    });
  };
}

void StoreSink::OnShadow(std::string_view service, int64_t start_second, std::string_view result) {
  const StoredShadow shadow{std::string(service), start_second, std::string(result)};
  WriteOrKeep([this, shadow] { return store_->WriteShadows({shadow}); });
}

void StoreSink::OnMinute(std::string_view service, int64_t start_second, std::string_view bytes) {
  minutes_.push_back({std::string(service), start_second, std::string(bytes)});
}

void StoreSink::OnErrorGroup(const ErrorGroupRecord& group) {
  const auto key = std::make_pair(group.service, group.fingerprint);
  if (error_groups_.size() == kGroupsWaitingMax && !error_groups_.contains(key)) {
    if (durable()) WriteGroupsAlone();
    if (!durable()) {
      ++writes_dropped_;
      return;
    }
  }
  ErrorGroupRecord& waiting = error_groups_[key];
  ErrorGroupRecord whole = group;
  if (whole.sample.empty() && !waiting.sample.empty()) {
    whole.sample = std::move(waiting.sample);
    whole.event_id = std::move(waiting.event_id);
  }
  waiting = std::move(whole);
}

void StoreSink::OnErrorBlock(const ErrorBlock& block) { error_blocks_.push_back(block); }

void StoreSink::OnSessionBlock(const SessionBlock& block) { session_blocks_.push_back(block); }

Status StoreSink::WriteErrorGroups() {
  for (const auto& [key, group] : error_groups_) REVERTD_RETURN_IF_ERROR(store_->WriteErrorGroup(group));
  return OkStatus();
}

void StoreSink::WriteGroupsAlone() {
  WriteOrKeep([this] { return store_->Together([this] { return WriteErrorGroups(); }); });
  if (durable()) error_groups_.clear();
}

bool StoreSink::HasGathered() const {
  return !seconds_.empty() || !blocks_.empty() || !minutes_.empty() || positions_ || !error_blocks_.empty() ||
         !session_blocks_.empty() || !error_groups_.empty();
}

// The groups stay where they are until they are written: a database that is away for long must not be left with a copy
// of each for every Flush.
StoreSink::Write StoreSink::TakeGathered() {
  return [this, seconds = std::exchange(seconds_, {}), blocks = std::exchange(blocks_, {}),
          minutes = std::exchange(minutes_, {}), positions = std::exchange(positions_, std::nullopt),
          error_blocks = std::exchange(error_blocks_, {}), session_blocks = std::exchange(session_blocks_, {})] {
    REVERTD_RETURN_IF_ERROR(store_->Together([&] {
      REVERTD_RETURN_IF_ERROR(store_->WriteHistory(seconds, blocks, positions, minutes));
      REVERTD_RETURN_IF_ERROR(store_->WriteErrorHistory(error_blocks, session_blocks));
      return WriteErrorGroups();
    }));
    error_groups_.clear();
    return OkStatus();
  };
}

void StoreSink::Flush(TimeNs now) {
  DrainBacklog();
  if (HasGathered()) {
    WriteOrKeep(TakeGathered());
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
      if (failure_.empty()) Say(std::string(MessageOf(status)) + "; what is not written is kept and tried again");
      failure_ = MessageOf(status);
      return;
    }
    backlog_.pop_front();
  }
  if (!failure_.empty()) {
    Say("state is written again" + (writes_dropped_ == 0
                                        ? std::string("; every write that waited is in it")
                                        : "; writes dropped so far: " + std::to_string(writes_dropped_)));
  }
  failure_.clear();
}

}  // namespace revertd
