// SentryTee: sends what SDKs sent to revertd on to the Sentry that they would have sent it to. It never holds up
// whoever hands it something: what cannot be sent in time is dropped, and counted.
//
// Thread contract: Offer from one thread (the HTTP server's); Start, Stop and destruction from the one that made it.
// Destruction waits for the request under way, at most kTeeSendLimit, and drops the rest.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "actions/http_client.h"
#include "base/clock.h"
#include "daemon/http/http_call.h"
#include "daemon/sentry/sentry_counters.h"
#include "ingest/sentry/sentry_auth.h"

namespace revertd {

enum class SentryEndpoint { kEnvelope, kStore };
std::string_view NameOf(SentryEndpoint endpoint);  // as the path ends

// Of one request, the connection included: a process that ends waits no longer. Sentry answers in a fraction of it.
inline constexpr DurationNs kTeeSendLimit = kSecondNs;
// Without an answer a request is sent again: Sentry knows an event by its id.
inline constexpr int kTeeTriesMax = 2;
// SDKs' own, for a 429 that says no time.
inline constexpr DurationNs kTeeRestDefault = 60 * kSecondNs;
inline constexpr DurationNs kTeeRestMax = kHourNs;
// After no answer at all: who waits in vain for one place keeps all others waiting.
inline constexpr DurationNs kTeeRestUnanswered = 10 * kSecondNs;

struct TeeTarget {
  std::string project;  // ours
  SentryDsn dsn;        // theirs
};

// The same request to the target: its bytes and their coding as they came, but the target's key. Relays refuse an
// envelope whose own header names another DSN: where it names one, `decoded` is sent with the target's in its place.
HttpRequest TeeRequestOf(const SentryDsn& dsn, SentryEndpoint endpoint, const HttpCall& call, std::string_view client,
                         std::string_view decoded);
// How long an answer asks to be left alone; 0: not at all.
DurationNs RestOf(const HttpResponse& response);

class SentryTee {
 public:
  // Clock and counters outlive it.
  SentryTee(std::vector<TeeTarget> targets, std::unique_ptr<HttpClient> client, const Clock* clock,
            SentryCounters* counters, size_t bytes_max);
  ~SentryTee();
  SentryTee(const SentryTee&) = delete;
  SentryTee& operator=(const SentryTee&) = delete;

  void Start();
  void Stop();  // told before destruction: nothing more is sent
  // `decoded`: the call's body without its Content-Encoding. Nothing happens where the project is sent on nowhere.
  void Offer(std::string_view project, SentryEndpoint endpoint, const HttpCall& call, std::string_view client,
             std::string_view decoded);
  // Sends the oldest; false: none waits. The thread's work, and that of tests.
  bool SendOne();

 private:
  struct Place {
    TeeTarget target;
    TimeNs rests_until = 0;  // by Clock::Monotonic; under mutex_
  };
  struct Waiting {
    Place* place;
    HttpRequest request;
    size_t bytes;
  };

  void Work();
  void Send(const Waiting& waiting);
  bool Rests(const Place& place) const { return clock_->Monotonic() < place.rests_until; }

  const std::unique_ptr<HttpClient> client_;
  const Clock* const clock_;
  SentryCounters* const counters_;
  const size_t bytes_max_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Place> places_;    // never grows: what waits points into it
  std::deque<Waiting> waiting_;  // under mutex_, oldest first
  size_t bytes_ = 0;             // under mutex_: of what waits
  bool stop_ = false;            // under mutex_
  std::thread thread_;           // last: it uses all of the above
};

}  // namespace revertd
