#include "config/config.h"

#include <algorithm>
#include <array>
#include <utility>

#include "config/name_table.h"

namespace revertd {
namespace {

constexpr std::array<std::pair<Mode, std::string_view>, 4> kModes = {
    {{Mode::kObserve, "observe"}, {Mode::kAlert, "alert"}, {Mode::kPropose, "propose"}, {Mode::kPush, "push"}}};

constexpr std::array<std::pair<CohortField, std::string_view>, 3> kCohortFields = {
    {{CohortField::kNone, "none"}, {CohortField::kRelease, "release"}, {CohortField::kUpstream, "upstream"}}};

constexpr std::array<std::pair<RollbackBy, std::string_view>, 2> kRollbackBys = {
    {{RollbackBy::kRevert, "revert"}, {RollbackBy::kVersion, "version"}}};

constexpr std::array<std::pair<InFlight, std::string_view>, 3> kInFlights = {{{InFlight::kCompleteOld, "complete_old"},
                                                                              {InFlight::kCompleteNew, "complete_new"},
                                                                              {InFlight::kCancel, "cancel"}}};

constexpr std::array<std::pair<ForgeKind, std::string_view>, 3> kForgeKinds = {
    {{ForgeKind::kGitHub, "github"}, {ForgeKind::kGitLab, "gitlab"}, {ForgeKind::kGitea, "gitea"}}};

constexpr std::array<std::pair<MixedRange, std::string_view>, 2> kMixedRanges = {
    {{MixedRange::kWhole, "whole"}, {MixedRange::kTriage, "triage"}}};

constexpr std::array<std::pair<ChannelConfig::Kind, std::string_view>, 6> kChannelKinds = {
    {{ChannelConfig::Kind::kWebhook, "webhook"},
     {ChannelConfig::Kind::kSlack, "slack"},
     {ChannelConfig::Kind::kDiscord, "discord"},
     {ChannelConfig::Kind::kPagerDuty, "pagerduty"},
     {ChannelConfig::Kind::kAlertmanager, "alertmanager"},
     {ChannelConfig::Kind::kCommand, "command"}}};

constexpr std::array<std::pair<DeploySource, std::string_view>, 6> kDeploySources = {
    {{DeploySource::kDeployment, "deployment"},
     {DeploySource::kPush, "push"},
     {DeploySource::kMerge, "merge"},
     {DeploySource::kRelease, "release"},
     {DeploySource::kPipeline, "pipeline"},
     {DeploySource::kBranch, "branch"}}};

template <typename T>
const T* FindNamed(const std::vector<T>& items, std::string_view name) {
  const auto found = std::find_if(items.begin(), items.end(), [&](const T& item) { return item.name == name; });
  return found == items.end() ? nullptr : &*found;
}

}  // namespace

std::string_view NameOf(Mode mode) { return NameIn(kModes, mode); }
std::optional<Mode> ModeNamed(std::string_view name) { return ValueNamed(kModes, name); }
std::string_view NameOf(CohortField field) { return NameIn(kCohortFields, field); }
std::optional<CohortField> CohortFieldNamed(std::string_view name) { return ValueNamed(kCohortFields, name); }

std::string_view NameOf(RollbackBy by) { return NameIn(kRollbackBys, by); }
std::optional<RollbackBy> RollbackByNamed(std::string_view name) { return ValueNamed(kRollbackBys, name); }
std::string_view NameOf(InFlight policy) { return NameIn(kInFlights, policy); }
std::optional<InFlight> InFlightNamed(std::string_view name) { return ValueNamed(kInFlights, name); }
std::string_view NameOf(ForgeKind kind) { return NameIn(kForgeKinds, kind); }
std::optional<ForgeKind> ForgeKindNamed(std::string_view name) { return ValueNamed(kForgeKinds, name); }
std::string_view NameOf(MixedRange mixed) { return NameIn(kMixedRanges, mixed); }
std::optional<MixedRange> MixedRangeNamed(std::string_view name) { return ValueNamed(kMixedRanges, name); }
std::string_view NameOf(DeploySource source) { return NameIn(kDeploySources, source); }
std::optional<DeploySource> DeploySourceNamed(std::string_view name) { return ValueNamed(kDeploySources, name); }
std::string_view NameOf(ChannelConfig::Kind kind) { return NameIn(kChannelKinds, kind); }

const ServiceConfig* Config::FindService(std::string_view name) const { return FindNamed(services, name); }
const RepoConfig* Config::FindRepo(std::string_view name) const { return FindNamed(repos, name); }

}  // namespace revertd
