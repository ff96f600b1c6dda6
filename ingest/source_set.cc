#include "ingest/source_set.h"

#include <algorithm>
#include <utility>

#include "ingest/stdin_source.h"
#include "ingest/syslog_socket.h"
#include "ingest/tailer.h"

namespace revertd {

std::string NameOf(const SourceConfig& config) {
  switch (config.kind) {
    case SourceConfig::Kind::kStdin: return "stdin";
    case SourceConfig::Kind::kFile: return "file:" + config.path;
    case SourceConfig::Kind::kSyslog: return "syslog:" + ToText(config.listen);
  }
  return "unknown";
}

SourceSet::SourceSet(const Config& config, ServiceTable* services, WindowRing* ring, const Clock* clock, Hooks hooks)
    : config_(config),
      ring_(ring),
      clock_(clock),
      hooks_(std::move(hooks)),
      router_(config, services),
      details_(config),
      watermark_(config.detect.lateness_seconds) {}

SourceSet::~SourceSet() {
  // Sources first: they take their registrations back.
  for (const auto& member : members_) member->source.reset();
}

Status SourceSet::Open(const Options& options) {
  loop_ = OpenEventLoop(options.use_io_uring, &fallback_reason_);
  for (const SourceConfig& source : config_.sources) {
    REVERTD_RETURN_IF_ERROR(Annotate(Add(source, options), NameOf(source)));
  }
  return OkStatus();
}

Status SourceSet::Add(const SourceConfig& config, const Options& options) {
  members_.push_back(std::make_unique<Member>());
  Member* member = members_.back().get();
  member->name = NameOf(config);
  member->stale_after_ns = config.stale_after_ns;
  member->may_be_silent = config.format == kSentryFormat;
  auto context = ContextOf(config, options, member);
  if (!context.ok()) return context.status();
  switch (config.kind) {
    case SourceConfig::Kind::kStdin:
      member->source = std::make_unique<StdinSource>(options.stdin_fd, *std::move(context));
      break;
    case SourceConfig::Kind::kFile: {
      Tailer::Options tail{.path = config.path, .from_start = config.from_start};
      std::ranges::copy_if(options.positions, std::back_inserter(tail.positions),
                           [&](const FilePosition& position) { return position.path == config.path; });
      member->source = std::make_unique<Tailer>(std::move(tail), *std::move(context));
      break;
    }
    case SourceConfig::Kind::kSyslog:
      member->source = std::make_unique<SyslogSocket>(config.listen, config.socket_mode, *std::move(context));
      break;
  }
  views_.push_back({.name = member->name, .counters = &member->counters, .facts = &member->facts});
  return member->source->Start(loop_.get());
}

StatusOr<SourceContext> SourceSet::ContextOf(const SourceConfig& config, const Options& options, Member* member) {
  auto zone = TimeZone::Named(config.timezone);
  if (!zone.ok()) return zone.status();
  const Format* fixed = nullptr;
  const bool is_errors = config.format == kSentryFormat;
  if (is_errors && hooks_.errors == nullptr) return InvalidArgument("format sentry is taken by `revertd run` alone");
  if (config.format.find(':') != std::string::npos) {
    auto custom = CustomFormat(config.format);
    if (!custom.ok()) return custom.status();
    member->custom_format = *std::move(custom);
    fixed = member->custom_format.get();
  } else if (config.format != "auto" && !is_errors) {
    fixed = FormatNamed(config.format);
    if (fixed == nullptr) return InvalidArgument("unknown format \"" + config.format + "\"");
  }
  member->recorder = std::make_unique<Recorder>(Recorder::Options{.lateness_seconds = config_.detect.lateness_seconds,
                                                                  .live = true,
                                                                  .zone = *zone,
                                                                  .counted_through = options.counted_through,
                                                                  .details = &details_},
                                                &watermark_, ring_, &member->counters, hooks_.make_room);
  member->facts.last_bytes_ns.store(clock_->Now());
  member->facts.heard_ns.store(clock_->Monotonic());
  return SourceContext{.name = member->name,
                       .fixed = fixed,
                       .options = ReaderOptions{.zone = *std::move(zone)},
                       .kernel = options.kernel,
                       .router = &router_,
                       .recorder = member->recorder.get(),
                       .watermark = &watermark_,
                       .counters = &member->counters,
                       .facts = &member->facts,
                       .clock = clock_,
                       .on_event = hooks_.on_event,
                       .errors = is_errors ? hooks_.errors : nullptr,
                       .service_tag = config_.sentry ? config_.sentry->service_tag : ""};
}

Status SourceSet::Run(const std::atomic<bool>& stop) {
  Status status;
  bool more = true;
  while (status.ok() && !stop.load(std::memory_order_relaxed) && !AllEnded()) {
    status = loop_->RunOnce(more ? 0 : kTickNs);
    more = false;
    for (const auto& member : members_) more = member->source->Tick() || more;
    const TimeNs now = clock_->Now();
    Seal(now);
    CheckStale(now);
    if (hooks_.on_batch) hooks_.on_batch();
  }
  Finish();
  return status;
}

void SourceSet::Seal(TimeNs now) {
  watermark_.Tick(now);
  ring_->SealThrough(watermark_.SealableThrough());
  TellPositions();
}

void SourceSet::TellPositions() {
  const int64_t sealed = ring_->sealed_through();
  if (hooks_.positions == nullptr || sealed == told_through_) return;
  std::vector<FilePosition> positions;
  for (const auto& member : members_) {
    for (FilePosition& position : member->source->PositionsAt(sealed)) positions.push_back(std::move(position));
  }
  // Told before the first second is sealed too: a kill right after the first start must not forget where it began.
  if (sealed == kNoSecond && positions.empty()) return;
  told_through_ = sealed;
  hooks_.positions->OnSealed(sealed, std::move(positions));
}

std::string SourceSet::WhyStale(Member* member, TimeNs monotonic) {
  SourceFacts& facts = member->facts;
  const RefusedLines refused = member->refusals.Look(member->counters, monotonic);
  facts.refused_as.store(refused.most);
  const auto seconds = [](DurationNs duration) { return std::to_string(duration / kSecondNs) + " s"; };
  const DurationNs silent = monotonic - facts.heard_ns.load(std::memory_order_relaxed);
  if (silent >= member->stale_after_ns && !member->may_be_silent) return "nothing came for " + seconds(silent);
  // Lines that are refused do not make a stale source live for as long as it takes to be sure of them.
  const bool is_blind = refused.standing >= member->stale_after_ns || facts.stale.load();
  if (refused.lines == 0 || !is_blind) return "";
  return "none of " + std::to_string(refused.lines) + " lines in " + seconds(refused.standing) + " could be counted (" +
         std::string(NameOf(refused.most)) + ")";
}

void SourceSet::CheckStale(TimeNs now) {
  const TimeNs monotonic = clock_->Monotonic();
  for (const auto& member : members_) {
    if (member->facts.ended.load()) continue;
    const std::string why = WhyStale(member.get(), monotonic);
    const bool stale = !why.empty();
    if (stale == member->facts.stale.load()) continue;
    member->facts.stale.store(stale);
    if (!hooks_.on_event) continue;
    hooks_.on_event({.source = member->name,
                     .what = stale ? "stale" : "live",
                     .detail = stale ? why : "lines again",
                     .time_ns = now});
  }
}

bool SourceSet::AllEnded() const {
  return std::ranges::all_of(members_, [](const auto& member) { return member->facts.ended.load(); });
}

bool SourceSet::HasStale() const {
  return std::ranges::any_of(
      members_, [](const auto& member) { return member->facts.stale.load() && !member->facts.ended.load(); });
}

bool SourceSet::IsRereadable() const {
  return std::ranges::all_of(config_.sources,
                             [](const SourceConfig& source) { return source.kind == SourceConfig::Kind::kFile; });
}

void SourceSet::Finish() {
  for (const auto& member : members_) {
    member->source->Stop();
    if (!member->facts.ended.load()) member->recorder->Finish();
  }
  // The open seconds of files are left to the next process, which reads them again, whole. Others are told now or
  // never.
  if (!IsRereadable() && watermark_.Newest() != kNoSecond) ring_->SealThrough(watermark_.Newest());
  TellPositions();
  if (hooks_.on_batch) hooks_.on_batch();
}

}  // namespace revertd
