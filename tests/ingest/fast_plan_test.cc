// What a fast plan answers, the exact reader answers too: on good lines, on damaged ones, whatever stands before and
// behind them, with every kernel.
#include "ingest/fast/fast_plan.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "base/strings.h"
#include "ingest/fast/block_reader.h"
#include "ingest/format_detector.h"
#include "tests/ingest/kernels.h"
#include "tests/ingest/shared_data.h"

namespace revertd {
namespace {

constexpr FieldNeeds kAllFields{.request = true, .cohort = true};

std::vector<std::string> GoodLines() {
  return {
      R"(192.0.2.7 - - [21/Nov/2026:03:10:09 +0000] "GET /cart?id=7 HTTP/1.1" 200 512 "-" "curl/8.14")",
      R"(192.0.2.7 - - [21/Nov/2026:03:10:09 +0000] "GET /cart HTTP/1.1" 502 0 "https://a.example/" "x y" 1.250)",
      R"(shop.example.com:443 192.0.2.7 - - [21/Nov/2026:03:10:10 +0000] "POST /a HTTP/2.0" 499 0 "-" "-" 0.003)",
      R"(a.example:80 2001:db8::7 - eve [29/Feb/2024:23:59:60 -0730] "GET / HTTP/1.1" 304 1234567890 "r" "u" 12.345)",
      R"(192.0.2.8 - alice [01/Jan/2026:00:00:00 +0100] "PUT http://h.example/p HTTP/1.1" 201 77)",
      R"(192.0.2.9 - - [21/Nov/2026:03:10:11 +0000] "GET /p HTTP/1.1" 200 12 "-" "agent" 2041)",
  };
}

// HAProxy's lines behind every kind of head: quiet ones, and those of a bad day.
std::vector<std::string> HaproxyLines() {
  const std::vector<std::string> heads = {"",
                                          "Nov 21 03:10:09 lb-1 haproxy[812]: ",
                                          "Nov  1 03:10:09 lb-1 haproxy[9]: ",
                                          "<134>Nov 21 03:10:09 haproxy[812]: ",
                                          "<134>Nov 21 03:10:09 lb-1 ",
                                          "<134>1 2026-11-21T03:10:09.785890+00:00 lb-1 haproxy 812 - - ",
                                          R"(<134>1 2026-11-21T03:10:09Z lb-1 haproxy 812 - [a@1 b="c d"] )",
                                          "2026-11-21T03:10:09.5+01:00 lb-1 haproxy[812]: ",
                                          "2026-11-21T03:10:09.785890123Z stdout F ",
                                          "lb-1  | "};
  const std::vector<std::string> lines = {
      R"(192.0.2.7:40112 [21/Nov/2026:03:10:07.250] www~ shop/web-3 5/40/2/120/1250 200 8512 - - ---- 9/7/3/1/0 0/0 )"
      R"("GET /cart?id=7 HTTP/1.1")",
      R"(2001:db8::7:9 [21/Nov/2026:03:10:08.001] www cart/web-1 0/0/-1/-1/+1004 503 +212 - - SC-- 1/1/0/0/+1 2/15 )"
      R"("POST /pay HTTP/2.0")",
      R"(-:40112 [21/Nov/2026:03:10:09.999] www www/<NOSRV> -1/-1/-1/-1/50 -1 0 - - CR-- 1/1/0/0/0 0/0 "<BADREQ>")",
      R"(192.0.2.8:1 [21/Nov/2026:03:10:07.250] www shop/web-3 0/0/0/7/7 404 92 a=b - --VN 99/7/3/1/0 0/0 )"
      R"({shop.example.com|a b (c)} {text/html|} "GET http://h.example:80/p?q HTTP/1.1")",
      R"(192.0.2.9:10 [21/Nov/2026:03:10:10.785] www~ shop/web-4 0/0/0/5/5 200 92 - - ---- 1/1/0/0/0 0/0 )"
      R"("GET / HTTP/1.1" 0/0/0/0/1 shop.example.com/TLSv1.3/TLS_AES_256_GCM_SHA384)",
      R"(192.0.2.9:10 [21/Nov/2026:03:10:10.785] www shop/web-4 0/0/0/5/5 200 92 - - ---- 1/1/0/0/0 0/0 )"
      R"("GET /a" b HTTP/1.1")",
  };
  std::vector<std::string> all;
  for (const std::string& head : heads) {
    for (const std::string& line : lines) all.push_back(head + line);
  }
  return all;
}

// Lines of every kind of log that there is to be had, with our own where there is none.
std::vector<std::string> Corpus(bool* has_shared) {
  std::vector<std::string> lines = GoodLines();
  for (std::string& line : HaproxyLines()) lines.push_back(std::move(line));
  *has_shared = false;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(SharedDataPath("access/lines"), error)) {
    const auto text = ReadSharedFile("access/lines/" + entry.path().filename().string());
    if (!text) continue;
    *has_shared = true;
    for (size_t begin = 0; begin < text->size();) {
      const size_t end = std::min(text->find('\n', begin), text->size());
      lines.push_back(text->substr(begin, end - begin));
      begin = end + 1;
    }
  }
  return lines;
}

