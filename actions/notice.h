// Notice: what people are told, once, in plain values; the channels (actions/channel.h) put it into their own words.
// actions/notices.h makes them.
//
// Pure, any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "base/trigger.h"
#include "base/verdict.h"

namespace revertd {

// One fact beside the summary, in the order to be shown.
struct NoticeFact {
  std::string name;
  std::string value;

  bool operator==(const NoticeFact&) const = default;
};

struct Notice {
  enum class Severity { kInfo, kWarning, kCritical };
  // Of one incident: everything of one key is one conversation (PagerDuty's dedup_key, Alertmanager's labels).
  std::string key;    // the trigger's id, or the deploy's where there is no trigger
  std::string event;  // "rollback_under_way", "rollback_pushed", "rollback_recovered", ... ; stable words
  std::string service;
  Severity severity = Severity::kWarning;
  bool resolves = false;  // the incident of this key is over
  std::string summary;    // one line: "checkout: a rollback is already under way: errors 0.01 % -> 4.1 %"
  std::vector<NoticeFact> facts;
  std::string url;         // of the pull request or commit; empty: none
  std::string audit_head;  // "SEQ:HASH", for `revertd audit verify --head`; empty: none
  TimeNs at_ns = 0;

  bool operator==(const Notice&) const = default;
};
std::string_view NameOf(Notice::Severity severity);

// The row of a delivery, the body of a webhook and a command's standard input. NoticeFromJson(ToJson(n)) is n, wherever
// n's texts are UTF-8.
std::string ToJson(const Notice& notice);
// InvalidArgument: it is no notice. Keys that are not known are passed over, for the rows of a later version.
StatusOr<Notice> NoticeFromJson(std::string_view json);

// What a notice may hold, in bytes; whatever is longer ends in "...". Names come out of log lines, so somebody else
// chose how long they are.
inline constexpr size_t kNoticeKeyBytesMax = 320;   // a trigger's id is at most so long (actions/guards.cc)
inline constexpr size_t kNoticeNameBytesMax = 128;  // event, audit head, a fact's name
inline constexpr size_t kNoticeServiceBytesMax = 256;
inline constexpr size_t kNoticeLineBytesMax = 1000;  // summary, a fact's value: Discord takes no more of a value
inline constexpr size_t kNoticeUrlBytesMax = 2000;
inline constexpr size_t kNoticeFactsMax = 20;

// The notice within those limits, its texts Printable, no fact without a name or value, and no URL but one of http or
// https. What is so already stays as it is.
Notice Bounded(Notice notice);
// `text` if it has at most `bytes_max` bytes, else its beginning and "...", together at most so many; cut between two
// characters of UTF-8. bytes_max >= 3.
std::string CutText(std::string_view text, size_t bytes_max);
// Whether it may stand where a program expects a link: http or https, and only bytes that a URL may hold.
bool IsLink(std::string_view url);

}  // namespace revertd
