// Channels: how one notice is put to a webhook, Slack, Discord, PagerDuty, Alertmanager or a command, within what each
// of them takes, and what its answer means.
//
// Pure, any thread. Invariants: 1. what is rendered is valid JSON of valid UTF-8, whatever the notice holds; 2. no text
// of it is longer than its place takes, where one byte is counted as one character; 3. no name out of a log line can
// ping anybody, end its own place, or link to anywhere: it is escaped as the channel wants it; 4. the same notice to
// the same channel gives the same bytes, so a repeated one can be told by its X-Revertd-Delivery.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actions/http_client.h"
#include "actions/notice.h"
#include "actions/process.h"
#include "base/clock.h"
#include "base/status.h"
#include "config/config.h"

namespace revertd {

// Alertmanager forgets an alert that is not sent again within its resolve_timeout (5 minutes), and we tell once. So an
// alert says itself how long it lasts, if nothing resolves it: a page that vanishes before anybody woke is none.
inline constexpr DurationNs kAlertLasts = 24 * kHourNs;

// The request of any kind but kCommand. url: where the channel is; secret: the webhook's
// signing key (empty: unsigned) or PagerDuty's routing key. FailedPrecondition: the URL is none, or there is no secret
// where one is needed; the message holds neither.
StatusOr<HttpRequest> Render(const ChannelConfig& channel, std::string_view url, std::string_view secret,
                             const Notice& notice);
// The program of a kCommand, with the notice's JSON and a line end on its standard input.
ProcessSpec RenderCommand(const ChannelConfig& channel, const std::vector<std::string>& environment,
                          const Notice& notice);
// What a receiver may tell repeated deliveries by: the same for every try.
std::string DeliveryId(const ChannelConfig& channel, const Notice& notice);

struct TryOutcome {
  enum class Kind {
    kDelivered,
    kFailed,   // another try may help
    kGivenUp,  // none will
  };
  Kind kind = Kind::kFailed;
  std::string text;  // "delivered", or why not; one line, bounded
};
// 2xx is delivered. Redirects and 4xx but 408, 425 and 429 are given up: the same bytes will be refused again. All
// else, no answer too, may be tried again. secrets: what must not appear in the text, whoever put it there.
TryOutcome JudgeAnswer(const StatusOr<HttpResponse>& answer, const std::vector<std::string>& secrets);
// Exit code 0 is delivered; all else may be tried again.
TryOutcome JudgeExit(const StatusOr<ProcessResult>& exit);

// `text` with "[secret]" in the place of each secret, and of each part of one that stands between slashes and the like:
// programs and libraries love to put a URL into their errors. The host of a URL is no secret.
std::string WithoutSecrets(std::string_view text, const std::vector<std::string>& secrets);

}  // namespace revertd
