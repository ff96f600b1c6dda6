#include "ingest/sentry/sentry_report.h"

namespace revertd {

std::string_view NameOf(SentryItem item) {
  switch (item) {
    case SentryItem::kEvent: return "event";
    case SentryItem::kTransaction: return "transaction";
    case SentryItem::kSession: return "session";
    case SentryItem::kClientReport: return "client_report";
    case SentryItem::kCheckIn: return "check_in";
    case SentryItem::kAttachment: return "attachment";
    case SentryItem::kOther: return "other";
    case SentryItem::kRefused: return "refused";
    case SentryItem::kCount: break;
  }
  return "";
}

}  // namespace revertd
