#include "base/verdict.h"

#include <gtest/gtest.h>

namespace revertd {
namespace {

TEST(SubjectOf, NamesTheRouteAndTheVersion) {
  Evidence evidence;
  evidence.signal = "errors";
  EXPECT_EQ(SubjectOf(evidence), "errors");
  evidence.route = "/items/:id";
  EXPECT_EQ(SubjectOf(evidence), "errors of /items/:id");
  evidence.route.clear();
  evidence.cohort = "v42";
  EXPECT_EQ(SubjectOf(evidence), "errors of v42");
  evidence.group = "0123456789abcdef";
  EXPECT_EQ(SubjectOf(evidence), "errors of v42 of group 0123456789abcdef");
}

// A path comes from whoever sent the request, and goes to terminals and into commit messages.
TEST(SubjectOf, PutsNoControlBytesIntoATerminal) {
  Evidence evidence;
  evidence.signal = "errors";
  evidence.route = "/a\x1b[2J\n\x7f";
  EXPECT_EQ(SubjectOf(evidence), "errors of /a?[2J??");
  evidence.route = "/\xc3\xa9\xc2\x9b\x9b";  // a letter, CSI of C1 in UTF-8, and in Latin-1
  EXPECT_EQ(SubjectOf(evidence), "errors of /\xc3\xa9??");
}

TEST(RateText, TrafficIsNoPercentage) {
  Evidence evidence;
  evidence.signal = "errors";
  EXPECT_EQ(RateText(evidence, 0.0412), "4.12 %");
  evidence.signal = "traffic";
  EXPECT_EQ(RateText(evidence, 120), "120 requests/s");
}

// One request may bring more than one event.
TEST(RateText, ErrorEventsAreNoPercentageAndCrashedSessionsAre) {
  Evidence evidence;
  for (const std::string_view signal : {kNewErrors, kErrorGroups}) {
    evidence.signal = signal;
    evidence.per_second = false;
    EXPECT_EQ(RateText(evidence, 1.5), "1.5 events/request");
    evidence.per_second = true;
    EXPECT_EQ(RateText(evidence, 1.5), "1.5 events/s");
  }
  evidence.signal = kCrashedSessions;
  evidence.per_second = false;
  EXPECT_EQ(RateText(evidence, 0.015), "1.5 %");
}

}  // namespace
}  // namespace revertd
