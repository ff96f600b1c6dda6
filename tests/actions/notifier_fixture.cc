#include "tests/actions/notifier_fixture.h"

#include <chrono>
#include <utility>

#include "actions/notice.h"

namespace revertd {
namespace {

constexpr std::string_view kKey = "shop-0123abcd-7";
// So long waits nobody for a thread that lives.
constexpr std::chrono::seconds kPatience{60};

class ScriptedClient final : public HttpClient {
 public:
  explicit ScriptedClient(ChannelScript* script) : script_(script) {}
  StatusOr<HttpResponse> Send(const HttpRequest& request) override { return script_->Send(request); }
  Status Reach(const std::string& url) override { return script_->Reach(url); }

 private:
  ChannelScript* const script_;
};

}  // namespace

void ChannelScript::Answer(const std::string& url, StatusOr<HttpResponse> answer) {
  const std::lock_guard<std::mutex> lock(mutex_);
  answers_[url].push_back(std::move(answer));
}

void ChannelScript::Forget(const std::string& url) {
  const std::lock_guard<std::mutex> lock(mutex_);
  answers_[url].clear();
}

void ChannelScript::Hang(const std::string& url) {
  const std::lock_guard<std::mutex> lock(mutex_);
  hanging_ = url;
}

void ChannelScript::WaitUntilItHangs() { EXPECT_TRUE(hangs_.try_acquire_for(kPatience)); }

void ChannelScript::Cut(const std::string& url, const std::string& why) {
  const std::lock_guard<std::mutex> lock(mutex_);
  cut_[url] = why;
}

Status ChannelScript::Reach(const std::string& url) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return cut_[url].empty() ? OkStatus() : Unavailable(cut_[url]);
}

StatusOr<HttpResponse> ChannelScript::Send(const HttpRequest& request) {
  bool hangs = false;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    requests_.push_back(request);
    if (!cut_[request.url].empty()) return Unavailable(cut_[request.url]);
    hangs = hanging_ == request.url;
    if (hangs) hanging_.clear();
  }
  if (hangs) {
    hangs_.release();
    released_.acquire();
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  std::deque<StatusOr<HttpResponse>>& answers = answers_[request.url];
  if (answers.empty()) return HttpResponse{200, {}, ""};
  StatusOr<HttpResponse> answer = answers.front();
  answers.pop_front();
  return answer;
}

std::vector<HttpRequest> ChannelScript::RequestsTo(const std::string& url) {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<HttpRequest> found;
  for (const HttpRequest& request : requests_) {
    if (request.url == url) found.push_back(request);
  }
  return found;
}

std::vector<std::string> ChannelScript::EventsAt(const std::string& url) {
  std::vector<std::string> events;
  for (const HttpRequest& request : RequestsTo(url)) {
    const auto notice = NoticeFromJson(request.body);
    events.push_back(notice.ok() ? notice->event : "not a notice");
  }
  return events;
}

ChannelConfig Webhook(const std::string& name, const std::string& url) {
  ChannelConfig channel;
  channel.name = name;
  channel.url = url;
  return channel;
}

HttpResponse Answered(int status) { return HttpResponse{status, {}, "words"}; }

void NotifierTest::Open() {
  notifier_.reset();
  journal_.reset();
  auto journal = ExecutorStore::Open(folder_.Path("executor.db"), ExecutorStore::Access::kOwner);
  ASSERT_TRUE(journal.ok()) << journal.status();
  journal_ = *std::move(journal);
}

void NotifierTest::Start() {
  NotifierParts parts;
  parts.make_http = [this] { return std::make_unique<ScriptedClient>(&script_); };
  parts.wake = [this] { results_.release(); };
  parts.on_end = [this](const DeliveryEnd& end) { ends_.push_back(end); };
  parts.seed = 7;
  notifier_ = std::make_unique<Notifier>(config_, journal_.get(), std::move(parts));
}

void NotifierTest::Restart() {
  Open();
  Start();
}

Notice NotifierTest::Make(const std::string& event) {
  Notice notice;
  notice.key = kKey;
  notice.event = event;
  notice.service = "shop";
  notice.summary = "shop: " + event;
  notice.at_ns = clock_.Now();
  return notice;
}

void NotifierTest::Tell(const std::string& event) { ASSERT_TRUE(notifier_->Tell(Make(event)).ok()); }

void NotifierTest::Pump() {
  const Status pumped = notifier_->Pump(clock_.Now());
  ASSERT_TRUE(pumped.ok()) << pumped;
}

void NotifierTest::Await() { ASSERT_TRUE(results_.try_acquire_for(kPatience)) << "no worker answered"; }

void NotifierTest::Settle() {
  Pump();
  while (notifier_->under_way() > 0 && !HasFatalFailure()) {
    Await();
    Pump();
  }
}

void NotifierTest::SettleThrough(DurationNs duration) {
  for (DurationNs passed = 0; passed < duration; passed += 30 * kSecondNs) {
    clock_.SleepFor(30 * kSecondNs);
    Settle();
  }
}

void NotifierTest::ReachAfter(DurationNs duration) {
  clock_.SleepFor(duration);
  Settle();
  while (notifier_->reaching() > 0 && !HasFatalFailure()) {
    Await();
    Settle();
  }
}

std::string NotifierTest::Unreached(const std::string& channel) {
  const auto state = journal_->ReadChannel(channel);
  EXPECT_TRUE(state.ok()) << state.status();
  return state.ok() ? state->unreached : "";
}

Delivery NotifierTest::Row(const std::string& channel, const std::string& event) {
  const auto rows = journal_->ReadDeliveries(kKey);
  EXPECT_TRUE(rows.ok()) << rows.status();
  if (!rows.ok()) return {};
  for (const Delivery& row : *rows) {
    if (row.channel == channel && row.event == event) return row;
  }
  ADD_FAILURE() << "no delivery of " << event << " to " << channel;
  return {};
}

std::vector<std::string> NotifierTest::Audited() {
  std::vector<std::string> rows;
  const Status read = journal_->ReadAudit([&rows](const AuditRow& row) {
    if (row.kind == "delivery") rows.push_back(row.subject + " " + row.text);
    return OkStatus();
  });
  EXPECT_TRUE(read.ok()) << read;
  return rows;
}

}  // namespace revertd
