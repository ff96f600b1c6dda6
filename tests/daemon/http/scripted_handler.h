// A handler whose answers a test writes, and a clock that it sets. What it was asked is kept for the test to look at.
//
// Thread contract: the script is set before the server runs; the counters may be read from any thread.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <utility>
#include <variant>

#include "base/clock.h"
#include "base/json_writer.h"
#include "daemon/http/http_call.h"

namespace revertd {

class ManualClock final : public Clock {
 public:
  TimeNs Now() const override { return now_; }
  void SleepFor(DurationNs duration) override { now_ += duration; }

 private:
  std::atomic<TimeNs> now_{kHourNs};
};

class ScriptedHandler final : public HttpHandler {
 public:
  std::variant<size_t, HttpReply> Admit(const HttpCall& head) override {
    ++admits;
    return admit(head);
  }
  bool TakesEncoded(const HttpCall& head) override { return head.path == "/encoded"; }
  HttpAnswer Answer(const HttpCall& call) override {
    ++answers;
    return answer(call);
  }

  // The call, as a line of JSON.
  static HttpReply Echo(const HttpCall& call) {
    JsonWriter json;
    json.BeginObject().Field("method", call.method).Field("path", call.path).Field("body", call.body);
    json.Key("query").BeginObject();
    for (const auto& [key, value] : call.query) json.Field(key, value);
    json.EndObject().Field("accept", call.Header("accept")).EndObject();
    return {.body = json.Take()};
  }

  std::function<std::variant<size_t, HttpReply>(const HttpCall&)> admit =
      [](const HttpCall& /*head*/) -> std::variant<size_t, HttpReply> { return size_t{1024}; };
  std::function<HttpAnswer(const HttpCall&)> answer = [](const HttpCall& call) -> HttpAnswer { return Echo(call); };
  std::atomic<int> admits{0};
  std::atomic<int> answers{0};
};

}  // namespace revertd
