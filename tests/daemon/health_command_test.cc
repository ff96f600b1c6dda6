// `revertd health` as a user runs it, without a server: what it prints, where, and how it exits. tests/e2e/health.sh
// asks real ones.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/daemon/program.h"

namespace revertd {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// A port that is ours and that nobody listens on: whoever connects is refused.
class ClosedPort {
 public:
  ClosedPort() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* any = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(socket_, any, size), 0);
    EXPECT_EQ(::getsockname(socket_, any, &size), 0);
    port_ = ntohs(address.sin_port);
  }
  ~ClosedPort() { ::close(socket_); }
  ClosedPort(const ClosedPort&) = delete;
  ClosedPort& operator=(const ClosedPort&) = delete;

  std::string Url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/ready"; }

 private:
  int socket_;
  uint16_t port_ = 0;
};

class HealthCommand : public ::testing::Test {
 protected:
  // checkout has a check that is fatal, catalog one that only warns, search none.
  HealthCommand() {
    config_ = folder_.Write("revertd.yaml",
                            "services:\n"
                            "  checkout:\n"
                            "    match: {host: checkout.test}\n"
                            "    health: {checks: [{name: ready, url: '" +
                                port_.Url() +
                                "'}]}\n"
                                "  catalog:\n"
                                "    match: {host: catalog.test}\n"
                                "    health: {checks: [{name: index, url: '" +
                                port_.Url() +
                                "', level: warn}]}\n"
                                "  search: {match: {host: search.test}}\n"
                                "state: " +
                                folder_.Path("state.db") + "\n");
  }
  ProgramResult Health(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"health", "--config", config_});
    return RunProgram(folder_, arguments);
  }

  const TestFolder folder_;
  const ClosedPort port_;
  std::string config_;
};

TEST_F(HealthCommand, PrintsALineForEachCheckInAlignedColumns) {
  const ProgramResult result = Health({});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.err, "");
  EXPECT_THAT(result.out, StartsWith("checkout  ready  fatal  connection_refused  "));
  EXPECT_THAT(result.out, HasSubstr("\ncatalog   index  warn   connection_refused  "));
  EXPECT_EQ(std::ranges::count(result.out, '\n'), 2);
}

TEST_F(HealthCommand, JsonIsOneObjectACheck) {
  const ProgramResult result = Health({"--json", "--service", "catalog"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, AllOf(StartsWith("{\"service\":\"catalog\",\"check\":\"index\",\"level\":\"warn\","
                                           "\"reason\":\"connection_refused\",\"detail\":\""),
                                HasSubstr("\"at_ns\":"), HasSubstr("\"took_ns\":"), EndsWith("}\n")));
  EXPECT_EQ(std::ranges::count(result.out, '\n'), 1);
}

TEST_F(HealthCommand, BadNewsIsExitCode1WhereItIsAskedFor) {
  EXPECT_EQ(Health({"--fail-on-fatal"}).exit_code, 1);
  EXPECT_EQ(Health({"--fail-on-fatal", "--service", "checkout"}).exit_code, 1);
  EXPECT_EQ(Health({"--fail-on-fatal", "--service", "catalog"}).exit_code, 0);
}

TEST_F(HealthCommand, SaysWhereThereIsNothingToAsk) {
  const ProgramResult result = Health({"--service", "search", "--fail-on-fatal"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(result.err,
            "revertd: no health checks are configured for search: nothing was asked "
            "(services.NAME.health)\n");
}

TEST_F(HealthCommand, AnUnknownServiceIsWrongUsage) {
  const ProgramResult result = Health({"--service", "chekout"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_EQ(result.err, "revertd: --service chekout: not in the configuration; did you mean \"checkout\"?\n");
}

TEST_F(HealthCommand, AWrongConfigurationIsWrongUsage) {
  config_ = folder_.Write("wrong.yaml", "services:\n  checkout:\n    health: {checks: [{name: ready}]}\n");
  const ProgramResult result = Health({});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("wrong.yaml:3: "));
}

}  // namespace
}  // namespace revertd
