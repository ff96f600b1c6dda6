// The API on a real state in a folder of the test's own, without a server: what would come over a socket is handed to
// it, and what the sidecar would carry out is looked at in the inbox.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "config/config.h"
#include "daemon/api/api.h"
#include "daemon/api/board.h"
#include "daemon/health/health_board.h"
#include "daemon/sentry/sentry_door.h"
#include "daemon/sentry/sentry_intake.h"
#include "store/executor_store.h"
#include "store/state_store.h"
#include "tests/test_folder.h"

namespace revertd {

class SetClock final : public Clock {
 public:
  TimeNs Now() const override { return now_ns; }
  void SleepFor(DurationNs duration) override { now_ns += duration; }
  TimeNs now_ns = 1'763'694'609 * kSecondNs;
};

class ApiTest : public ::testing::Test {
 protected:
  using Headers = std::vector<std::pair<std::string, std::string>>;

  ApiTest();
  // With these secrets, and perhaps on a unix socket. Before the first question.
  void Listen(ApiSecrets secrets, bool is_unix = false);
  // With error events taken so. Before the first question; `secrets` as above.
  void TakeErrors(SentryConfig sentry, ApiSecrets secrets = {});
  // As the server does: admission, then the answer; a wait or a stream ends the test.
  HttpReply Ask(std::string_view method, std::string_view target, std::string body = "", Headers headers = {});
  HttpAnswer AskOpen(std::string_view method, std::string_view target, std::string body = "", Headers headers = {});
  HttpReply Get(std::string_view target) { return Ask("GET", target); }
  HttpReply Post(std::string_view target, std::string body) { return Ask("POST", target, std::move(body)); }
  // What waits for the sidecar, oldest first.
  std::vector<InboxMessage> Inbox() const;
  // The deploy as the sidecar would have taken it up.
  Deploy Known(const std::string& id, const std::string& head = "", bool is_finished = true);
  void Judge(const Deploy& deploy, VerdictState state, std::string_view reason);

  TestFolder folder_;
  Config config_;
  SetClock clock_;
  Board board_;
  std::unique_ptr<HealthBoard> health_;  // of no checks
  std::unique_ptr<StateStore> owner_;
  std::unique_ptr<StateStore> inbox_;
  std::unique_ptr<SentryIntake> intake_;  // none unless TakeErrors
  std::unique_ptr<SentryDoor> sentry_;    // the same
  std::unique_ptr<Api> api_;
};

}  // namespace revertd