std::string Mutated(const std::vector<std::string>& corpus, std::mt19937& random) {
  constexpr std::string_view kNastyBytes = "\"\\ :,-[]0x\r\t\n{}/?X9+.";
  std::string line = corpus[random() % corpus.size()];
  for (auto changes = random() % 4; changes > 0 && !line.empty(); --changes) {
    const size_t at = random() % line.size();
    const char byte = random() % 8 == 0 ? static_cast<char>(random()) : kNastyBytes[random() % kNastyBytes.size()];
    switch (random() % 5) {
      case 0: line[at] = byte; break;
      case 1: line.erase(at, 1 + random() % 3); break;
      case 2: line.insert(at, 1, byte); break;
      case 3: line.insert(at, line.substr(random() % line.size(), random() % 12)); break;
      default: {
        const std::string& other = corpus[random() % corpus.size()];
        line = line.substr(0, at) + other.substr(std::min(other.size(), at));
      }
    }
  }
  return line;
}

std::string Words(const AccessRecord& r, const FieldNeeds& needs) {
  const auto text = [](std::string_view field) { return "'" + std::string(field) + "' "; };
  std::string words = text(r.host) + text(r.backend);
  for (const int64_t number : {r.end_ns, r.start_ns, int64_t{r.status}, int64_t{r.aborted}, r.bytes, r.duration_ns,
                               r.upstream_ns, r.queue_ns, r.connect_ns, r.queue_length}) {
    words += std::to_string(number) + " ";
  }
  if (needs.request) words += text(r.method) + text(r.path) + std::to_string(static_cast<int>(r.escapes)) + " ";
  if (needs.cohort) words += text(r.upstream) + text(r.release);
  return words;
}

// A reader of blocks beside the exact one that speaks for the same lines.
class Pair {
 public:
  Pair(const Format* format, bool alone, const FieldNeeds& needs, SimdKernel kernel)
      : needs_(needs), exact_(alone ? format : nullptr) {
    auto plan = format->NewFastPlan({.zone = {}, .alone = alone}, needs, kernel);
    if (plan != nullptr) blocks_ = std::make_unique<BlockReader>(std::move(plan), kernel, kBytesMax);
  }
  bool has_plan() const { return blocks_ != nullptr; }
  size_t proven() const { return proven_; }

  void ExpectSame(const std::vector<std::string>& lines) {
    std::string text(kBlockMarginBytes, '"');
    for (const std::string& line : lines) text += line + "\n";
    const size_t bytes = text.size() - kBlockMarginBytes;
    ASSERT_LE(bytes, kBytesMax);
    text.append(kBlockMarginBytes, ' ');
    const std::string_view block(text.data() + kBlockMarginBytes, bytes);
    std::string_view rest = block;  // of the lines that the exact reader has not seen yet
    const auto next = [&rest] {
      const std::string_view line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(line.size() + 1);
      return line;
    };
    const auto on_record = [&](const AccessRecord& record) {
      const std::string_view line = next();
      ++proven_;
      AccessRecord wanted;
      const ParseError error = exact_.Parse(line, wanted);
      ASSERT_EQ(error, ParseError::kNone) << line;
      ASSERT_EQ(Words(record, needs_), Words(wanted, needs_)) << line;
    };
    const auto on_line = [&](std::string_view line) { ASSERT_EQ(line, next()); };
    const size_t read = blocks_->Read(block, [&](const LineBatch& batch) {
      for (size_t i = 0; i < batch.size; ++i) {
        batch.proven[i] ? on_record(batch.records[i]) : on_line(batch.LineOf(block, i));
      }
      return true;
    });
    ASSERT_EQ(read, bytes);
    ASSERT_TRUE(rest.empty());
  }

