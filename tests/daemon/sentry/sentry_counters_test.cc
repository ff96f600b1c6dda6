#include "daemon/sentry/sentry_counters.h"

#include <gtest/gtest.h>

namespace revertd {
namespace {

TEST(SentryCounters, AreOneValueWithoutWhatIsZero) {
  SentryCounters counters;
  JsonWriter json;
  AppendValue(json, counters);
  EXPECT_EQ(json.Take(), R"({"requests":{},"items":{},"events":{}})");
  counters.requests[static_cast<size_t>(SentryAnswer::kQueueFull)] = 2;
  counters.items[static_cast<size_t>(SentryItem::kRefused)] = 3;
  counters.events[static_cast<size_t>(ErrorLevel::kFatal)] = 4;
  counters.tee_dropped = 5;
  AppendValue(json, counters);
  EXPECT_EQ(json.Take(), R"({"requests":{"queue_full":2},"items":{"refused":3},"events":{"fatal":4},"tee_dropped":5})");
}

TEST(SentryCounters, EachAnswerHasANameOfItsOwn) {
  for (size_t i = 0; i < kSentryAnswerCount; ++i) {
    for (size_t j = 0; j < i; ++j) {
      EXPECT_NE(NameOf(static_cast<SentryAnswer>(i)), NameOf(static_cast<SentryAnswer>(j)));
    }
  }
}

}  // namespace
}  // namespace revertd
