// Freeze windows: when no step of a release begins.
#include "actions/release/freeze.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "absl/time/time.h"
#include "base/time_format.h"

namespace revertd {
namespace {

constexpr int kHour = 60;
constexpr int kDay = 24 * kHour;

TimeNs At(std::string_view text) { return ParseTime(text).value(); }

ReleaseFile FileWith(std::vector<FreezeWindow> windows, std::string zone = "UTC") {
  ReleaseFile file{.id = "r", .environment = "production", .stages = {}};
  file.time_zone = std::move(zone);
  file.freeze = std::move(windows);
  return file;
}

std::string UntilAt(const ReleaseFile& file, std::string_view time) {
  const auto frozen = FrozenAt(file, At(time));
  return frozen ? FormatRfc3339(frozen->until_ns) : "not frozen";
}

TEST(Freeze, WithoutWindowsAStepMayAlwaysBegin) { EXPECT_FALSE(FrozenAt(FileWith({}), At("2026-11-21T10:00:00Z"))); }

TEST(Freeze, HoldsFromItsFirstMinuteToItsEndAndSaysWhy) {
  // 2026-11-20 is a Friday.
  const ReleaseFile file = FileWith({{{4}, 16 * kHour, 2 * kHour, "nobody is there"}});
  EXPECT_EQ(UntilAt(file, "2026-11-20T15:59:59Z"), "not frozen");
  EXPECT_EQ(UntilAt(file, "2026-11-20T16:00:00Z"), "2026-11-20T18:00:00Z");
  EXPECT_EQ(UntilAt(file, "2026-11-20T17:59:59Z"), "2026-11-20T18:00:00Z");
  EXPECT_EQ(UntilAt(file, "2026-11-20T18:00:00Z"), "not frozen");
  EXPECT_EQ(UntilAt(file, "2026-11-21T17:00:00Z"), "not frozen");
  EXPECT_EQ(FrozenAt(file, At("2026-11-20T17:00:00Z"))->why, "nobody is there");
}

TEST(Freeze, RunsOnOverTheEndOfTheWeek) {
  const ReleaseFile file = FileWith({{{4}, 16 * kHour, 64 * kHour, "weekend"}});
  EXPECT_EQ(UntilAt(file, "2026-11-20T16:00:00Z"), "2026-11-23T08:00:00Z");
  EXPECT_EQ(UntilAt(file, "2026-11-23T07:59:00Z"), "2026-11-23T08:00:00Z");
  EXPECT_EQ(UntilAt(file, "2026-11-23T08:00:00Z"), "not frozen");
}

TEST(Freeze, WindowsThatJoinOnCountAsOne) {
  const ReleaseFile file =
      FileWith({{{2}, 10 * kHour, 60, "review"}, {{2}, 10 * kHour + 30, 60, "lunch"}, {{2}, 11 * kHour + 30, 15, ""}});
  // 2026-11-18 is a Wednesday.
  EXPECT_EQ(UntilAt(file, "2026-11-18T10:10:00Z"), "2026-11-18T11:45:00Z");
  EXPECT_EQ(FrozenAt(file, At("2026-11-18T10:10:00Z"))->why, "review");
  EXPECT_EQ(FrozenAt(file, At("2026-11-18T10:40:00Z"))->why, "review; lunch");
  EXPECT_EQ(FrozenAt(file, At("2026-11-18T11:40:00Z"))->why, "");
}

TEST(Freeze, AGapOfOneMinuteEndsIt) {
  const ReleaseFile file = FileWith({{{2}, 600, 60, ""}, {{2}, 661, 60, ""}});
  EXPECT_EQ(UntilAt(file, "2026-11-18T10:10:00Z"), "2026-11-18T11:00:00Z");
}

TEST(Freeze, AWeekThatIsAllFrozenIsLookedAtForFourWeeks) {
  const ReleaseFile file = FileWith({{{0, 1, 2, 3, 4, 5, 6}, 0, kDay, "holidays"}});
  EXPECT_EQ(UntilAt(file, "2026-11-18T10:10:00Z"), "2026-12-17T00:00:00Z");
}

TEST(Freeze, IsMeantByTheClockOfItsZone) {
  const ReleaseFile file = FileWith({{{4}, 16 * kHour, 64 * kHour, ""}}, "Europe/Berlin");
  EXPECT_EQ(UntilAt(file, "2026-11-20T15:00:00Z"), "2026-11-23T07:00:00Z");
  EXPECT_EQ(UntilAt(file, "2026-11-20T14:59:59Z"), "not frozen");
  // Clocks are set forward on Sunday, 2026-03-29, and back on 2026-10-25: it is Monday 08:00 all the same.
  EXPECT_EQ(UntilAt(file, "2026-03-27T15:00:00Z"), "2026-03-30T06:00:00Z");
  EXPECT_EQ(UntilAt(file, "2026-10-23T14:00:00Z"), "2026-10-26T07:00:00Z");
}

TEST(Freeze, AnHourThatComesTwiceIsFrozenTwice) {
  const ReleaseFile file = FileWith({{{6}, 2 * kHour + 30, 15, ""}}, "Europe/Berlin");
  EXPECT_EQ(UntilAt(file, "2026-10-25T00:30:00Z"), "2026-10-25T01:45:00Z");
  EXPECT_EQ(UntilAt(file, "2026-10-25T00:29:59Z"), "not frozen");
  const ReleaseFile before = FileWith({{{6}, 1 * kHour, 60, ""}}, "Europe/Berlin");
  EXPECT_EQ(UntilAt(before, "2026-10-24T23:30:00Z"), "2026-10-25T00:00:00Z");
}

TEST(Freeze, AnHourThatIsSkippedShortensIt) {
  EXPECT_EQ(UntilAt(FileWith({{{6}, 2 * kHour + 30, 60, ""}}, "Europe/Berlin"), "2026-03-29T01:00:00Z"),
            "2026-03-29T01:30:00Z");
  EXPECT_EQ(UntilAt(FileWith({{{6}, 1 * kHour, 90, ""}}, "Europe/Berlin"), "2026-03-29T00:59:59Z"),
            "2026-03-29T01:00:00Z");
}

// The slow way: what the clock shows, minute by minute, as minutes since 1970 in its own reckoning.
class MinuteByMinute {
 public:
  MinuteByMinute(const ReleaseFile& file, TimeNs from, TimeNs to) : file_(file), from_(from) {
    absl::TimeZone zone;
    EXPECT_TRUE(absl::LoadTimeZone(file.time_zone, &zone));
    for (TimeNs time = from; time < to; time += kMinuteNs) {
      shown_.push_back((absl::ToCivilMinute(absl::FromUnixNanos(time), zone) - absl::CivilMinute()));
    }
    latest_ = shown_;
    earliest_ = shown_;
    for (size_t i = 1; i < shown_.size(); ++i) latest_[i] = std::max(latest_[i], latest_[i - 1]);
    for (size_t i = shown_.size() - 1; i > 0; --i) earliest_[i - 1] = std::min(earliest_[i - 1], earliest_[i]);
  }

