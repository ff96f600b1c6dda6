#include "config/release.h"

#include <array>
#include <utility>

#include "config/name_table.h"

namespace revertd {
namespace {

constexpr std::array<std::pair<PromoteBy, std::string_view>, 3> kPromoteBys = {
    {{PromoteBy::kMerge, "merge"}, {PromoteBy::kPullRequest, "pull_request"}, {PromoteBy::kCommand, "command"}}};

constexpr std::array<std::pair<InverseBy, std::string_view>, 3> kInverseBys = {
    {{InverseBy::kRevert, "revert"}, {InverseBy::kCommand, "command"}, {InverseBy::kNone, "none"}}};

constexpr std::array<std::pair<AtMax, std::string_view>, 3> kAtMaxes = {
    {{AtMax::kHold, "hold"}, {AtMax::kProceed, "proceed"}, {AtMax::kReverse, "reverse"}}};

constexpr std::array<std::pair<ReverseScope, std::string_view>, 2> kReverseScopes = {
    {{ReverseScope::kSinceHealthyPoint, "since_healthy_point"}, {ReverseScope::kFailingService, "failing_service"}}};

}  // namespace

std::string_view NameOf(PromoteBy by) { return NameIn(kPromoteBys, by); }
std::string_view NameOf(InverseBy by) { return NameIn(kInverseBys, by); }
std::string_view NameOf(AtMax at_max) { return NameIn(kAtMaxes, at_max); }
std::optional<AtMax> AtMaxNamed(std::string_view name) { return ValueNamed(kAtMaxes, name); }
std::string_view NameOf(ReverseScope scope) { return NameIn(kReverseScopes, scope); }
std::optional<ReverseScope> ReverseScopeNamed(std::string_view name) { return ValueNamed(kReverseScopes, name); }

}  // namespace revertd
