#include "daemon/api/context.h"

#include <algorithm>
#include <utility>

#include "daemon/commands.h"
#include "daemon/doors/sentry_cli.h"

namespace revertd {

StatusOr<ExecutorStore*> ApiContext::Executor() {
  if (!executor_) {
    auto store = ExecutorStore::Open(ExecutorDatabaseOf(config()), ExecutorStore::Access::kCommandsOnly);
    if (!store.ok()) return store.status();
    executor_ = *std::move(store);
  }
  return executor_.get();
}

bool ApiContext::IsNewDelivery(const std::string& key) {
  if (std::find(deliveries_.begin(), deliveries_.end(), key) != deliveries_.end()) return false;
  if (deliveries_.size() == kRememberedMax) deliveries_.pop_front();
  deliveries_.push_back(key);
  return true;
}

void ApiContext::ForgetDelivery(const std::string& key) { std::erase(deliveries_, key); }

void ApiContext::RememberRelease(const Told& release) {
  Told newest = release;
  // `set-commits` knows the commit, `finalize` does not: what was said once stays.
  if (const Told* known = FindRelease(release.version)) FillFromRelease(*known, &newest);
  if (!release.commit.empty()) newest.commit = release.commit;
  std::erase_if(releases_, [&](const Told& known) { return known.version == release.version; });
  if (releases_.size() == kRememberedMax) releases_.pop_front();
  releases_.push_back(std::move(newest));
}

const Told* ApiContext::FindRelease(std::string_view version) const {
  const auto found =
      std::find_if(releases_.begin(), releases_.end(), [&](const Told& known) { return known.version == version; });
  return found == releases_.end() ? nullptr : &*found;
}

}  // namespace revertd
