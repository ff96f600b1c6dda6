// CalleeWatch: whether a service that the deployed one calls got worse by itself: its callers suffer with it, and none
// of them is to blame for that.
//
// Pure fold over seconds; one thread, the analysis thread. It accuses nobody, it only holds blame back, so that each
// signal needs less than a verdict does: E of kCalleeValueNeeded, by Ville at most once in so many callees that are
// well; and half a minute of twice the errors holds it back for as long as it lasts, since E may need longer than its
// caller's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/attribution.h"
#include "analysis/recent_counts.h"
#include "analysis/service_signals.h"
#include "analysis/signal_watch.h"

namespace revertd {

inline constexpr double kCalleeValueNeeded = 100;
// The busiest ones: each is read every second.
inline constexpr size_t kCalleesMax = 8;

class CalleeWatch {
 public:
  CalleeWatch() = default;
  CalleeWatch(std::vector<std::string> names, std::vector<ServiceSignals> known, const SignalTimes& times);

  // Every second in order.
  void Observe(int64_t second);
  // The first that got worse, or that is in trouble now; empty: none.
  std::string_view moved() const { return !moved_.empty() ? moved_ : troubled_; }
  const std::vector<std::string>& names() const { return names_; }  // also of those of which nothing is known

 private:
  struct Callee {
    ServiceSignals signals;
    std::vector<SignalWatch> watches;  // of kCalleeSignals, in their order
    RecentCounts<30, 1> errors;
  };
  std::vector<std::string> names_;
  std::vector<Callee> callees_;  // those that are known
  std::string moved_;
  std::string troubled_;  // now
};

// The busiest of the services that `service` calls, directly or through others, of which anything is known.
CalleeWatch WatchCallees(std::string_view service, const SignalTimes& times, const ServiceSources& sources);

}  // namespace revertd
