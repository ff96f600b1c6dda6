// TransactionTable: how often each transaction of a project was told of, and how long it took. For people who ask
// (GET /v1/errors/transactions); nothing is judged by it. Bounded: of a project with more names than are kept, the rest
// are counted together.
//
// Thread contract: the HTTP server's thread alone.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/hdr_histogram.h"

namespace revertd {

class TransactionTable {
 public:
  static constexpr size_t kNamesMax = 256;    // of a project; more are counted as kOtherName
  static constexpr size_t kPlacesMax = 1024;  // of all projects, 7 KiB each
  static constexpr std::string_view kOtherName = "_other";

  // false: there is no place for the project at all.
  bool Record(std::string_view project, std::string_view name, DurationNs duration);

  // accept(project, name, histogram), projects and names in the alphabet's order; an empty project: all.
  template <typename Accept>
  void ForEach(std::string_view project, Accept&& accept) const {
    for (const auto& [of, names] : projects_) {
      if (!project.empty() && project != of) continue;
      for (const auto& [name, histogram] : names) accept(of, name, *histogram);
    }
  }

 private:
  using Names = std::map<std::string, std::unique_ptr<HdrHistogram>, std::less<>>;

  HdrHistogram* PlaceOf(Names* names, std::string_view name);

  std::map<std::string, Names, std::less<>> projects_;
  size_t places_ = 0;
};

}  // namespace revertd
