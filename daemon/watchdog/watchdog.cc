#include "daemon/watchdog/watchdog.h"

#include <algorithm>

namespace revertd {
namespace {

// How long a fact must hold before it is a trouble, and how long it must be gone before the trouble has ended.
struct Patience {
  std::string_view name;
  DurationNs begins_after;
  DurationNs ends_after;
};
constexpr DurationNs kEndsAfter = 30 * kSecondNs;
constexpr Patience kPatience[] = {
    {trouble::kSourceFailed, 15 * kSecondNs, 0},           // a connection that was reset, where others speak
    {trouble::kLogTimeAhead, 15 * kSecondNs, kEndsAfter},  // a quiet log's second is sealed seconds after its line
    {trouble::kLogTimeBehind, 15 * kSecondNs, kEndsAfter},
    {trouble::kStateNotWritten, 10 * kSecondNs, kEndsAfter},  // another process's transaction
    {trouble::kClockStepped, 0, 0},                           // ClockWatch has its own
    {trouble::kProcessPaused, 0, 0},
};

// Those whose subject is a source.
constexpr std::string_view kOfSources[] = {trouble::kSourceStale, trouble::kSourceEnded, trouble::kSourceFailed,
                                           trouble::kLogTimeAhead, trouble::kLogTimeBehind};

Patience PatienceWith(std::string_view name) {
  const auto found =
      std::find_if(std::begin(kPatience), std::end(kPatience), [&](const Patience& row) { return row.name == name; });
  return found == std::end(kPatience) ? Patience{name, 0, kEndsAfter} : *found;
}

std::string MegabytesText(int64_t bytes) { return std::to_string(bytes / (1024 * 1024)) + " MiB"; }

}  // namespace

void Watchdog::Restore(const std::vector<Trouble>& troubles) {
  for (const Trouble& trouble : troubles) {
    if (trouble.ended_ns != 0 || trouble.name.empty()) continue;
    suspects_[{trouble.name, trouble.subject}] = {.trouble = trouble, .stands = true, .is_restored = true};
  }
}

std::vector<Trouble> Watchdog::standing() const {
  std::vector<Trouble> troubles;
  for (const auto& [key, suspect] : suspects_) {
    if (suspect.stands) troubles.push_back(suspect.trouble);
  }
  return troubles;
}

std::vector<Trouble> Watchdog::Look(const WatchdogFacts& facts) {
  if (!first_look_) first_look_ = facts.monotonic_ns;
  std::vector<Finding> findings;
  FindInSources(facts, &findings);
  FindInTimes(facts, &findings);
  FindInChannels(facts, &findings);
  FindInState(facts, &findings);
  FindInExecutor(facts, &findings);
  std::vector<Trouble> changes;
  for (const Finding& finding : findings) Hear(finding, facts, &changes);
  EndWhatIsGone(findings, facts, &changes);
  return changes;
}

void Watchdog::FindInSources(const WatchdogFacts& facts, std::vector<Finding>* findings) {
  for (const WatchdogFacts::Source& source : facts.sources) {
    Errors& errors = errors_[source.name];
    if (source.read_errors != errors.read_errors) errors = {source.read_errors, source.lines.counted};
    if (source.ended) {
      findings->push_back({trouble::kSourceEnded, source.name, "the source has ended: nothing more comes from it"});
      continue;
    }
    if (errors.read_errors != 0 && errors.counted == source.lines.counted) {
      findings->push_back({trouble::kSourceFailed, source.name,
                           "reading failed " + std::to_string(errors.read_errors) + " times, and no line came since"});
    }
    // Not by the source's own word alone: the thread that reads may be the one that hangs.
    if (source.silent_for >= source.stale_after) {
      findings->push_back({trouble::kSourceStale, source.name,
                           "nothing came for " + LengthText(source.silent_for) + " (stale_after is " +
                               LengthText(source.stale_after) + "): the log, its writer or the way here is dead"});
    } else if (source.stale && !source.refused_as.empty()) {
      findings->push_back({trouble::kSourceStale, source.name,
                           "lines come and none of them can be counted (" + std::string(source.refused_as) + ")"});
    }
  }
}

void Watchdog::FindInTimes(const WatchdogFacts& facts, std::vector<Finding>* findings) {
  for (const WatchdogFacts::Source& source : facts.sources) {
    log_times_.SeeSource(source.name, source.lines, facts.monotonic_ns);
  }
  const std::vector<LogTimeFinding> times = log_times_.Look(facts.wall_ns, facts.newest_counted_ns);
  for (const LogTimeFinding& time : times) {
    findings->push_back({time.is_ahead ? trouble::kLogTimeAhead : trouble::kLogTimeBehind, time.source, time.words});
  }
  ClockView clocks = clocks_.Look(facts.wall_ns, facts.monotonic_ns, !times.empty());
  if (!clocks.stepped.empty()) findings->push_back({trouble::kClockStepped, "", std::move(clocks.stepped)});
  if (!clocks.paused.empty()) findings->push_back({trouble::kProcessPaused, "", std::move(clocks.paused)});
}

void Watchdog::FindInChannels(const WatchdogFacts& facts, std::vector<Finding>* findings) {
  for (const WatchdogFacts::Channel& channel : facts.channels) {
    Untried& untried = untried_[channel.name];
    if (untried.messages != channel.untried) untried = {channel.untried, facts.monotonic_ns};
    const DurationNs waits = facts.monotonic_ns - untried.since;
    if (!channel.unreached.empty()) {
      findings->push_back({trouble::kChannelFailing, channel.name, "it cannot be reached: " + channel.unreached});
    } else if (channel.failing) {
      findings->push_back({trouble::kChannelFailing, channel.name, "people are not reached: " + channel.outcome});
    } else if (channel.untried != 0 && waits >= kSilentMax) {
      findings->push_back(
          {trouble::kChannelFailing, channel.name, "a message has had no answer for " + LengthText(waits)});
    }
  }
}

void Watchdog::FindInState(const WatchdogFacts& facts, std::vector<Finding>* findings) const {
  if (!facts.write_failure.empty()) findings->push_back({trouble::kStateNotWritten, facts.state, facts.write_failure});
  if (!facts.disk_free_bytes) return;
  const int64_t free = *facts.disk_free_bytes;
  if (free < kFullBytes) {
    findings->push_back({trouble::kDiskFull, facts.state, "its disk is full: nothing is kept and nothing acts"});
  } else if (free < limits_.disk_free_min) {
    findings->push_back({trouble::kDiskNearlyFull, facts.state,
                         "its disk has " + MegabytesText(free) + " left (disk_free_min is " +
                             MegabytesText(limits_.disk_free_min) + ")"});
  }
}

void Watchdog::FindInExecutor(const WatchdogFacts& facts, std::vector<Finding>* findings) {
  const bool is_same = executor_ && executor_->value == facts.executor_sign;
  if (!is_same) executor_ = {facts.executor_sign, facts.monotonic_ns};
  const DurationNs silent = facts.monotonic_ns - executor_->since;
  if (silent < kSilentMax) return;
  findings->push_back({trouble::kExecutorSilent, "",
                       "the executor gave no sign for " + LengthText(silent) +
                           ": it does not run, hangs, or cannot write; nothing acts and nobody is told"});
}

void Watchdog::Hear(const Finding& finding, const WatchdogFacts& facts, std::vector<Trouble>* changes) {
  Suspect& suspect = suspects_[{std::string(finding.name), finding.subject}];
  if (suspect.trouble.name.empty()) {
    suspect.trouble = {std::string(finding.name), finding.subject, "", facts.wall_ns, 0};
    suspect.first_seen = facts.monotonic_ns;
  }
  suspect.trouble.words = finding.words;
  suspect.is_restored = false;
  suspect.fine_since.reset();
  if (suspect.stands) return;
  if (facts.monotonic_ns - suspect.first_seen < PatienceWith(finding.name).begins_after) return;
  suspect.stands = true;
  changes->push_back(suspect.trouble);
}

// What this process had no time to find yet is not gone. A source is known to be well by its lines, and not to be by
// silence, or by refusals that it will call stale itself; all else shows within kSilentMax.
bool Watchdog::CouldBeFound(const Trouble& trouble, const WatchdogFacts& facts) const {
  const DurationNs looked_for = facts.monotonic_ns - *first_look_;
  const bool is_of_source =
      std::find(std::begin(kOfSources), std::end(kOfSources), trouble.name) != std::end(kOfSources);
  const auto source = std::find_if(facts.sources.begin(), facts.sources.end(), [&](const WatchdogFacts::Source& one) {
    return is_of_source && one.name == trouble.subject;
  });
  if (source == facts.sources.end()) return looked_for >= kSilentMax;
  return source->lines.counted > 0 || (looked_for >= source->stale_after && source->refused_as.empty());
}

void Watchdog::EndWhatIsGone(const std::vector<Finding>& findings, const WatchdogFacts& facts,
                             std::vector<Trouble>* changes) {
  const auto is_found = [&](const Key& key) {
    return std::any_of(findings.begin(), findings.end(), [&](const Finding& finding) {
      return finding.name == key.first && finding.subject == key.second;
    });
  };
  for (auto at = suspects_.begin(); at != suspects_.end();) {
    const auto& [key, suspect] = *at;
    if (is_found(key) || (suspect.is_restored && !CouldBeFound(suspect.trouble, facts))) {
      ++at;
      continue;
    }
    at->second.is_restored = false;
    if (!at->second.fine_since) at->second.fine_since = facts.monotonic_ns;
    const bool is_over = facts.monotonic_ns - *suspect.fine_since >= PatienceWith(key.first).ends_after;
    if (suspect.stands && !is_over) {
      ++at;
      continue;
    }
    if (suspect.stands) {
      changes->push_back(suspect.trouble);
      changes->back().ended_ns = facts.wall_ns;
    }
    at = suspects_.erase(at);
  }
}

}  // namespace revertd
