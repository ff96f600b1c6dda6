#include "actions/channel_worker.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "actions/forge.h"
#include "actions/notice.h"
#include "base/strings.h"
#include "config/secrets.h"

namespace revertd {
namespace {

TryOutcome Failed(const Status& status) {
  return {TryOutcome::Kind::kFailed, CutText(Printable(MessageOf(status)), kNoticeLineBytesMax)};
}

}  // namespace

void ChannelResults::Add(ChannelResult result) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    results_.push_back(std::move(result));
  }
  if (wake_) wake_();
}

std::vector<ChannelResult> ChannelResults::TakeAll() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return std::exchange(results_, {});
}

ChannelWorker::ChannelWorker(ChannelConfig channel, std::vector<std::string> environment,
                             std::unique_ptr<HttpClient> http, ChannelResults* results)
    : channel_(std::move(channel)),
      environment_(std::move(environment)),
      http_(std::move(http)),
      results_(results),
      thread_(&ChannelWorker::Run, this) {}

ChannelWorker::~ChannelWorker() {
  Stop();
  thread_.join();
}

void ChannelWorker::Stop() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stop_.store(true);
  }
  changed_.notify_one();
}

bool ChannelWorker::Offer(ChannelOrder order) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (queue_.size() >= kOrdersMax) return false;
    queue_.push_back(std::move(order));
  }
  changed_.notify_one();
  return true;
}

void ChannelWorker::Run() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stop_.load() || !queue_.empty(); });
    if (stop_.load()) return;
    const ChannelOrder order = queue_.front();
    lock.unlock();
    ChannelResult result = Make(order);
    // A command that we ended ourselves has not failed: its row stays due, and its tries are not fewer.
    const bool unfinished = stop_.load() && result.outcome.kind != TryOutcome::Kind::kDelivered;
    lock.lock();
    queue_.pop_front();  // before the answer is told, so that whoever hears it finds the room
    lock.unlock();
    if (!unfinished) results_->Add(std::move(result));
    lock.lock();
  }
}

ChannelResult ChannelWorker::Make(const ChannelOrder& order) {
  ChannelResult result{.channel = channel_.name, .delivery_id = order.delivery_id};
  if (order.delivery_id == 0) {
    result.outcome = Reach();
  } else {
    Deliver(order, &result);
  }
  return result;
}

void ChannelWorker::Deliver(const ChannelOrder& order, ChannelResult* result) {
  const StatusOr<Notice> notice = NoticeFromJson(order.notice);
  if (!notice.ok()) {
    result->outcome = {TryOutcome::Kind::kGivenUp, std::string(MessageOf(notice.status()))};
    return;
  }
  if (channel_.kind == ChannelConfig::Kind::kCommand) {
    ProcessSpec spec = RenderCommand(channel_, environment_, *notice);
    spec.stop = &stop_;
    result->outcome = JudgeExit(RunProcess(spec));
    return;
  }
  const StatusOr<Address> address = ReadAddress();
  const StatusOr<HttpRequest> request =
      address.ok() ? Render(channel_, address->url, address->secret, *notice) : address.status();
  if (!request.ok()) {
    result->outcome = Failed(request.status());
    return;
  }
  StatusOr<HttpResponse> answer = http_->Send(*request);
  result->outcome = JudgeAnswer(answer, address->secrets);
  if (answer.ok()) {
    result->answer = *std::move(answer);
    result->answer.body.clear();
  }
}

TryOutcome ChannelWorker::Reach() {
  Status status;
  if (channel_.kind == ChannelConfig::Kind::kCommand) {
    status = CheckProgram(channel_.command.given() ? channel_.command.argv.front() : "", environment_);
  } else if (const StatusOr<Address> address = ReadAddress(); !address.ok()) {
    status = address.status();
  } else if (status = http_->Reach(address->url); !status.ok()) {
    status = Unavailable(WithoutSecrets(MessageOf(status), address->secrets));
  }
  return status.ok() ? TryOutcome{TryOutcome::Kind::kDelivered, "reached"} : Failed(status);
}

StatusOr<ChannelWorker::Address> ChannelWorker::ReadAddress() const {
  Address address;
  address.url = channel_.url;
  for (const auto& [from, to] :
       {std::pair(&channel_.secret_url, &address.url), std::pair(&channel_.secret, &address.secret)}) {
    if (!from->given()) continue;
    StatusOr<std::string> text = ReadSecret(*from);
    if (!text.ok()) return text.status();
    *to = *std::move(text);
    address.secrets.push_back(*to);
  }
  return address;
}

std::vector<std::string> WithoutSecretVariables(std::vector<std::string> environment, const Config& config) {
  std::vector<std::string> names;
  for (const NamedSecret& secret : SecretsOf(config)) {
    if (!secret.where->env.empty()) names.push_back(secret.where->env + "=");
  }
  std::erase_if(environment, [&names](const std::string& variable) {
    return std::any_of(names.begin(), names.end(),
                       [&variable](const std::string& name) { return variable.starts_with(name); });
  });
  return environment;
}

}  // namespace revertd
