#include "base/time_zone.h"

#include <string>

#include "absl/time/time.h"

namespace revertd {

struct TimeZone::Rules {
  absl::TimeZone zone;
};

TimeZone::TimeZone() = default;

TimeZone TimeZone::Local() {
  TimeZone local;
  local.rules_ = std::make_shared<const Rules>(Rules{absl::LocalTimeZone()});
  return local;
}

StatusOr<TimeZone> TimeZone::Named(std::string_view name) {
  if (name == "UTC") return TimeZone();
  if (name == "local") return Local();
  absl::TimeZone zone;
  if (!absl::LoadTimeZone(std::string(name), &zone)) {
    return InvalidArgument("no time zone \"" + std::string(name) + "\" (UTC, local, or a name such as Europe/Berlin)");
  }
  TimeZone named;
  named.rules_ = std::make_shared<const Rules>(Rules{zone});
  return named;
}

TimeNs TimeZone::ToUtc(const CivilTime& time) const {
  const absl::CivilSecond civil(time.year, time.month, time.day, time.hour, time.minute, time.second);
  const absl::TimeZone zone = rules_ == nullptr ? absl::UTCTimeZone() : rules_->zone;
  return absl::ToUnixSeconds(zone.At(civil).pre) * kSecondNs;
}

DurationNs TimeZone::RepeatsAfter(TimeNs time) const {
  if (rules_ == nullptr) return 0;
  const absl::Time first = absl::FromUnixNanos(time);
  const absl::TimeZone::TimeInfo info = rules_->zone.At(absl::ToCivilSecond(first, rules_->zone));
  if (info.kind != absl::TimeZone::TimeInfo::REPEATED || first >= info.post) return 0;
  return absl::ToInt64Nanoseconds(info.post - info.pre);
}

}  // namespace revertd
