// What health checks found.
#include "daemon/api/handlers.h"
#include "daemon/api/reply.h"
#include "daemon/event_json.h"

namespace revertd {

HttpAnswer ListHealth(ApiContext& context, const HttpCall& /*call*/, const PathWords& /*words*/) {
  return ListReply("health", context.tools().health->Read(), [](JsonWriter& json, const HealthState& state) {
    json.BeginObject();
    AppendFields(json, state);
    json.EndObject();
  });
}

}  // namespace revertd
