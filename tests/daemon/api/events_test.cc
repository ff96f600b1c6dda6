#include "tests/daemon/api/api_fixture.h"

namespace revertd {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class EventsTest : public ApiTest {
 protected:
  void Happen(std::string kind, std::string service, std::string what) {
    Event event;
    event.at_ns = clock_.now_ns;
    event.kind = std::move(kind);
    event.service = std::move(service);
    event.text = "{\"event\":\"" + event.kind + "\",\"what\":\"" + what + "\"}";
    ASSERT_TRUE(owner_->WriteEvents({event}).ok());
  }

  HttpStream Subscribe(std::string_view target, Headers headers = {}) {
    HttpAnswer answer = AskOpen("GET", target, "", std::move(headers));
    EXPECT_TRUE(std::holds_alternative<HttpStream>(answer));
    return std::get<HttpStream>(std::move(answer));
  }
};

TEST_F(EventsTest, ListsInTheirOrderAndSaysWhereToGoOn) {
  Happen("push", "", "one");
  Happen("verdict", "checkout", "two");
  const HttpReply reply = Get("/v1/events");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, R"({"events":[{"id":1,"event":{"event":"push","what":"one"}},)"
                        R"({"id":2,"event":{"event":"verdict","what":"two"}}],"next_after":2})");
  EXPECT_EQ(Get("/v1/events?after=2").body, R"({"events":[],"next_after":2})");
}

TEST_F(EventsTest, GoesOnPastWhatTheFilterLeftOut) {
  for (int i = 0; i < 5; ++i) Happen("push", "catalog", "other");
  Happen("push", "checkout", "mine");
  const HttpReply reply = Get("/v1/events?service=checkout&limit=5");
  EXPECT_EQ(reply.body, R"({"events":[],"next_after":5})");
  EXPECT_THAT(Get("/v1/events?service=checkout&after=5").body, HasSubstr("mine"));
}

TEST_F(EventsTest, RefusesWhatIsNoNumber) {
  EXPECT_EQ(Get("/v1/events?after=x").status, 400);
  EXPECT_EQ(Get("/v1/events?limit=1001").status, 400);
  EXPECT_EQ(Get("/v1/events/stream?after=-1").status, 400);
}

TEST_F(EventsTest, AStreamTellsWhatHappensFromNowOn) {
  Happen("push", "", "before");
  const HttpStream stream = Subscribe("/v1/events/stream");
  EXPECT_EQ(stream.content_type, "text/event-stream");
  EXPECT_THAT(stream.next(), Not(HasSubstr("before")));
  EXPECT_EQ(stream.next(), "");
  Happen("verdict", "checkout", "after");
  EXPECT_EQ(stream.next(), "id: 2\nevent: verdict\ndata: {\"event\":\"verdict\",\"what\":\"after\"}\n\n");
  EXPECT_EQ(stream.next(), "");
}

// A reader that was cut off misses nothing.
TEST_F(EventsTest, AStreamGoesOnAfterTheLastEventSeen) {
  for (const char* what : {"one", "two", "three"}) Happen("push", "", what);
  const HttpStream stream = Subscribe("/v1/events/stream", {{"last-event-id", "1"}});
  const std::string text = stream.next();
  EXPECT_THAT(text, Not(HasSubstr("one")));
  EXPECT_THAT(text, HasSubstr("two"));
  EXPECT_THAT(text, HasSubstr("three"));
}

TEST_F(EventsTest, AStreamOfOneServiceIsSilentAboutOthers) {
  const HttpStream stream = Subscribe("/v1/events/stream?service=checkout");
  stream.next();
  Happen("push", "catalog", "other");
  EXPECT_EQ(stream.next(), "");
  Happen("push", "checkout", "mine");
  EXPECT_THAT(stream.next(), HasSubstr("mine"));
}

TEST_F(EventsTest, ASilentStreamShowsThatItLives) {
  const HttpStream stream = Subscribe("/v1/events/stream");
  stream.next();
  clock_.now_ns += 14 * kSecondNs;
  EXPECT_EQ(stream.next(), "");
  clock_.now_ns += kSecondNs;
  EXPECT_EQ(stream.next(), ":\n\n");
  EXPECT_EQ(stream.next(), "");
}

}  // namespace
}  // namespace revertd
