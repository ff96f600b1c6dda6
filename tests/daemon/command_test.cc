// The commands that need no sidecar, run as a user runs them: what they print, where, and how they exit.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "ingest/fast/byte_index.h"
#include "tests/daemon/program.h"
#include "tests/daemon/synthetic_log.h"

namespace revertd {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr int64_t kStart = 1'795'255'200;  // 2026-11-21T10:00:00Z

TEST(ParseCommand, PrintsOneObjectALine) {
  const TestFolder folder;
  const ProgramResult result = RunProgram(folder, {"parse"}, LogLine("shop.test", kStart, 503) + "garbage\n");
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.out,
            "{\"ok\":true,\"format\":\"nginx_vhost_combined_rt\",\"time_ns\":1795255200000000000,"
            "\"start_ns\":1795255199996000000,\"status\":503,\"method\":\"GET\",\"host\":\"shop.test\","
            "\"path\":\"/items/7\",\"bytes\":612,\"duration_ns\":4000000}\n"
            "{\"ok\":false,\"error\":\"no_format\",\"line\":2}\n");
}

constexpr char kEventLine[] =
    R"({"event_id":"9f5a3c1e8b2d4f6a9f5a3c1e8b2d4f6a","timestamp":1795255200,"level":"error","transaction":"/pay",)"
    R"("release":"shop@1.4.2","environment":"production","exception":{"values":[{"type":"TypeError","value":"no"}]}})"
    "\n";

TEST(ParseCommand, SaysWhatIsMadeOfAnErrorEvent) {
  const TestFolder folder;
  const ProgramResult result = RunProgram(folder, {"parse", "--format", "sentry"}, kEventLine + std::string("7\n"));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, StartsWith("{\"ok\":true,\"format\":\"sentry\",\"time_ns\":" + std::to_string(kStart) +
                                     "000000000,\"event_id\":\"9f5a3c1e8b2d4f6a9f5a3c1e8b2d4f6a\","
                                     "\"level\":\"error\",\"type\":\"TypeError\",\"culprit\":\"/pay\",\"title\":"));
  EXPECT_THAT(result.out, HasSubstr("\"release\":\"shop@1.4.2\",\"environment\":\"production\",\"fingerprint\":\""));
  EXPECT_THAT(result.out, HasSubstr("\n{\"ok\":false,\"error\":\""));
  EXPECT_THAT(result.out, HasSubstr("\"line\":2}\n"));
}

TEST(ParseCommand, NamesTheFormatsItKnows) {
  const TestFolder folder;
  const ProgramResult result = RunProgram(folder, {"parse", "--format", "ngnix"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("unknown format \"ngnix\"; known: auto, "));
}

TEST(ParseCommand, ReadsAFormatThatAPersonDescribes) {
  const TestFolder folder;
  const std::string described = "nginx:$time_iso8601|$host|$request|$status|$request_time";
  const ProgramResult result = RunProgram(folder, {"parse", "--format", described},
                                          "2026-11-21T10:00:00+00:00|shop.test|GET /items/7?a HTTP/1.1|503|0.004\n");
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.out,
            "{\"ok\":true,\"format\":\"nginx\",\"time_ns\":1795255200000000000,\"start_ns\":1795255199996000000,"
            "\"status\":503,\"method\":\"GET\",\"host\":\"shop.test\",\"path\":\"/items/7\","
            "\"duration_ns\":4000000}\n");
  const ProgramResult wrong = RunProgram(folder, {"parse", "--format", "apache:%h %t %Z"});
  EXPECT_EQ(wrong.exit_code, 2);
  EXPECT_THAT(wrong.err, HasSubstr("\"%Z\" at byte 7 "));
}

TEST(ParseCommand, AnUnreadableLogIsOneLineAndExitCode3) {
  const TestFolder folder;
  const ProgramResult result = RunProgram(folder, {"parse", "/nonexistent/access.log"});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_EQ(result.err, "revertd: cannot read /nonexistent/access.log: No such file or directory\n");
  const ProgramResult of_folder = RunProgram(folder, {"parse", "/"});
  EXPECT_EQ(of_folder.exit_code, 3);
  EXPECT_EQ(of_folder.err, "revertd: cannot read /: it is a folder\n");
}

