// Questions whose answers a test gives: at once, or when the test opens their latch.
//
// Thread contract: asked on any thread; the test's own thread does the rest.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/clock.h"
#include "config/config.h"
#include "daemon/health/health_question.h"

namespace revertd {

// A server that hangs until the test lets go of it.
class Latch {
 public:
  void Pass() {
    std::unique_lock lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
  }
  void Open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void AwaitWaiting(size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waiting_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  size_t waiting_ = 0;
  bool open_ = false;
};

// How often something happened, for a test that waits until it happened so often.
class Turnstile {
 public:
  void Add() {
    const std::lock_guard lock(mutex_);
    ++count_;
    changed_.notify_all();
  }
  void Await(size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return count_ >= count; });
  }
  size_t count() const {
    const std::lock_guard lock(mutex_);
    return count_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  size_t count_ = 0;
};

inline HealthResult ResultOf(const std::string& check, HealthLevel level, TimeNs at_ns) {
  HealthResult result;
  result.service = "shop";
  result.check = check;
  result.level = level;
  result.reason = std::string(NameOf(level));
  result.at_ns = at_ns;
  return result;
}

// A check of the service "shop" that is well; `before`: what happens before its answer.
inline HealthQuestion QuestionOf(const std::string& check, DurationNs every, std::function<void()> before) {
  return {.service = "shop", .check = check, .every = every, .ask = [check, before = std::move(before)](TimeNs now) {
            before();
            return ResultOf(check, HealthLevel::kOk, now);
          }};
}

// What a board has to know of them.
inline Config ConfigOf(const std::vector<std::string>& checks) {
  Config config;
  config.services.emplace_back();
  config.services.back().name = "shop";
  for (const std::string& check : checks) config.services.back().health.checks.push_back({.name = check, .url = ""});
  return config;
}

}  // namespace revertd
