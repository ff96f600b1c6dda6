// The manifest of a release: what it has promoted and undone so far, as one JSON document beside the state
// (records/releases/ID.json), written anew whenever a row of the journal changes.
//
// Pure, any thread.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "config/release.h"
#include "store/executor_store.h"

namespace revertd {

// {"release","environment","state","outcome","begun","ended","steps":[{"stage","step","service","repo","standing",
// "base","head","deploy","rows":[{"row","begun","finished","outcome","detail"}]}],"rows":[...],"breach":{"step",
// "reason","detail","keep"}}. state: "running", "halted" or "ended". Times in RFC 3339, null where they have not come;
// texts "" where there is nothing to say. The last "rows" are those of no step; no "breach" where there is none.
std::string ReleaseManifest(const Config& config, const ReleaseRecord& record, const ReleaseFile& file,
                            const std::vector<JournalRow>& rows);

}  // namespace revertd
