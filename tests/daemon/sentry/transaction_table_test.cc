#include "daemon/sentry/transaction_table.h"

#include <gtest/gtest.h>

namespace revertd {
namespace {

std::string Text(const TransactionTable& table, std::string_view project = "") {
  std::string text;
  table.ForEach(project, [&](std::string_view of, std::string_view name, const HdrHistogram& times) {
    if (times.total() > 0)
      text += std::string(of) + "/" + std::string(name) + "=" + std::to_string(times.total()) + " ";
  });
  return text;
}

TEST(TransactionTable, CountsByProjectAndName) {
  TransactionTable table;
  EXPECT_TRUE(table.Record("1", "GET /pay", 20 * kMillisecondNs));
  EXPECT_TRUE(table.Record("1", "GET /pay", 30 * kMillisecondNs));
  EXPECT_TRUE(table.Record("2", "job", kSecondNs));
  EXPECT_EQ(Text(table), "1/GET /pay=2 2/job=1 ");
  EXPECT_EQ(Text(table, "2"), "2/job=1 ");
  EXPECT_EQ(Text(table, "3"), "");
}

TEST(TransactionTable, KeepsTheDurations) {
  TransactionTable table;
  for (int i = 1; i <= 100; ++i) table.Record("1", "job", i * 10 * kMillisecondNs);
  table.ForEach("1", [](std::string_view, std::string_view name, const HdrHistogram& times) {
    if (name != "job") return;
    EXPECT_NEAR(static_cast<double>(times.ValueAtQuantile(0.5)), 500e6, 5e6);
    EXPECT_NEAR(static_cast<double>(times.ValueAtQuantile(0.99)), 990e6, 10e6);
  });
}

// A name that holds an id would grow without end.
TEST(TransactionTable, NamesBeyondTheLimitAreCountedTogether) {
  TransactionTable table;
  constexpr size_t kRest = 44;
  for (size_t i = 0; i < TransactionTable::kNamesMax + kRest; ++i) {
    EXPECT_TRUE(table.Record("1", "GET /" + std::to_string(i), kMillisecondNs));
  }
  EXPECT_NE(Text(table).find("1/_other=44 "), std::string::npos) << Text(table);
  EXPECT_TRUE(table.Record("1", "GET /0", kMillisecondNs));
  EXPECT_NE(Text(table).find("1/GET /0=2 "), std::string::npos);
}

TEST(TransactionTable, ProjectsBeyondAllPlacesAreLeftOut) {
  TransactionTable table;
  for (size_t i = 0; i < TransactionTable::kPlacesMax; ++i) {
    EXPECT_TRUE(table.Record(std::to_string(i % 5), std::to_string(i), kMillisecondNs));
  }
  EXPECT_FALSE(table.Record("another", "job", kMillisecondNs));
  EXPECT_TRUE(table.Record("1", "yet another", kMillisecondNs)) << "in the rest of its project";
}

}  // namespace
}  // namespace revertd
