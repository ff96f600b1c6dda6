#include "actions/channel_worker.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "actions/forge.h"
#include "actions/notice.h"
#include "base/strings.h"

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

bool ChannelWorker::Offer(ChannelTry order) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (queue_.size() >= kTriesMax) return false;
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
    const ChannelTry order = queue_.front();
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

ChannelResult ChannelWorker::Make(const ChannelTry& order) {
  ChannelResult result;
  result.delivery_id = order.delivery_id;
  const StatusOr<Notice> notice = NoticeFromJson(order.notice);
  if (!notice.ok()) {
    result.outcome = {TryOutcome::Kind::kGivenUp, std::string(MessageOf(notice.status()))};
    return result;
  }
  if (channel_.kind == ChannelConfig::Kind::kCommand) {
    ProcessSpec spec = RenderCommand(channel_, environment_, *notice);
    spec.stop = &stop_;
    result.outcome = JudgeExit(RunProcess(spec));
    return result;
  }
  // Read anew at each try, so that a rotated secret is taken up without a restart.
  std::string url = channel_.url;
  std::string secret;
  std::vector<std::string> secrets;
  for (const auto& [from, to] : {std::pair(&channel_.secret_url, &url), std::pair(&channel_.secret, &secret)}) {
    if (!from->given()) continue;
    StatusOr<std::string> text = ReadSecret(*from);
    if (!text.ok()) {
      result.outcome = Failed(text.status());
      return result;
    }
    *to = *std::move(text);
    secrets.push_back(*to);
  }
  const StatusOr<HttpRequest> request = Render(channel_, url, secret, *notice);
  if (!request.ok()) {
    result.outcome = Failed(request.status());
    return result;
  }
  StatusOr<HttpResponse> answer = http_->Send(*request);
  result.outcome = JudgeAnswer(answer, secrets);
  if (answer.ok()) {
    result.answer = *std::move(answer);
    result.answer.body.clear();
  }
  return result;
}

std::vector<std::string> WithoutSecretVariables(std::vector<std::string> environment, const Config& config) {
  std::vector<std::string> names;
  const auto add = [&names](const SecretConfig& secret) {
    if (!secret.env.empty()) names.push_back(secret.env + "=");
  };
  for (const ChannelConfig& channel : config.notify) {
    add(channel.secret);
    add(channel.secret_url);
  }
  for (const RepoConfig& repo : config.repos) {
    if (repo.forge) add(repo.forge->token);
  }
  std::erase_if(environment, [&names](const std::string& variable) {
    return std::any_of(names.begin(), names.end(),
                       [&variable](const std::string& name) { return variable.starts_with(name); });
  });
  return environment;
}

}  // namespace revertd
