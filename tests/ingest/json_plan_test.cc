// The fast plan of JSON logs says what the exact reader says, or nothing, whatever happened to a line; and of an
// ordinary log it leaves few lines out.
#include "ingest/fast/json_plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <random>
#include <tuple>

#include "base/strings.h"
#include "ingest/fast/byte_index.h"
#include "tests/fuzz/record_contract.h"
#include "tests/ingest/shared_data.h"

namespace revertd {
namespace {

// Lines as one block with the margin that plans may read. Two lines of one log differ in more than their numbers.
class Block {
 public:
  explicit Block(const std::vector<std::string>& lines) {
    text_.assign(kBlockMarginBytes, '"');
    for (const std::string& line : lines) text_ += line + "\n";
    size_ = text_.size() - kBlockMarginBytes;
    text_.append(kBlockMarginBytes, '"');
  }
  std::string_view text() const { return std::string_view(text_).substr(kBlockMarginBytes, size_); }

 private:
  std::string text_;
  size_t size_ = 0;
};

constexpr FieldNeeds kAllFields{.request = true, .cohort = true};

// Reads the block with the plan, compares each proven line with the exact reader in all that is asked for, and answers
// how many there were.
size_t CompareAll(FastPlan& plan, LineReader& exact, const Block& block, const FieldNeeds& needs = kAllFields) {
  ByteIndex index(BestKernel(), plan.delimiters(), block.text().size());
  const IndexedBlock indexed{.data = block.text().data(), .marks = index.Build(block.text())};
  const auto batch = std::make_unique<LineBatch>();
  size_t proven = 0;
  for (BlockCursor cursor; cursor.begin < block.text().size();) {
    plan.Read(indexed, cursor, *batch);
    for (size_t i = 0; i < batch->size; ++i) {
      if (!batch->proven[i]) continue;
      ++proven;
      AccessRecord record;
      const std::string_view line = block.text().substr(batch->begins[i], batch->ends[i] - batch->begins[i]);
      EXPECT_EQ(NameOf(exact.Parse(line, record)), "none") << line;
      AccessRecord got = batch->records[i];
      if (!needs.request) std::tie(got.method, got.path) = std::tie(record.method, record.path);
      if (!needs.cohort) std::tie(got.upstream, got.release) = std::tie(record.upstream, record.release);
      CheckSameRecord(got, record);
    }
  }
  return proven;
}

std::vector<std::string> NginxLines(int count) {
  std::vector<std::string> lines;
  for (int i = 0; i < count; ++i) {
    lines.push_back(R"({"time":"2026-11-21T03:10:)" + std::to_string(10 + i % 50) +
                    R"(+00:00","remote_addr":"192.0.2.)" + std::to_string(i % 256) +
                    R"(","request_method":"GET","request_uri":"/items/)" + std::to_string(i) +
                    R"(?a=\"b\"","status":)" + (i % 7 == 0 ? "502" : "200") + R"(,"request_time":0.)" +
                    std::to_string(100 + i % 900) + R"(,"upstream_response_time":")" +
                    (i % 5 == 0 ? "0.001, 0.002" : "-") + R"(","host":"shop)" + std::to_string(i % 3) +
                    R"(.example.com","agent":"x \" y","bytes_sent":)" + std::to_string(i * 37) + "}");
    if (i % 2 == 0) std::erase(lines.back(), '\\');
    if (i % 2 == 0) lines.back().erase(lines.back().find("\"b\""), 3);
    if (i % 2 == 0) lines.back().replace(lines.back().find("x \" y"), 5, "x");
  }
  return lines;
}

TEST(JsonPlan, ProvesALogOfOneShape) {
  std::vector<std::string> lines;
  for (int i = 0; i < 1000; ++i) {
    lines.push_back(R"({"ts":1795230609.)" + std::to_string(100 + i % 900) + R"(,"status":200,"path":"/)" +
                    std::to_string(i) + R"(","duration_ms":)" + std::to_string(i) +
                    R"(,"tags":["a","b"],"x":{"y":null}})");
  }
  const Format* format = FormatNamed("json");
  const auto plan = format->NewFastPlan({}, kAllFields, BestKernel());
  ASSERT_NE(plan, nullptr);
  const auto exact = format->NewReader({});
  EXPECT_EQ(CompareAll(*plan, *exact, Block(lines)), 999U) << "all but the line that it learned from";
}

TEST(JsonPlan, LearnsAnewWhenTheLogChanges) {
  const auto lines_of = [](std::string_view key, int count) {
    const std::string line = R"({"ts":1795230609.5,"status":200,")" + std::string(key) + R"(":"/x"})";
    return std::vector<std::string>(static_cast<size_t>(count), line);
  };
  const Format* format = FormatNamed("json");
  const auto plan = format->NewFastPlan({}, kAllFields, BestKernel());
  const auto exact = format->NewReader({});
  EXPECT_EQ(CompareAll(*plan, *exact, Block(lines_of("path", 200))), 199U);
  EXPECT_EQ(CompareAll(*plan, *exact, Block(lines_of("uri", 200))), 199U);
}

