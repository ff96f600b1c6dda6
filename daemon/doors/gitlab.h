// What a webhook or system hook of GitLab's tells. Pure, any thread.
//
// The body's own object_kind (or event_name, of a system hook) says what it is about; the X-Gitlab-Event header is only
// repeated in Told::action. Which time is that of the happening: a push has none (its commits may be days old); a
// deployment has status_changed_at; a job has the time of its end or, while it runs, of its start; a pipeline that of
// its end or, while it waits, of its making.
#pragma once

#include <string_view>

#include "base/status.h"
#include "daemon/doors/told.h"

namespace revertd {

// Push, Tag Push, Merge Request, Pipeline, Job, Deployment and Release; everything else is kOther. A pipeline for a
// merge request is a check: its "ref" is the source branch's name, which may be a fork's.
StatusOr<Told> ReadGitLab(std::string_view event, std::string_view body);

}  // namespace revertd
