// HaproxyPlan: the fast way to read "option httplog" and "option httpslog" (format/haproxy_http.h), with a syslog head
// in front or none. Words are taken by the ordinal of the line's blanks; what is not as on a usual line is given, word
// by word, to the exact reader's own functions.
#pragma once

#include <memory>

#include "ingest/fast/fast_plan.h"
#include "ingest/format/haproxy_http.h"

namespace revertd {

std::unique_ptr<FastPlan> NewHaproxyPlan(HaproxyHttp::Kind kind, const ReaderOptions& options, const FieldNeeds& needs,
                                         SimdKernel kernel);

}  // namespace revertd