TEST(CommandLine, WrongUsageIsExitCode2AndHelpIs0) {
  const TestFolder folder;
  EXPECT_EQ(RunProgram(folder, {}).exit_code, 2);
  EXPECT_EQ(RunProgram(folder, {"reply"}).exit_code, 2);
  EXPECT_EQ(RunProgram(folder, {"deploy", "start"}).exit_code, 2);
  for (const char* command :
       {"run", "replay", "calibrate", "parse", "revert", "check", "health", "explain", "status"}) {
    const ProgramResult help = RunProgram(folder, {command, "--help"});
    EXPECT_EQ(help.exit_code, 0) << command;
    EXPECT_THAT(help.out, HasSubstr("Example:\n  ")) << command;
  }
}

constexpr std::string_view kHaproxyLine =
    "192.0.2.7:40112 [21/Nov/2026:11:00:00.250] www shop/web-3 0/0/0/7/7 200 512 - - ---- 1/1/0/0/0 0/0 "
    "\"GET / HTTP/1.1\"\n";

TEST(Timezone, IsThatOfTimesWithoutOne) {
  const TestFolder folder;
  const std::string line(kHaproxyLine);
  EXPECT_THAT(RunProgram(folder, {"parse"}, line).out, HasSubstr("\"start_ns\":1795258800250000000,"));
  EXPECT_THAT(RunProgram(folder, {"parse", "--timezone", "Europe/Berlin"}, line).out,
              HasSubstr("\"start_ns\":1795255200250000000,"));
  // The summary's time is the end of the log's last second.
  EXPECT_THAT(RunProgram(folder, {"replay"}, line).out, HasSubstr("\"time_ns\":1795258801000000000,"));
  EXPECT_THAT(RunProgram(folder, {"replay", "--timezone", "Europe/Berlin"}, line).out,
              HasSubstr("\"time_ns\":1795255201000000000,"));
}

TEST(Timezone, AnUnknownOneIsWrongUsage) {
  const TestFolder folder;
  for (const char* command : {"parse", "replay"}) {
    const ProgramResult result = RunProgram(folder, {command, "--timezone", "Mars/Olympus"});
    EXPECT_EQ(result.exit_code, 2) << command;
    EXPECT_THAT(result.err, StartsWith("revertd: --timezone: no time zone \"Mars/Olympus\" (UTC, local, or "));
  }
}

TEST(Simd, NoChoiceChangesWhatIsCounted) {
  const TestFolder folder;
  std::string log;
  for (int i = 0; i < 1'000; ++i) log += kHaproxyLine;
  const auto counted = [&](const std::string& simd) {
    const ProgramResult result = RunProgram(folder, {"replay", "--windows", "--simd", simd}, log);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return result.out.substr(0, result.out.find("\"wall_seconds\""));
  };
  const std::string wanted = counted("auto");
  EXPECT_THAT(wanted, HasSubstr("\"lines\":1000,"));
  for (const SimdKernel kernel : {SimdKernel::kPortable, SimdKernel::kAvx2, SimdKernel::kAvx512}) {
    if (IsAvailable(kernel)) {
      EXPECT_EQ(counted(std::string(NameOf(kernel))), wanted) << NameOf(kernel);
    } else {
      const ProgramResult result = RunProgram(folder, {"replay", "--simd", std::string(NameOf(kernel))});
      EXPECT_EQ(result.exit_code, 2);
      EXPECT_THAT(result.err, StartsWith("revertd: --simd: this machine has no " + std::string(NameOf(kernel))));
    }
  }
}

TEST(Simd, AnUnknownOneIsWrongUsageThatNamesTheChoices) {
  const TestFolder folder;
  const std::string config = folder.Write("revertd.yaml", "state: " + folder.Path("state.db") + "\n");
  for (const char* command : {"replay", "run"}) {
    const ProgramResult result = RunProgram(folder, {command, "--config", config, "--simd", "sse9"});
    EXPECT_EQ(result.exit_code, 2) << command;
    EXPECT_EQ(result.err, "revertd: --simd: no instruction set \"sse9\"; known: auto, avx512, avx2, portable\n");
  }
}

TEST(ReplayCommand, FindsTheBadDeployAndExitsWithBadNews) {
  const TestFolder folder;
  const std::string log =
      folder.Write("access.log", LogSeconds(kStart, kStart + 60, 0) + LogSeconds(kStart + 60, kStart + 120, 6));
  const ProgramResult result = RunProgram(
      folder, {"replay", "--deploy", "service=checkout.test,at=" + std::to_string(kStart + 60) + ",id=bad", log});
  EXPECT_EQ(result.exit_code, 1) << result.err;
  EXPECT_THAT(result.out, HasSubstr("\"event\":\"verdict\""));
  EXPECT_THAT(result.out, HasSubstr("\"state\":\"regressed\""));
  EXPECT_THAT(result.out, HasSubstr("\"calibrated\":false"));
  EXPECT_THAT(result.out, HasSubstr("\"decision\":\"triage\",\"reason\":\"uncalibrated\""));
  EXPECT_THAT(result.out, HasSubstr("\"lines\":36000,"));
  EXPECT_THAT(result.out, HasSubstr("\"verdicts\":{\"bad\":\"regressed\"}"));
}

TEST(ReplayCommand, AGoodDeployIsNoBadNews) {
  const TestFolder folder;
  const std::string log = folder.Write("access.log", LogSeconds(kStart, kStart + 120, 0));
  const ProgramResult result =
      RunProgram(folder, {"replay", "--deploy", "service=checkout.test,at=" + std::to_string(kStart + 60), log});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, testing::Not(HasSubstr("regressed")));
}

