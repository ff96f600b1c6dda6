#include "daemon/doors/branch_poller.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "actions/git_program.h"
#include "actions/process.h"

namespace revertd {
namespace {

// Where nothing is due for longer, or nothing at all, deploys may still wait to be posted.
constexpr DurationNs kRestMax = 10 * kSecondNs;

}  // namespace

StatusOr<BranchPoller::Edges> BranchPoller::OpenEdges(const Config& config, const std::string& state_folder,
                                                      Clock* clock, std::function<void(std::string_view)> say) {
  auto state = StateStore::Open(config.state, StateStore::Access::kInboxOnly);
  if (!state.ok()) return state.status();
  GitTimeLimits limits;
  limits.ask_remote = kAskLimit;
  Edges edges;
  edges.git = std::make_unique<GitProgram>(state_folder, OwnEnvironment(), clock, limits);
  edges.state = *std::move(state);
  edges.clock = clock;
  edges.say = std::move(say);
  return edges;
}

BranchPoller::BranchPoller(const Config& config, Edges edges) : edges_(std::move(edges)), watch_(config) {}

BranchPoller::~BranchPoller() {
  Stop();
  if (thread_.joinable()) thread_.join();
}

Status BranchPoller::Restore() {
  const auto deploys = edges_.state->ReadDeploys(0);
  if (!deploys.ok()) return Annotate(deploys.status(), "which head of a branch was deployed last is not known");
  watch_.Restore(*deploys);
  return OkStatus();
}

void BranchPoller::Start() { thread_ = std::thread(&BranchPoller::Run, this); }

void BranchPoller::Stop() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stop_ = true;
  }
  changed_.notify_one();
}

bool BranchPoller::stopped() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return stop_;
}

void BranchPoller::Run() {
  while (!stopped()) {
    const DurationNs rest = Step();
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait_for(lock, std::chrono::nanoseconds(rest), [this] { return stop_; });
  }
}

DurationNs BranchPoller::Step() {
  PostAll();
  for (const RepoConfig* repo : watch_.Due(edges_.clock->Now())) {
    if (stopped()) break;
    const BranchWatch::Head head = edges_.git->ReadRemoteBranch(*repo);
    // The time of the answer, not of the question: until then the old head may have been the branch's.
    Take(watch_.OnAnswer(*repo, head, edges_.clock->Now()));
  }
  return std::min(kRestMax, watch_.RestFor(edges_.clock->Now()).value_or(kRestMax));
}

void BranchPoller::Take(DeployNews news) {
  if (!news.words.empty()) edges_.say(news.words);
  for (Deploy& deploy : news.deploys) {
    if (unposted_.size() >= kUnpostedMax) {
      unposted_.pop_front();
      ++deploys_dropped_;
    }
    unposted_.push_back(std::move(deploy));
  }
  PostAll();
}

void BranchPoller::PostAll() {
  Status status;
  while (!unposted_.empty() && status.ok()) {
    InboxMessage message;
    message.kind = InboxMessage::Kind::kDeployStart;
    message.deploy = unposted_.front();
    status = edges_.state->Post(message);
    if (status.ok()) unposted_.pop_front();
  }
  const std::string words = posting_.Hear(status, "deploys of watched branches reach the inbox again");
  if (!words.empty()) edges_.say(words);
}

}  // namespace revertd
