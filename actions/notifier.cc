#include "actions/notifier.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "actions/forge.h"
#include "actions/notices.h"
#include "actions/process.h"
#include "base/json_writer.h"

namespace revertd {
namespace {

// Above what all channels of a configuration may have waiting; what more there is, is read once these have ended.
constexpr int kPendingReadMax = 2048;

// The row's event of a channel that is asked whether it works again.
constexpr std::string_view kChannelProbe = "channel_probe";

// The rows of "channel_failing" carry the time in their event, since a row is unique by channel, key and event, and a
// channel may fail again.
std::string RowEvent(std::string_view event, TimeNs at_ns) {
  return std::string(event) + "@" + std::to_string(FloorToSecond(at_ns));
}
bool IsOfChannel(std::string_view row_event, std::string_view event) {
  return row_event.starts_with(event) && row_event.substr(event.size()).starts_with('@');
}

}  // namespace

Notifier::Notifier(const Config& config, ExecutorStore* journal, NotifierParts parts)
    : journal_(journal), parts_(std::move(parts)), random_(parts_.seed), results_(parts_.wake) {
  const std::vector<std::string> environment = WithoutSecretVariables(OwnEnvironment(), config);
  for (const ChannelConfig& channel : config.notify) {
    workers_.emplace(channel.name,
                     std::make_unique<ChannelWorker>(channel, environment, parts_.make_http(), &results_));
  }
}

Notifier::~Notifier() {
  for (const auto& [name, worker] : workers_) worker->Stop();
  workers_.clear();
  // What was delivered meanwhile would else be delivered again; where this fails it is.
  if (now_ns_ != 0) Collect(now_ns_).IgnoreError();
}

Status Notifier::Tell(const Notice& notice) {
  return Queue(notice, notice.event, [](std::string_view) { return true; });
}

Status Notifier::TellAllBut(std::string_view channel, const Notice& notice) {
  return Queue(notice, notice.event, [channel](std::string_view other) { return other != channel; });
}

Status Notifier::Pump(TimeNs now) {
  now_ns_ = now;
  if (!failing_) {
    REVERTD_RETURN_IF_ERROR(LoadReaches(now));
    REVERTD_RETURN_IF_ERROR(LoadFailing());
  }
  REVERTD_RETURN_IF_ERROR(Collect(now));
  REVERTD_RETURN_IF_ERROR(Probe(now));
  REVERTD_RETURN_IF_ERROR(Refresh());
  REVERTD_RETURN_IF_ERROR(EndUnknownChannels(now));
  HandOut(now);
  ReachOut(now);
  return OkStatus();
}

Status Notifier::Refresh() {
  if (!pending_is_stale_) return OkStatus();
  auto pending = journal_->ReadDueDeliveries(std::numeric_limits<TimeNs>::max(), kPendingReadMax);
  if (!pending.ok()) return pending.status();
  pending_ = *std::move(pending);
  pending_is_stale_ = false;
  return OkStatus();
}

Status Notifier::LoadReaches(TimeNs now) {
  const auto unreached = journal_->ReadUnreached();
  if (!unreached.ok()) return unreached.status();
  reaches_.clear();
  for (const auto& [name, worker] : workers_) reaches_.emplace(name, ChannelReach("", now));
  for (const auto& [channel, why] : *unreached) {
    const auto found = reaches_.find(channel);
    if (found != reaches_.end()) {
      found->second = ChannelReach(why, now);
    } else {  // no longer configured
      REVERTD_RETURN_IF_ERROR(journal_->WriteUnreached(channel, ""));
    }
  }
  return OkStatus();
}

Status Notifier::LoadFailing() {
  std::set<std::string, std::less<>> failing;
  for (const auto& [name, worker] : workers_) {
    const auto told = journal_->ReadDeliveries(ChannelKey(name));
    if (!told.ok()) return told.status();
    const auto newest = std::find_if(told->rbegin(), told->rend(), [&name = name](const Delivery& row) {
      return row.channel != name;  // its own is a probe
    });
    if (newest != told->rend() && IsOfChannel(newest->event, kChannelFailing)) failing.insert(name);
  }
  failing_ = std::move(failing);
  return OkStatus();
}

Status Notifier::HearReachOf(const ChannelResult& result, TimeNs now) {
  const auto known = reaches_.find(result.channel);
  if (known == reaches_.end()) return OkStatus();
  const bool is_well = result.outcome.kind == TryOutcome::Kind::kDelivered;
  ChannelReach heard = known->second;
  if (result.delivery_id == 0) {
    heard.Answer(is_well ? "" : result.outcome.text);
  } else if (is_well) {
    heard.Arrive();
  }
  return HearReach(result.channel, heard, now);
}

Status Notifier::HearReach(const std::string& channel, const ChannelReach& heard, TimeNs now) {
  ChannelReach& known = reaches_.at(channel);
  if (heard.unreached() != known.unreached()) {
    const auto hurried = hurried_.find(channel);
    const bool was_lately = hurried != hurried_.end() && now >= hurried->second && now - hurried->second < kHurryEvery;
    const bool hurries = heard.unreached().empty() && !was_lately;
    REVERTD_RETURN_IF_ERROR(journal_->Together([&]() -> Status {
      REVERTD_RETURN_IF_ERROR(journal_->WriteUnreached(channel, heard.unreached()));
      return hurries ? journal_->HurryDeliveries(channel, now) : OkStatus();
    }));
    if (hurries) {
      hurried_[channel] = now;
      probings_.erase(channel);
      probed_ns_.reset();
      pending_is_stale_ = true;
    }
  }
  known = heard;
  return OkStatus();
}

size_t Notifier::reaching() const {
  return static_cast<size_t>(
      std::count_if(reaches_.begin(), reaches_.end(), [](const auto& one) { return one.second.is_under_way(); }));
}

// After what is due: a channel that has a message under way is told by it how it does.
void Notifier::ReachOut(TimeNs now) {
  for (auto& [name, reach] : reaches_) {
    if (!reach.IsDue(now)) continue;
    const bool is_busy = std::any_of(under_way_.begin(), under_way_.end(),
                                     [&name = name](const auto& one) { return one.second.channel == name; });
    if (!is_busy && workers_.at(name)->Offer({})) reach.Begin(now);
  }
}

// Nothing is written to a channel that was given up until something happens, and nothing tells that it was corrected.
Status Notifier::Probe(TimeNs now) {
  if (probed_ns_ && now >= *probed_ns_ && now - *probed_ns_ < kProbeEvery) return OkStatus();
  for (const auto& [name, worker] : workers_) {
    const auto state = journal_->ReadChannel(name);
    if (!state.ok()) return state.status();
    if (!state->failing || state->has_waiting || !state->unreached.empty()) continue;
    Probing& probing = probings_[name];
    // Further ahead than any wait of ours: the clock was set back.
    if (probing.next_ns > now && probing.next_ns <= now + kProbeEveryMax) continue;
    const Notice notice = ChannelWorking(name, {now, ""});
    REVERTD_RETURN_IF_ERROR(Queue(notice, RowEvent(kChannelProbe, now),
                                  [&name = name](std::string_view channel) { return channel == name; }));
    probing.next_ns = now + probing.wait;
    probing.wait = std::min(2 * probing.wait, kProbeEveryMax);
  }
  probed_ns_ = now;
  return OkStatus();
}

Status Notifier::Queue(const Notice& notice, std::string_view row_event, const IsFor& is_for) {
  REVERTD_RETURN_IF_ERROR(Refresh());
  const Notice bounded = Bounded(notice);
  Delivery delivery;
  delivery.key = bounded.key;
  delivery.event = row_event == notice.event ? bounded.event : row_event;
  delivery.notice = ToJson(bounded);
  delivery.created_ns = bounded.at_ns;
  delivery.next_ns = 0;  // at once, whatever the clock of `at_ns` was
  std::vector<DeliveryEnd> refused;
  REVERTD_RETURN_IF_ERROR(journal_->Together([&]() -> Status {
    for (const auto& [name, worker] : workers_) {
      if (!is_for(name)) continue;
      const auto is_its = [&name = name](const Delivery& other) { return other.channel == name; };
      if (std::count_if(pending_.begin(), pending_.end(), is_its) >= kPendingMax) {
        refused.push_back({name, delivery.key, delivery.event, false, "queue_full", 0, bounded.at_ns});
        REVERTD_RETURN_IF_ERROR(AuditEnd(refused.back()));
        continue;
      }
      delivery.channel = name;
      REVERTD_RETURN_IF_ERROR(journal_->QueueDelivery(delivery));
    }
    return OkStatus();
  }));
  pending_is_stale_ = true;
  counters_.queue_full += static_cast<int64_t>(refused.size());
  for (const DeliveryEnd& end : refused) {
    if (parts_.on_end) parts_.on_end(end);
  }
  return OkStatus();
}

void Notifier::HandOut(TimeNs now) {
  std::set<std::pair<std::string_view, std::string_view>> seen;  // channel and key
  for (const Delivery& delivery : pending_) {
    const bool is_first = seen.emplace(delivery.channel, delivery.key).second;
    // Further ahead than any wait of ours: written by a clock that was wrong.
    const bool due = delivery.next_ns <= now || delivery.next_ns > now + kRetryWaitMax;
    if (!is_first || !due || under_way_.contains(delivery.id)) continue;
    const auto worker = workers_.find(delivery.channel);
    if (worker == workers_.end() || !worker->second->Offer({delivery.id, delivery.notice})) continue;
    under_way_.emplace(delivery.id, delivery);
  }
}

Status Notifier::Collect(TimeNs now) {
  for (ChannelResult& result : results_.TakeAll()) answered_.push_back(std::move(result));
  while (!answered_.empty()) {
    REVERTD_RETURN_IF_ERROR(HearReachOf(answered_.front(), now));
    const auto delivery = under_way_.find(answered_.front().delivery_id);
    if (delivery != under_way_.end()) {
      REVERTD_RETURN_IF_ERROR(Write(delivery->second, answered_.front(), now));
      under_way_.erase(delivery);
      pending_is_stale_ = true;
    }
    answered_.pop_front();
  }
  return OkStatus();
}

Status Notifier::Write(const Delivery& delivery, const ChannelResult& result, TimeNs now) {
  using Kind = TryOutcome::Kind;
  const int64_t tries = delivery.tries + 1;
  if (result.outcome.kind == Kind::kFailed && tries < kTriesMax) {
    const std::optional<DurationNs> asked = AskedToWait(result.answer, now);
    const TimeNs next_ns = now + WaitAfter(tries, asked);
    REVERTD_RETURN_IF_ERROR(
        journal_->RetryDelivery(delivery.id, next_ns, result.outcome.text, /*asked_to_wait=*/asked.has_value()));
    ++counters_.retried;
    return OkStatus();
  }
  return End(delivery, tries, result.outcome.kind == Kind::kDelivered, result.outcome.text, now);
}

Status Notifier::End(const Delivery& delivery, int64_t tries, bool delivered, std::string_view outcome, TimeNs now) {
  const DeliveryEnd end{delivery.channel, delivery.key, delivery.event, delivered, std::string(outcome), tries, now};
  StatusOr<bool> told = false;
  REVERTD_RETURN_IF_ERROR(journal_->Together([&]() -> Status {
    REVERTD_RETURN_IF_ERROR(journal_->EndDelivery(delivery.id, now, outcome));
    REVERTD_RETURN_IF_ERROR(AuditEnd(end));
    told = TellOfChannel(delivery, delivered, outcome, now);
    return told.status();
  }));
  if (delivered) probings_.erase(delivery.channel);
  if (*told && delivered) failing_->erase(delivery.channel);
  if (*told && !delivered) failing_->insert(delivery.channel);
  pending_is_stale_ = true;
  ++(delivered ? counters_.delivered : counters_.given_up);
  if (parts_.on_end) parts_.on_end(end);
  return OkStatus();
}

Status Notifier::EndUnknownChannels(TimeNs now) {
  for (const Delivery& delivery : pending_) {
    if (workers_.contains(delivery.channel)) continue;
    REVERTD_RETURN_IF_ERROR(End(delivery, delivery.tries, false, "channel_not_configured", now));
  }
  return Refresh();
}

// The others hear that this channel fails, and then that it works again: whether they do now. A channel's own failure
// to tell of another one is told to nobody: two broken channels would tell of each other forever.
StatusOr<bool> Notifier::TellOfChannel(const Delivery& delivery, bool delivered, std::string_view outcome, TimeNs now) {
  const std::string& channel = delivery.channel;
  if (!workers_.contains(channel) || !failing_ || delivered != failing_->contains(channel)) return false;
  if (!delivered) {
    const std::string& event = delivery.event;
    for (const std::string_view of_channels : {kChannelFailing, kChannelWorking, kChannelProbe}) {
      if (IsOfChannel(event, of_channels)) return false;
    }
    const auto told = journal_->ReadDeliveries(ChannelKey(channel));
    if (!told.ok()) return told.status();
    const bool told_lately = std::any_of(told->begin(), told->end(), [now](const Delivery& row) {
      return IsOfChannel(row.event, kChannelFailing) && row.created_ns > now - kTellFailingEvery;
    });
    if (told_lately) return false;
  }
  const auto head = journal_->ReadAuditHead();
  if (!head.ok()) return head.status();
  const NoticeContext context{now, head->text()};
  const Notice notice = delivered ? ChannelWorking(channel, context) : ChannelFailing(channel, outcome, context);
  const auto is_other = [&channel](std::string_view other) { return other != channel; };
  REVERTD_RETURN_IF_ERROR(Queue(notice, RowEvent(notice.event, now), is_other));
  return true;
}

Status Notifier::AuditEnd(const DeliveryEnd& end) {
  JsonWriter json;
  json.BeginObject().Field("channel", end.channel).Field("event", end.event).Field("delivered", end.delivered);
  json.Field("outcome", end.outcome).Field("tries", end.tries).EndObject();
  return journal_->Audit("delivery", end.key, json.text(), end.at_ns);
}

DurationNs Notifier::WaitAfter(int64_t tries, std::optional<DurationNs> asked) {
  if (asked) return std::clamp(*asked, kRetryWaitMin, kRetryWaitMax);
  const DurationNs ceiling = std::min(kRetryWaitMax, kFirstRetryWaitMax << (tries - 1));
  return kRetryWaitMin + static_cast<DurationNs>(random_() % static_cast<uint64_t>(ceiling - kRetryWaitMin + 1));
}

}  // namespace revertd