// However the log is cut into files and whether it is piped or read, the events are the same.
TEST(ReplayCommand, FilesAndStdinGiveTheSameEvents) {
  const TestFolder folder;
  const std::string first = LogSeconds(kStart, kStart + 60, 0);
  const std::string second = LogSeconds(kStart + 60, kStart + 100, 6);
  const std::string deploy = "service=checkout.test,at=" + std::to_string(kStart + 60);
  const auto events = [](const ProgramResult& result) { return result.out.substr(0, result.out.find("\"summary\"")); };
  const ProgramResult piped = RunProgram(folder, {"replay", "--deploy", deploy}, first + second);
  const ProgramResult files =
      RunProgram(folder, {"replay", "--deploy", deploy, folder.Write("a.log", first), folder.Write("b.log", second)});
  EXPECT_THAT(piped.out, HasSubstr("regressed"));
  EXPECT_EQ(events(piped), events(files));
}

TEST(ReplayCommand, WindowsTellWhatWasCountedOfEachServiceInEachSecond) {
  const TestFolder folder;
  const std::string log = folder.Write("access.log", LogSeconds(kStart, kStart + 2, 3));
  const auto windows = [](const ProgramResult& result) { return result.out.substr(0, result.out.find("\"summary\"")); };
  const ProgramResult told = RunProgram(folder, {"replay", "--windows", log});
  const std::string second = std::to_string(kStart + 1);
  EXPECT_THAT(told.out, HasSubstr("{\"event\":\"window\",\"time_ns\":" + second +
                                  "000000000,\"service\":\"checkout.test\",\"deploy\":\"\",\"1xx\":0,\"2xx\":147,"
                                  "\"3xx\":0,\"4xx\":0,\"5xx\":3,\"aborted\":0,\"bytes\":91800}\n"));
  EXPECT_EQ(std::ranges::count(windows(told), '\n'), 4);
  EXPECT_THAT(windows(RunProgram(folder, {"replay", log})), testing::Not(HasSubstr("\"window\"")));
}

// Events of a kind, one in each tenth of a second of [from, to).
std::string EventSeconds(int64_t from, int64_t to, const std::string& type) {
  std::string events;
  for (int64_t second = from; second < to; ++second) {
    for (int tenth = 0; tenth < 10; ++tenth) {
      events += R"({"timestamp":)" + std::to_string(second) + "." + std::to_string(tenth) +
                R"(,"exception":{"values":[{"type":")" + type + R"(","value":"no"}]}})" + "\n";
    }
  }
  return events;
}

