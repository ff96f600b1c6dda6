#include "daemon/doors/manifest_keeper.h"

#include <chrono>
#include <utility>

namespace revertd {

ManifestKeeper::ManifestKeeper(const Config& config, Edges edges) : edges_(std::move(edges)) {
  if (!config.manifest.watch.empty()) watch_.emplace(config);
  if (!config.manifest.write.empty()) writer_.emplace(config.manifest.write);
}

ManifestKeeper::~ManifestKeeper() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void ManifestKeeper::Step() {
  if (watch_) Hear();
  if (writer_) Write();
}

void ManifestKeeper::Say(std::string_view words) {
  if (!words.empty()) edges_.say(words);
}

void ManifestKeeper::Hear() {
  DeployNews news = watch_->Poll(edges_.clock->Now());
  Say(news.words);
  for (Deploy& deploy : news.deploys) unposted_.push_back(std::move(deploy));
  PostAll();
}

void ManifestKeeper::PostAll() {
  while (!unposted_.empty()) {
    InboxMessage message;
    message.kind = InboxMessage::Kind::kDeployStart;
    message.deploy = unposted_.front();
    const Status status = edges_.state->Post(message);
    Say(posting_.Hear(status, "deploys of the manifest are taken again"));
    if (!status.ok()) return;
    unposted_.pop_front();
  }
}

// Every deploy and verdict is an event: without a new one there is nothing new to write.
void ManifestKeeper::Write() {
  const auto newest = edges_.state->ReadNewestEventId();
  if (newest.ok() && *newest == written_through_ && !writer_->is_behind()) return;
  Say(writer_->Update(*edges_.state, edges_.clock->Now()));
  if (newest.ok()) written_through_ = *newest;
}

void ManifestKeeper::Start() {
  thread_ = std::thread([this] { Run(); });
}

void ManifestKeeper::Run() {
  std::unique_lock lock(mutex_);
  while (!stop_) {
    lock.unlock();
    Step();
    lock.lock();
    changed_.wait_for(lock, std::chrono::nanoseconds(kEvery), [this] { return stop_; });
  }
}

}  // namespace revertd
