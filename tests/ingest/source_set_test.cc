// Real sockets, pipes and files into one set of sources, on both event loops.
#include "ingest/source_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/resource.h>

#include <cerrno>
#include <fstream>

#include "ingest/nap.h"
#include "ingest/stdin_source.h"
#include "ingest/syslog_socket.h"
#include "ingest/unix_queue.h"
#include "tests/ingest/sockets.h"
#include "tests/ingest/source_bench.h"
#include "tests/test_folder.h"

namespace revertd {
namespace {

using ::testing::HasSubstr;

// While it lives this process can open no further descriptor.
class NoDescriptors {
 public:
  NoDescriptors() {
    EXPECT_EQ(::getrlimit(RLIMIT_NOFILE, &before_), 0);
    const Descriptor next(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    rlimit none = before_;
    none.rlim_cur = static_cast<rlim_t>(next.get());
    EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  }
  ~NoDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

class SourceTest : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    std::string reason;
    loop_ = OpenEventLoop(GetParam(), &reason);
    if (GetParam() && loop_->name() != "io_uring") GTEST_SKIP() << "NOT TESTED: " << reason;
  }
  // Runs the loop and the source until `done`, which must come true by what already happened.
  template <typename Condition>
  void RunUntil(Source& source, Condition done) {
    for (int rounds = 0; !done() && rounds < 2000; ++rounds) {
      ASSERT_TRUE(loop_->RunOnce(kMillisecondNs).ok());
      source.Tick();
    }
    EXPECT_TRUE(done());
  }
  std::unique_ptr<SyslogSocket> Listen(const std::string& address, SourceBench* bench) {
    auto socket = std::make_unique<SyslogSocket>(*ParseListenAddress(address), 0600, bench->Context());
    EXPECT_TRUE(socket->Start(loop_.get()).ok());
    return socket;
  }

