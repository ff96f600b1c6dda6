#include "daemon/sentry/transaction_table.h"

namespace revertd {

HdrHistogram* TransactionTable::PlaceOf(Names* names, std::string_view name) {
  if (const auto known = names->find(name); known != names->end()) return known->second.get();
  if (places_ == kPlacesMax) return nullptr;
  ++places_;
  return names->emplace(std::string(name), std::make_unique<HdrHistogram>()).first->second.get();
}

bool TransactionTable::Record(std::string_view project, std::string_view name, DurationNs duration) {
  auto of = projects_.find(project);
  if (of == projects_.end()) {
    // Each begins with the place of its rest, so that one that has a place at all can count everything.
    if (places_ == kPlacesMax) return false;
    of = projects_.emplace(std::string(project), Names()).first;
    PlaceOf(&of->second, kOtherName);
  }
  Names& names = of->second;
  const bool is_known = names.contains(name);
  HdrHistogram* place = is_known || names.size() <= kNamesMax ? PlaceOf(&names, name) : nullptr;
  if (place == nullptr) place = PlaceOf(&names, kOtherName);
  place->Record(duration);
  return true;
}

}  // namespace revertd