 private:
  static constexpr size_t kBytesMax = size_t{1} << 20;
  const FieldNeeds needs_;
  FormatDetector exact_;
  std::unique_ptr<BlockReader> blocks_;
  size_t proven_ = 0;
};

TEST(FastPlan, ReadsTheUsualLineOfTheUsualFormats) {
  for (const char* name : {"nginx_combined", "nginx_vhost_combined_rt", "nginx_combined_rt"}) {
    const Format* const format = FormatNamed(name);
    ASSERT_NE(format, nullptr) << name;
    Pair pair(format, /*alone=*/true, kAllFields, BestKernel());
    ASSERT_TRUE(pair.has_plan()) << name;
    pair.ExpectSame(GoodLines());
    EXPECT_GE(pair.proven(), 1U) << name;
  }
}

TEST(FastPlan, ReadsHaproxyBehindEverySyslogHead) {
  const Format* const format = FormatNamed("haproxy_http");
  for (const SimdKernel kernel : AvailableKernels()) {
    Pair pair(format, /*alone=*/true, kAllFields, kernel);
    ASSERT_TRUE(pair.has_plan());
    pair.ExpectSame(HaproxyLines());
    // All but those in CRI's and docker compose's wrappers.
    EXPECT_EQ(pair.proven(), HaproxyLines().size() * 8 / 10);
  }
}

// Each line has the times of another second, process and microsecond in its head.
TEST(FastPlan, HoldsHaproxyHeadsForAlikeByTheirDigitsAlone) {
  Pair pair(FormatNamed("haproxy_http"), /*alone=*/false, kAllFields, BestKernel());
  const std::vector<std::string> all = HaproxyLines();
  std::vector<std::string> lines;
  std::mt19937 random(20'261'121);
  for (int i = 0; i < 5'000; ++i) {
    std::string line = all[random() % all.size()];
    for (char& c : line) {
      if (c >= '0' && c <= '9' && random() % 8 == 0) c = static_cast<char>('0' + random() % 10);
    }
    lines.push_back(std::move(line));
  }
  pair.ExpectSame(lines);
  EXPECT_GT(pair.proven(), 500U);
}

// Words of every length that each place of a HAProxy line may have, with a byte changed now and then.
std::string RandomHaproxyLine(std::mt19937& random) {
  const auto one_of = [&random](const std::vector<std::string>& words) { return words[random() % words.size()]; };
  const auto number = [&](size_t digits_max) {
    std::string digits(1 + random() % digits_max, '0');
    for (char& digit : digits) digit = static_cast<char>('0' + random() % 10);
    return digits;
  };
  const auto numbers = [&](size_t count, size_t digits_max) {
    std::string list = number(digits_max);
    for (size_t i = 1; i < count; ++i)
      list += "/" + (random() % 40 == 0 ? one_of({"-1", "+3", ""}) : number(digits_max));
    return list;
  };
  const auto usual_or = [&](const std::string& usual, const std::string& other) {
    return random() % 8 == 0 ? other : usual;
  };
  std::string line = one_of({"", "Nov 21 03:10:09 lb-1 haproxy[812]: ", "lb-1 haproxy: "}) + "192.0.2." + number(3) +
                     ":" + number(5) + " [21/Nov/2026:03:1" + number(1) + ":0" + number(1) + ".785] ";
  line += usual_or("www~", number(40)) + " " + usual_or("shop-" + number(20), number(60)) + "/web-" + number(5) + " ";
  line += numbers(5, 1 + random() % 6) + " " + usual_or("200", number(4)) + " " + number(10) + " ";
  line += usual_or("- -", "a=b -") + " " + usual_or("----", one_of({"CD--", "SC-", "--VN", "sH--"})) + " ";
  line += numbers(5, 1 + random() % 5) + " " + usual_or("0/0", numbers(2, 2)) + " ";
  line += usual_or("", "{a|b} ") + one_of({"\"GET /a HTTP/1.1\"", "\"GET /a\" b HTTP/1.1\"", "\"<BADREQ>\"",
                                           "\"POST http://h.example/a HTTP/2.0\"", "\"GET /a HTTP/1.1"});
  if (random() % 4 == 0) line[random() % line.size()] = one_of({" ", "/", "-", "7", "\"", "["})[0];
  return line;
}