// A literal of any length is compared to its last byte: with one byte more, less or other, the line has another shape.
TEST(JsonPlan, ComparesLiteralsOfEveryLengthToTheByte) {
  const Format* format = FormatNamed("json");
  const auto exact = format->NewReader({});
  const auto line_of = [](const std::string& between) {
    return R"({"ts":1795230609.5,"path":"/b")" + between + R"("status":200})";
  };
  for (size_t size = 1; size <= 70; ++size) {
    const std::string between = ",\"" + std::string(size, 'k') + R"(":{"j":[{},[]]},)";
    for (size_t at = 0; at < between.size(); ++at) {
      std::string other = between;
      other[at] = other[at] == 'k' ? 'j' : 'k';
      for (const std::string& changed :
           {other, between.substr(0, at) + " " + between.substr(at), between.substr(0, at) + between.substr(at + 1)}) {
        const auto plan = format->NewFastPlan({}, {}, BestKernel());
        const Block block({line_of(between), line_of(between), line_of(changed)});
        ASSERT_EQ(CompareAll(*plan, *exact, block, {}), 1U) << "the second alone, not " << line_of(changed);
      }
    }
  }
}

// A host that stands in the target alone is read also where nobody asks for paths.
TEST(JsonPlan, ReadsTheHostOfAnAbsoluteTarget) {
  const std::vector<std::string> lines(
      3, R"({"ts":1795230609.5,"status":200,"method":"GET","path":"http://shop.example/p","host":"-"})");
  const Format* format = FormatNamed("json");
  const auto exact = format->NewReader({});
  for (const FieldNeeds& needs : {kAllFields, FieldNeeds{}}) {
    const auto plan = format->NewFastPlan({}, needs, BestKernel());
    EXPECT_EQ(CompareAll(*plan, *exact, Block(lines), needs), 2U);
  }
  AccessRecord record;
  ASSERT_EQ(exact->Parse(lines[0], record), ParseError::kNone);
  EXPECT_EQ(record.host, "shop.example");
}

TEST(JsonPlan, AgreesOnMutatedLines) {
  const std::vector<std::string> lines = NginxLines(64);
  const Format* format = FormatNamed("nginx_json");
  const auto exact = format->NewReader({.zone = {}, .alone = true});
  std::mt19937 random(20261121);
  constexpr std::string_view kTelling = "\"\\,:{}[]0-9. \r\0ntx";
  size_t proven = 0;
  // REVERTD_LONG_RUN=1 makes ten million lines of it.
  const int rounds = std::getenv("REVERTD_LONG_RUN") != nullptr ? 160'000 : 400;
  for (int round = 0; round < rounds; ++round) {
    const FieldNeeds needs{.request = round % 2 == 0, .cohort = round % 4 < 2};
    const auto plan = format->NewFastPlan({.zone = {}, .alone = true}, needs, BestKernel());
    std::vector<std::string> mutated = lines;
    for (std::string& line : mutated) {
      if (random() % 4 == 0) continue;
      const size_t at = random() % line.size();
      switch (random() % 5) {
        case 0: line[at] = kTelling[random() % kTelling.size()]; break;
        case 1: line.insert(at, 1, kTelling[random() % kTelling.size()]); break;
        case 2: line.erase(at, 1 + random() % 3); break;
        case 3: line[at] = static_cast<char>(random()); break;
        default: line.resize(at);
      }
      std::ranges::replace(line, '\n', ' ');
    }
    mutated.insert(mutated.begin(), lines.front());  // to learn from
    proven += CompareAll(*plan, *exact, Block(mutated), needs);
  }
  std::printf("mutated lines: %zu, proven: %zu\n", static_cast<size_t>(rounds) * lines.size(), proven);
  EXPECT_GT(proven, 1000U) << "mutations that leave a line whole must be proven, or nothing was compared";
}

TEST(JsonPlan, AgreesOnRealLines) {
  for (const char* name : {"nginx_json", "nginx_json_num", "nginx_json_unescaped", "traefik_json", "caddy_json",
                           "cloudflare_logpush", "istio_json", "kong_json", "gcp_lb", "azure_frontdoor"}) {
    const auto text = ReadSharedFile(std::string("access/lines/") + name + ".log");
    if (!text) GTEST_SKIP() << "NOT TESTED: no " << SharedDataPath("access/lines");
    std::vector<std::string> lines;
    for (int again = 0; again < 3; ++again) {
      for (std::string_view line : Split(*text, '\n')) lines.emplace_back(line);
    }
    const Format* format = FormatNamed(name);
    const auto plan = format->NewFastPlan({}, kAllFields, BestKernel());
    const auto exact = format->NewReader({});
    std::printf("proven of %s: %zu of %zu\n", name, CompareAll(*plan, *exact, Block(lines)), lines.size());
  }
}

}  // namespace
}  // namespace revertd