  bool IsFrozen(TimeNs time) const {
    const auto i = static_cast<size_t>((time - from_) / kMinuteNs);
    for (const FreezeWindow& window : file_.freeze) {
      for (int64_t day = shown_[i] / kDay - 8; day <= shown_[i] / kDay + 1; ++day) {
        const bool is_its_day = std::ranges::find(window.days, static_cast<int>((day + 3) % 7)) != window.days.end();
        const int64_t begin = day * kDay + window.from_minute;
        if (is_its_day && latest_[i] >= begin && earliest_[i] < begin + window.minutes) return true;
      }
    }
    return false;
  }

 private:
  const ReleaseFile& file_;
  const TimeNs from_;
  std::vector<int64_t> shown_;
  std::vector<int64_t> latest_;    // shown until then
  std::vector<int64_t> earliest_;  // shown from then on
};

FreezeWindow RandomWindow(std::mt19937& random) {
  FreezeWindow window;
  for (int day = 0; day < 7; ++day) {
    if (random() % 3 == 0) window.days.push_back(day);
  }
  window.from_minute = static_cast<int>(random() % (random() % 2 == 0 ? 4 * kHour : kDay));
  window.minutes = 1 + static_cast<int>(random() % (random() % 4 == 0 ? 7 * kDay : 3 * kHour));
  return window;
}

TEST(Freeze, AgreesWithAClockThatIsReadMinuteByMinute) {
  std::mt19937 random(20261121);
  for (const std::string zone : {"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo"}) {
    for (int round = 0; round < 6; ++round) {
      std::vector<FreezeWindow> windows(1 + random() % 3);
      for (FreezeWindow& window : windows) window = RandomWindow(random);
      const ReleaseFile file = FileWith(windows, zone);
      // Both changes of 2026 in each of these zones lie in one of the two.
      for (const std::string_view begin : {"2026-02-20T00:00:00Z", "2026-03-25T00:00:00Z", "2026-04-20T00:00:00Z",
                                           "2026-09-30T00:00:00Z", "2026-10-20T00:00:00Z"}) {
        const MinuteByMinute slow(file, At(begin) - 16 * kDay * kMinuteNs, At(begin) + 32 * kDay * kMinuteNs);
        for (int i = 0; i < 150; ++i) {
          const TimeNs now = At(begin) + static_cast<int64_t>(random() % (12 * kDay)) * kMinuteNs;
          const auto frozen = FrozenAt(file, now);
          ASSERT_EQ(frozen.has_value(), slow.IsFrozen(now)) << zone << " " << FormatRfc3339(now);
          if (!frozen || frozen->until_ns > now + 20 * kDay * kMinuteNs) continue;
          ASSERT_TRUE(slow.IsFrozen(frozen->until_ns - kMinuteNs)) << zone << " " << FormatRfc3339(now);
          ASSERT_FALSE(slow.IsFrozen(frozen->until_ns)) << zone << " " << FormatRfc3339(now);
        }
      }
    }
  }
}

}  // namespace
}  // namespace revertd
