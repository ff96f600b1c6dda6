// Router: which service a request belongs to.
//
// Rules are those of MatchConfig (config/config.h). A line that no rule takes is of the service named like its host,
// in lower case and without port, a line without host of the one named like its backend, a line without either of
// `default`. Past the table's capacity, and for a host that is longer than any real one, it is `_other`
// (ServiceTable::kOther), which the caller counts.
//
// Thread contract: one thread, the one that interns in the table. Resolve() allocates only for a name that is new.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/service_table.h"
#include "config/config.h"

namespace revertd {

class Router {
 public:
  // Interns the configured services first, so that they have a place whatever hosts strangers ask for.
  Router(const Config& config, ServiceTable* services);

  // `host` and `backend` as logged, `path` raw (escapes not decoded) and without the query.
  ServiceId Resolve(std::string_view host, std::string_view backend, std::string_view path);

  // Whether any rule looks at paths.
  bool reads_paths() const { return reads_paths_; }
  // Whether lines of `host` may be of different services by their paths.
  bool HangsOnPath(std::string_view host) const;

 private:
  struct Rule {
    std::string host;  // lower case; empty: any
    std::string path;  // prefix; empty: any
    ServiceId service;
  };

  ServiceTable* const services_;
  std::vector<Rule> rules_;  // the first that fits wins
  bool reads_paths_ = false;
};

}  // namespace revertd