// An application may swallow its error and answer 200: the log alone finds nothing.
TEST(ReplayCommand, FindsTheNewErrorThatTheLogDoesNotShow) {
  const TestFolder folder;
  const std::string log = folder.Write("access.log", LogSeconds(kStart, kStart + 400, 0));
  const std::string events =
      folder.Write("events.ndjson", EventSeconds(kStart + 201, kStart + 400, "NewError") + "broken\n" +
                                        EventSeconds(kStart, kStart + 200, "OldError") +
                                        EventSeconds(kStart - 7200, kStart - 7199, "OldError") +  // was listened to
                                        EventSeconds(kStart + 900, kStart + 901, "x"));
  const std::string deploy = "service=checkout.test,at=" + std::to_string(kStart + 200) + ",id=bad";
  const ProgramResult without = RunProgram(folder, {"replay", "--deploy", deploy, log});
  EXPECT_THAT(without.out, testing::Not(HasSubstr("error_events")));
  EXPECT_THAT(without.out, testing::Not(HasSubstr("regressed")));
  const ProgramResult result = RunProgram(folder, {"replay", "--deploy", deploy, "--events", events, log});
  EXPECT_THAT(result.out,
              HasSubstr("\"error_events\":4000,\"refused_error_events\":{\"unreadable\":1,\"after_log\":10}"));
  EXPECT_THAT(result.err, HasSubstr(events + ":1991: left out: "));
  EXPECT_EQ(result.exit_code, 1) << result.out;
  EXPECT_THAT(result.out, HasSubstr("\"verdicts\":{\"bad\":\"regressed\"}"));
  EXPECT_THAT(result.out, HasSubstr("\"type\":\"NewError\""));
  EXPECT_EQ(RunProgram(folder, {"replay", "--deploy", deploy, "--events", "-", log}, ReadFile(events)).exit_code, 1);
}

TEST(ReplayCommand, EventsWithoutALogAreJudgedOnTheirOwnClock) {
  const TestFolder folder;
  const std::string events = EventSeconds(kStart, kStart + 200, "OldError");
  const std::string deploy = "service=checkout.test,at=" + std::to_string(kStart + 100) + ",id=good";
  const ProgramResult result = RunProgram(folder, {"replay", "--deploy", deploy, "--events", "-"}, events);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("\"time_ns\":" + std::to_string(kStart + 200) + "000000000,"));
  EXPECT_THAT(result.out, HasSubstr("\"error_events\":2000,\"refused_error_events\":{}"));
  EXPECT_THAT(result.out, HasSubstr("\"verdicts\":{\"good\":\""));
}

TEST(ReplayCommand, OneStandardInputCannotBeBothLogAndEvents) {
  const TestFolder folder;
  const ProgramResult result = RunProgram(folder, {"replay", "--events", "-", "-"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_EQ(result.err, "revertd: --events -: standard input is read already; name a file\n");
  const ProgramResult missing = RunProgram(folder, {"replay", "--events", folder.Path("none")});
  EXPECT_EQ(missing.exit_code, 3) << missing.err;
}

TEST(ReplayCommand, SaysWhatIsWrongWithADeploy) {
  const TestFolder folder;
  const ProgramResult result = RunProgram(folder, {"replay", "--deploy", "service=x,at=soon"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, StartsWith("revertd: --deploy service=x,at=soon: at=soon: not a time"));
}

TEST(Configuration, AWrongKeyNamesFileLineKeyAndTheNearestOne) {
  const TestFolder folder;
  const std::string config =
      folder.Write("revertd.yaml", "services:\n  checkout:\n    match: {host: a}\n    mod: push\n");
  const ProgramResult result = RunProgram(folder, {"run", "--config", config});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr(config + ":4: services.checkout.mod: unknown key; did you mean \"mode\"?"));
}

TEST(State, WithoutASidecarEveryReaderSaysSoInOneLine) {
  const TestFolder folder;
  const std::string config = folder.Write("revertd.yaml", "state: " + folder.Path("state.db") + "\n");
  for (const std::vector<std::string>& command : {std::vector<std::string>{"status"},
                                                  {"deploy", "list"},
                                                  {"trigger", "list"},
                                                  {"explain", "x"},
                                                  {"deploy", "start", "--service", "checkout"}}) {
    std::vector<std::string> arguments = command;
    arguments.insert(arguments.end(), {"--config", config});
    const ProgramResult result = RunProgram(folder, arguments);
    EXPECT_EQ(result.exit_code, 3) << command.front();
    EXPECT_THAT(result.err, StartsWith("revertd: ")) << command.front();
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
  }
}

}  // namespace
}  // namespace revertd