TEST(FastPlan, ReadsAnyWordOfAHaproxyLineAsTheExactReaderDoes) {
  std::mt19937 random(20'261'121);
  for (const SimdKernel kernel : AvailableKernels()) {
    for (const bool alone : {true, false}) {
      Pair pair(FormatNamed("haproxy_http"), alone, kAllFields, kernel);
      for (int blocks = 0; blocks < 100; ++blocks) {
        std::vector<std::string> lines(200);
        for (std::string& line : lines) line = RandomHaproxyLine(random);
        pair.ExpectSame(lines);
        if (HasFatalFailure()) return;
      }
      EXPECT_GT(pair.proven(), 5'000U) << NameOf(kernel);
    }
  }
}

// The lines of one log file stay together, as they do in life, so that every plan meets its own format.
TEST(FastPlan, AnswersAsTheExactReaderOnRealLines) {
  bool has_shared = false;
  const std::vector<std::string> corpus = Corpus(&has_shared);
  size_t proven = 0;
  size_t lines = 0;
  for (const Format* format : KnownFormats()) {
    for (const SimdKernel kernel : AvailableKernels()) {
      for (const bool alone : {true, false}) {
        for (const FieldNeeds& needs : {kAllFields, FieldNeeds{}}) {
          Pair pair(format, alone, needs, kernel);
          if (!pair.has_plan()) continue;
          for (size_t at = 0; at < corpus.size(); at += 500) {
            const size_t end = std::min(at + 500, corpus.size());
            pair.ExpectSame(
                {corpus.begin() + static_cast<ptrdiff_t>(at), corpus.begin() + static_cast<ptrdiff_t>(end)});
            if (HasFatalFailure()) FAIL() << format->name() << (alone ? " alone" : " detected");
          }
          proven += pair.proven();
          lines += corpus.size();
        }
      }
    }
  }
  std::printf("proven: %zu of %zu lines given to all plans\n", proven, lines);
  if (!has_shared) GTEST_SKIP() << "NOT TESTED: real lines, only this file's own";
}

// A longer run: REVERTD_MUTATED_LINES=10000000.
TEST(FastPlan, AnswersAsTheExactReaderOnMutatedLines) {
  const char* const wanted = std::getenv("REVERTD_MUTATED_LINES");
  const size_t lines_wanted = wanted == nullptr ? 150'000 : static_cast<size_t>(*ParseUnsigned(wanted));
  bool has_shared = false;
  const std::vector<std::string> corpus = Corpus(&has_shared);
  std::vector<std::pair<const Format*, Pair>> pairs;
  for (const Format* format : KnownFormats()) {
    for (const bool alone : {true, false}) {
      for (const FieldNeeds& needs : {kAllFields, FieldNeeds{}}) {
        Pair pair(format, alone, needs, AvailableKernels()[pairs.size() % AvailableKernels().size()]);
        if (pair.has_plan()) pairs.emplace_back(format, std::move(pair));
      }
    }
  }
  ASSERT_FALSE(pairs.empty());
  std::mt19937 random(20'261'121);
  for (size_t lines = 0; lines < lines_wanted;) {
    auto& [format, pair] = pairs[random() % pairs.size()];
    std::vector<std::string> block(1 + random() % 200);
    for (std::string& line : block) line = Mutated(corpus, random);
    lines += block.size();
    pair.ExpectSame(block);
    if (HasFatalFailure()) FAIL() << format->name() << ", after " << lines << " lines";
  }
  size_t proven = 0;
  for (const auto& [format, pair] : pairs) proven += pair.proven();
  std::printf("proven: %zu of %zu mutated lines\n", proven, lines_wanted);
  EXPECT_GT(proven, lines_wanted / 200);
}

}  // namespace
}  // namespace revertd
