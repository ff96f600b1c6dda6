// The small tables of base/: counters, services, statuses.
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <thread>

#include "base/counters.h"
#include "base/service_table.h"
#include "base/status.h"

namespace revertd {
namespace {

TEST(Counters, HaveNamesOfTheirOwnAndCount) {
  std::set<std::string_view> names;
  Counters counters;
  for (size_t i = 0; i < kCounterCount; ++i) {
    const auto counter = static_cast<Counter>(i);
    EXPECT_FALSE(NameOf(counter).empty());
    names.insert(NameOf(counter));
    counters.Add(counter, i);
    counters.Add(counter);
    EXPECT_EQ(counters.Get(counter), i + 1);
    EXPECT_EQ(counters.Read()[i], i + 1);
  }
  EXPECT_EQ(names.size(), kCounterCount);
}

TEST(Counters, ADropIsALineThatBecameNoSample) {
  for (const Counter counter : {Counter::kLinesEmpty, Counter::kLinesTooLong, Counter::kLinesNoFormat,
                                Counter::kLinesBadTime, Counter::kLinesBadStatus, Counter::kLinesBadField,
                                Counter::kLinesTooLate, Counter::kLinesFromFuture, Counter::kLinesNoRoomInRing}) {
    EXPECT_TRUE(IsDrop(counter)) << NameOf(counter);
  }
  for (const Counter counter :
       {Counter::kBytesRead, Counter::kLinesRead, Counter::kLinesSampled, Counter::kLinesUnterminated,
        Counter::kLinesLate, Counter::kServicesOverflow, Counter::kReadErrors}) {
    EXPECT_FALSE(IsDrop(counter)) << NameOf(counter);
  }
}

TEST(ServiceTable, GivesDenseIndexesThatStay) {
  ServiceTable table(4);
  EXPECT_EQ(table.NameOf(ServiceTable::kOther), "_other");
  const ServiceId shop = table.Intern("shop");
  EXPECT_EQ(shop, 1U);
  EXPECT_EQ(table.Intern("shop"), shop);
  EXPECT_EQ(table.Intern("api"), 2U);
  EXPECT_EQ(table.Intern(""), 3U);
  EXPECT_EQ(table.Intern("one too many"), ServiceTable::kOther);
  EXPECT_EQ(table.Intern("api"), 2U) << "a full table still knows its own";
  EXPECT_EQ(table.Find("shop"), shop);
  EXPECT_EQ(table.Find("one too many"), std::nullopt);
  EXPECT_EQ(table.size(), 4U);
}

// A name that a reader can see is whole, also while the writer adds more.
TEST(ServiceTable, ReadersSeeWholeNames) {
  ServiceTable table(2000);
  std::jthread writer([&] {
    for (int i = 1; i < 2000; ++i)
      table.Intern("a service with a name too long for any small buffer " + std::to_string(i));
  });
  uint32_t seen = 0;
  while (seen < 2000) {
    seen = table.size();
    const ServiceId newest = seen - 1;
    if (newest == ServiceTable::kOther) continue;
    ASSERT_EQ(table.NameOf(newest), "a service with a name too long for any small buffer " + std::to_string(newest));
  }
}

TEST(Status, ItsCodeChoosesTheExitCode) {
  EXPECT_EQ(ExitCodeOf(OkStatus()), ExitCode::kDone);
  EXPECT_EQ(ExitCodeOf(InvalidArgument("x")), ExitCode::kUsage);
  for (const Status& status : {NotFound("x"), Unavailable("x"), FailedPrecondition("x"), Internal("x")}) {
    EXPECT_EQ(ExitCodeOf(status), ExitCode::kWorldFailed);
  }
}

TEST(Status, AnnotationSaysWhatWeWereDoing) {
  EXPECT_TRUE(Annotate(OkStatus(), "reading").ok());
  const Status status = Annotate(InvalidArgument("no such key"), "reading the config");
  EXPECT_EQ(MessageOf(status), "reading the config: no such key");
  EXPECT_EQ(ExitCodeOf(status), ExitCode::kUsage);
}

}  // namespace
}  // namespace revertd
