// JsonAnswer: a forge's JSON, read strictly. What is missing or of another type is Internal and named by its path; the
// first complaint is kept and everything read after it is empty, so that a parser reads straight down and asks for the
// status once.
//
// Thread contract: one thread. A JsonView does not outlive its answer.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"

namespace revertd {

class JsonAnswer;

// One value of the answer, or nothing after a complaint.
class JsonView {
 public:
  JsonView(JsonAnswer* answer, std::optional<simdjson::dom::element> element, std::string path);

  JsonView operator[](std::string_view key) const;  // must be there
  bool Has(std::string_view key) const;             // there, and not null
  bool IsNull() const;
  std::string Text() const;
  std::string TextOrNull() const;  // null reads as empty
  bool Truth() const;
  bool TruthOr(std::string_view key, bool otherwise) const;  // of a field that may be missing
  int64_t Integer() const;
  int64_t Number() const;  // an identifier: a positive integer
  std::vector<JsonView> Items() const;
  std::vector<JsonView> ItemsOrNull() const;  // null reads as empty
  void Complain(std::string_view expected) const;

 private:
  JsonAnswer* answer_;
  std::optional<simdjson::dom::element> element_;
  std::string path_;
};

class JsonAnswer {
 public:
  explicit JsonAnswer(std::string_view body);
  JsonAnswer(const JsonAnswer&) = delete;
  JsonAnswer& operator=(const JsonAnswer&) = delete;

  JsonView root();
  const Status& status() const { return status_; }

 private:
  friend class JsonView;
  simdjson::dom::parser parser_;
  std::optional<simdjson::dom::element> root_;
  Status status_;
};

// The answer through `take`, which reads its root straight down.
template <typename Take>
auto ReadAnswer(std::string_view body, Take take) -> StatusOr<decltype(take(std::declval<JsonView>()))> {
  JsonAnswer answer(body);
  auto taken = take(answer.root());
  if (!answer.status().ok()) return answer.status();
  return taken;
}

// The same for a list: `take` reads one of its items.
template <typename Take>
auto ReadItems(std::string_view body, Take take) -> StatusOr<std::vector<decltype(take(std::declval<JsonView>()))>> {
  return ReadAnswer(body, [&](const JsonView& root) {
    std::vector<decltype(take(root))> taken;
    for (const JsonView& item : root.Items()) taken.push_back(take(item));
    return taken;
  });
}

// What `parse` makes of a body, where there is one.
template <typename Parse>
auto Parsed(const StatusOr<std::string>& body, Parse parse) -> decltype(parse(std::string_view())) {
  if (!body.ok()) return body.status();
  return parse(*body);
}

// Every text that stands under a refusal's usual keys (message, error, errors, ...), joined; empty where the body is no
// JSON object or says nothing.
std::string WordsOfRefusal(std::string_view body);

}  // namespace revertd