  TestFolder folder_;
  FixedClock clock_{SourceBench::Start()};
  Kept kept_;
  std::unique_ptr<EventLoop> loop_;
  SourceBench bench_{&clock_, &kept_};
};

INSTANTIATE_TEST_SUITE_P(BothLoops, SourceTest, testing::Bool(),
                         [](const auto& about) { return about.param ? "Uring" : "Poll"; });

TEST_P(SourceTest, AUnixDatagramIsOneMessageOfOneOrMoreLines) {
  const std::string path = folder_.Path("log.sock");
  const auto source = Listen("unixgram:" + path, &bench_);
  EXPECT_EQ(std::filesystem::status(path).permissions(), std::filesystem::perms(0600));
  const Descriptor sender = ConnectUnix(SOCK_DGRAM, path);
  const std::string line = SourceLine(0, 1);
  Send(sender, line);
  Send(sender, std::string_view(line).substr(0, line.size() - 1));
  Send(sender, line + line);
  RunUntil(*source, [&] { return bench_.Get(Counter::kLinesSampled) == 4; });
  EXPECT_EQ(bench_.Get(Counter::kDatagrams), 3U);
  EXPECT_EQ(bench_.Get(Counter::kLinesRead), 4U);
}

TEST_P(SourceTest, ASocketOfADeadProcessIsReplacedAndOursIsRemoved) {
  const std::string path = folder_.Path("log.sock");
  {
    Descriptor dead(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    ASSERT_EQ(::bind(dead.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  }
  auto source = Listen("unixgram:" + path, &bench_);
  SyslogSocket second(*ParseListenAddress("unixgram:" + path), 0600, bench_.Context());
  EXPECT_THAT(std::string(MessageOf(second.Start(loop_.get()))), HasSubstr("another process listens there"));
  source.reset();
  EXPECT_FALSE(std::filesystem::exists(path));
  std::ofstream(path) << "a file of somebody's";
  SyslogSocket third(*ParseListenAddress("unixgram:" + path), 0600, bench_.Context());
  EXPECT_THAT(std::string(MessageOf(third.Start(loop_.get()))), HasSubstr("no socket"));
  EXPECT_TRUE(std::filesystem::exists(path));
}

TEST_P(SourceTest, EveryUdpDatagramIsCountedOrAKernelDrop) {
  const auto source = Listen("udp:127.0.0.1:0", &bench_);
  const Descriptor sender = ConnectInet(SOCK_DGRAM, source->port());
  const std::string line = SourceLine(0, 1);
  constexpr uint64_t kSent = 50'000;
  for (uint64_t i = 0; i < kSent; ++i) Send(sender, line);
  RunUntil(*source, [&] {
    clock_.SleepFor(kTickNs);
    return bench_.Get(Counter::kLinesSampled) + bench_.Get(Counter::kKernelDrops) == kSent;
  });
  EXPECT_EQ(bench_.Get(Counter::kDatagrams), bench_.Get(Counter::kLinesSampled));
}

TEST_P(SourceTest, TcpConnectionsKeepTheirLinesApart) {
  const auto source = Listen("tcp:127.0.0.1:0", &bench_);
  const std::string line = SourceLine(0, 1);
  std::vector<Descriptor> senders;
  for (int i = 0; i < 5; ++i) senders.push_back(ConnectInet(SOCK_STREAM, source->port()));
  for (size_t at = 0; at < line.size(); at += 7) {
    for (const Descriptor& sender : senders) Send(sender, std::string_view(line).substr(at, 7));
    ASSERT_TRUE(loop_->RunOnce(kMillisecondNs).ok());
    source->Tick();
  }
  const std::string counted = "<134>Nov 21 03:10:00 host nginx: " + line;
  Send(senders[0], std::to_string(counted.size()) + " " + counted);
  for (Descriptor& sender : senders) sender.Close();
  RunUntil(*source, [&] { return bench_.Get(Counter::kLinesRead) == 6; });
  EXPECT_GE(bench_.Get(Counter::kLinesSampled), 5U);
  EXPECT_EQ(bench_.Get(Counter::kConnections), 5U);
  EXPECT_EQ(bench_.Get(Counter::kFramingErrors), 0U);
}

TEST_P(SourceTest, ConnectionsOverTheLimitAreRefusedAndCounted) {
  const auto source = Listen("unix:" + folder_.Path("log.sock"), &bench_);
  std::vector<Descriptor> senders;
  for (size_t i = 0; i < SyslogSocket::kConnectionsMax + 3; ++i) {
    senders.push_back(ConnectUnix(SOCK_STREAM, folder_.Path("log.sock")));
    ASSERT_TRUE(loop_->RunOnce(kMillisecondNs).ok());
  }
  RunUntil(*source, [&] { return bench_.Get(Counter::kConnectionsRefused) == 3; });
  EXPECT_EQ(bench_.Get(Counter::kConnections), SyslogSocket::kConnectionsMax);
}

// Without a free descriptor accept() fails as often as it is asked: it is asked again only after a while.
TEST_P(SourceTest, AcceptIsTriedAgainAfterAWhileWhenDescriptorsRunOut) {
  const auto source = Listen("unix:" + folder_.Path("log.sock"), &bench_);
  const Descriptor sender = ConnectUnix(SOCK_STREAM, folder_.Path("log.sock"));
  {
    const NoDescriptors none;
    RunUntil(*source, [&] { return bench_.Get(Counter::kReadErrors) == 1; });
    for (int i = 0; i < 20; ++i) {
      ASSERT_TRUE(loop_->RunOnce(0).ok());
      source->Tick();
    }
    EXPECT_EQ(bench_.Get(Counter::kReadErrors), 1U);
  }
  EXPECT_THAT(bench_.events(), HasSubstr("accepting: "));
  clock_.SleepFor(SyslogSocket::kRetryAfter);
  Send(sender, SourceLine(0, 1));
  RunUntil(*source, [&] { return bench_.Get(Counter::kLinesSampled) == 1; });
  EXPECT_EQ(bench_.Get(Counter::kConnections), 1U);
}

TEST(UnixQueue, IsSaidToBeShortOnlyWhereItIs) {
  EXPECT_THAT(UnixQueueWarning(10), HasSubstr("queues 10 unix datagrams"));
  EXPECT_THAT(UnixQueueWarning(kUnixQueueWanted - 1), HasSubstr("net.unix.max_dgram_qlen=512"));
  EXPECT_EQ(UnixQueueWarning(kUnixQueueWanted), "");
}

TEST_P(SourceTest, AUnixDatagramSourceSaysHowLongTheKernelsQueueIs) {
  const std::optional<int64_t> length = UnixQueueLength();
  if (!length) GTEST_SKIP() << "NOT TESTED: the kernel does not tell the length of its queue";
  const auto source = Listen("unixgram:" + folder_.Path("log.sock"), &bench_);
  EXPECT_THAT(bench_.events(), HasSubstr("queues " + std::to_string(*length)));
}

TEST_P(SourceTest, ANonsensicalCountClosesItsConnection) {
  const auto source = Listen("tcp:127.0.0.1:0", &bench_);
  const Descriptor sender = ConnectInet(SOCK_STREAM, source->port());
  Send(sender, "999999 <134>x");
  RunUntil(*source, [&] { return bench_.Get(Counter::kFramingErrors) == 1; });
  char byte;
  EXPECT_LE(::recv(sender.get(), &byte, 1, 0), 0);
}

// A sender that is killed resets its connection; the others speak on.
TEST_P(SourceTest, AConnectionThatIsResetIsNoReadError) {
  const auto source = Listen("tcp:127.0.0.1:0", &bench_);
  Descriptor killed = ConnectInet(SOCK_STREAM, source->port());
  Send(killed, SourceLine(0, 1));
  RunUntil(*source, [&] { return bench_.Get(Counter::kLinesSampled) == 1; });
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ASSERT_EQ(::setsockopt(killed.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), 0);
  killed.Close();
  const Descriptor next = ConnectInet(SOCK_STREAM, source->port());
  Send(next, SourceLine(0, 2));
  RunUntil(*source, [&] { return bench_.Get(Counter::kLinesSampled) == 2; });
  EXPECT_EQ(bench_.Get(Counter::kReadErrors), 0U);
}

// A loop that only remembers what it was asked, so that naps are seen without a wait.
class RememberingLoop final : public EventLoop {
 public:
  void Rest(Id, DurationNs duration) override { rests.push_back(duration); }
  void Remove(Id) override {}
  Status RunOnce(DurationNs) override {
    on_event_({});
    return OkStatus();
  }
  std::string_view name() const override { return "remembering"; }
  OnEvent asked() const { return on_event_; }  // last

  std::vector<DurationNs> rests;

 private:
  Id Add(Kind, int, OnEvent on_event) override {
    on_event_ = std::move(on_event);
    return 1;
  }

  OnEvent on_event_;
};

TEST(StdinSource, NapsUnderLoadAndNeverWhenIdle) {
  int fds[2];
  ASSERT_EQ(::pipe2(fds, O_CLOEXEC), 0);
  const Descriptor reader(fds[0]);
  const Descriptor writer(fds[1]);
  FixedClock clock(SourceBench::Start());
  Kept kept;
  SourceBench bench(&clock, &kept);
  RememberingLoop loop;
  StdinSource source(reader.get(), bench.Context());
  ASSERT_TRUE(source.Start(&loop).ok());
  const std::string line = SourceLine(0, 1);
  for (const DurationNs pause : {kSecondNs, 3 * kMicrosecondNs, 210 * kMicrosecondNs, kSecondNs}) {
    clock.SleepFor(pause);
    for (int i = 0; i < (pause == 210 * kMicrosecondNs ? 70 : 1); ++i) {
      ASSERT_EQ(::write(writer.get(), line.data(), line.size()), static_cast<ssize_t>(line.size()));
    }
    ASSERT_TRUE(loop.RunOnce(0).ok());
  }
  EXPECT_EQ(loop.rests, (std::vector<DurationNs>{0, kNapMax, kNapMax, 0}));
  EXPECT_EQ(bench.Get(Counter::kLinesSampled), 73U);
}

TEST(SyslogSocket, NapsForUdpUnderLoadAndNeverWhenIdle) {
  FixedClock clock(SourceBench::Start());
  Kept kept;
  SourceBench bench(&clock, &kept);
  RememberingLoop loop;
  SyslogSocket source(*ParseListenAddress("udp:127.0.0.1:0"), 0600, bench.Context());
  ASSERT_TRUE(source.Start(&loop).ok());
  const Descriptor sender = ConnectInet(SOCK_DGRAM, source.port());
  for (const DurationNs pause : {kSecondNs, 5 * kMicrosecondNs, 210 * kMicrosecondNs, kSecondNs}) {
    clock.SleepFor(pause);
    for (int i = 0; i < (pause == 210 * kMicrosecondNs ? 40 : 1); ++i) Send(sender, SourceLine(0, i));
    ASSERT_TRUE(loop.RunOnce(0).ok());
  }
  EXPECT_EQ(loop.rests, (std::vector<DurationNs>{0, kNapMax, kNapMax, 0}));
  source.Tick();
  EXPECT_EQ(bench.Get(Counter::kDatagrams), 43U);
  EXPECT_EQ(bench.Get(Counter::kLinesSampled), 43U);
}

TEST(SyslogSocket, AConnectionThatCannotBeReadIsAReadErrorUnlessItsPeerResetIt) {
  const TestFolder folder;
  FixedClock clock(SourceBench::Start());
  Kept kept;
  SourceBench bench(&clock, &kept);
  RememberingLoop loop;
  SyslogSocket source(*ParseListenAddress("unix:" + folder.Path("log.sock")), 0600, bench.Context());
  ASSERT_TRUE(source.Start(&loop).ok());
  const auto listening = loop.asked();
  for (const auto& [error, errors] : {std::pair(ECONNRESET, 0U), std::pair(EIO, 1U)}) {
    const DescriptorPair ends = SocketPair(SOCK_STREAM);
    listening({.accepted = ::dup(ends.here.get())});
    loop.asked()({.error = error});
    EXPECT_EQ(bench.Get(Counter::kReadErrors), errors) << error;
  }
  EXPECT_EQ(bench.Get(Counter::kConnections), 2U);
}

TEST_P(SourceTest, AStopTakesWhatTheKernelHasQueued) {
  const auto source = Listen("udp:127.0.0.1:0", &bench_);
  const Descriptor sender = ConnectInet(SOCK_DGRAM, source->port());
  for (int i = 0; i < 100; ++i) Send(sender, SourceLine(0, i));
  source->Stop();
  EXPECT_EQ(bench_.Get(Counter::kDatagrams), 100U);
  EXPECT_EQ(bench_.Get(Counter::kLinesSampled), 100U);
}

// A whole set: a pipe, a file and a socket count into one ring and each into its own counters.
TEST_P(SourceTest, SourcesCountApartAndEndTogether) {
  Config config;
  config.sources.resize(3);
  config.sources[1].kind = SourceConfig::Kind::kFile;
  config.sources[1].path = folder_.Path("access.log");
  config.sources[1].from_start = true;
  config.sources[2].kind = SourceConfig::Kind::kSyslog;
  config.sources[2].listen = *ParseListenAddress("unixgram:" + folder_.Path("log.sock"));
  ServiceTable services(kServicesMax);
  WindowRing ring(kServicesMax, kRingSeconds);
  int fds[2];
  ASSERT_EQ(::pipe2(fds, O_CLOEXEC), 0);
  Descriptor reader(fds[0]);
  Descriptor writer(fds[1]);
  std::string events;
  std::atomic<bool> stop = false;
  SourceSet* running = nullptr;
  SourceSet set(config, &services, &ring, &clock_,
                {.make_room = nullptr,
                 .on_batch =
                     [&] {
                       uint64_t sampled = 0;
                       for (const auto& view : running->views()) sampled += view.counters->Get(Counter::kLinesSampled);
                       if (sampled == 6) stop = true;
                     },
                 .on_event =
                     [&](const SourceEvent& event) {
                       events += std::string(event.source) + " " + std::string(event.what) + " " + event.detail + "\n";
                     },
                 .positions = nullptr});
  running = &set;
  ASSERT_TRUE(set.Open({.use_io_uring = GetParam(), .stdin_fd = reader.get()}).ok());
  const std::string line = SourceLine(0, 1);
  std::ofstream(folder_.Path("access.log")) << line << line;
  ASSERT_EQ(::write(writer.get(), line.data(), line.size()), static_cast<ssize_t>(line.size()));
  const Descriptor sender = ConnectUnix(SOCK_DGRAM, folder_.Path("log.sock"));
  for (int i = 0; i < 3; ++i) Send(sender, line);
  ASSERT_TRUE(set.Run(stop).ok());
  EXPECT_EQ(set.views()[0].counters->Get(Counter::kLinesSampled), 1U);
  EXPECT_EQ(set.views()[1].counters->Get(Counter::kLinesSampled), 2U);
  EXPECT_EQ(set.views()[2].counters->Get(Counter::kLinesSampled), 3U);
  EXPECT_THAT(events, HasSubstr("stdin format nginx_vhost_combined_rt"));
  EXPECT_GE(ring.sealed_through(), FloorToSecond(SourceBench::Start()));
}

TEST(ListenAddress, IsReadStrictly) {
  EXPECT_EQ(ToText(*ParseListenAddress("udp:[::1]:514")), "udp:[::1]:514");
  EXPECT_EQ(ToText(*ParseListenAddress("unix:/run/x.sock")), "unix:/run/x.sock");
  for (const char* wrong : {"", "udp", "udp:localhost:514", "udp:127.0.0.1", "tcp:127.0.0.1:65536", "unixgram:run/x",
                            "unixgram:", "http:127.0.0.1:80"}) {
    EXPECT_FALSE(ParseListenAddress(wrong).ok()) << wrong;
  }
  EXPECT_FALSE(ParseListenAddress("unix:/" + std::string(200, 'x')).ok());
}

}  // namespace
}  // namespace revertd
