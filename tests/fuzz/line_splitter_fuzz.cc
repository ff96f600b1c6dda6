// However a stream is cut into reads, its lines are those of a naive split. The first byte of the input seeds the
// cuts; short runs of the rest are stretched now and then, so that lines reach the length limit.
#include <algorithm>
#include <random>
#include <string>
#include <string_view>

#include "base/check.h"
#include "ingest/line_splitter.h"
#include "tests/fuzz/fuzz_target.h"

namespace {

using revertd::Counter;
using revertd::Counters;
using revertd::kLineBytesMax;
using revertd::LineSplitter;

// A byte 0xF0 to 0xF7 stands for a long run of the byte after it; the runs sit around the limit.
std::string Stretch(std::string_view input) {
  std::string stream;
  int stretches = 3;  // keeps an input below a few reads
  for (size_t i = 0; i < input.size(); ++i) {
    const auto byte = static_cast<unsigned char>(input[i]);
    if ((byte & 0xF8) == 0xF0 && i + 1 < input.size() && stretches-- > 0) {
      stream.append(kLineBytesMax - 4 + (byte & 7), input[i + 1]);
    } else {
      stream += input[i];
    }
  }
  return stream;
}

class Expected {
 public:
  explicit Expected(std::string_view stream) : rest_(stream) {}

  // Compares a line with the next that is short enough.
  void Check(std::string_view line) {
    std::string_view wanted;
    do {
      REVERTD_CHECK(!rest_.empty());
      wanted = Take();
    } while (wanted.size() > kLineBytesMax);
    REVERTD_CHECK(line == wanted);
  }
  void CheckEnd(const Counters& counters) {
    while (!rest_.empty()) REVERTD_CHECK(Take().size() > kLineBytesMax);
    REVERTD_CHECK(counters.Get(Counter::kLinesRead) == lines_);
    REVERTD_CHECK(counters.Get(Counter::kLinesTooLong) == too_long_);
  }

 private:
  std::string_view Take() {
    const size_t end = rest_.find('\n');
    std::string_view line = rest_.substr(0, end);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    ++lines_;
    if (line.size() > kLineBytesMax) ++too_long_;
    return line;
  }

  std::string_view rest_;
  uint64_t lines_ = 0;
  uint64_t too_long_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  if (size == 0) return 0;
  const std::string stream = Stretch({reinterpret_cast<const char*>(bytes + 1), size - 1});
  std::minstd_rand random(bytes[0] + 1U);
  // Single bytes of a stretched stream would take most of the fuzzer's time: each read moves what is left of a line.
  const size_t step = stream.size() < size + 64 ? 1 : 1024;
  const size_t piece_max = bytes[0] < 64 ? (1 + bytes[0]) * step : revertd::kReadBytes;

  Counters counters;
  LineSplitter splitter(&counters);
  Expected expected(stream);
  std::string_view rest = stream;
  std::string_view line;
  while (!rest.empty()) {
    const size_t piece = std::min({1 + random() % piece_max, rest.size(), splitter.Space().size()});
    std::copy_n(rest.data(), piece, splitter.Space().data());
    splitter.Filled(piece);
    rest.remove_prefix(piece);
    while (splitter.Next(&line)) expected.Check(line);
  }
  splitter.EndOfStream();
  while (splitter.Next(&line)) expected.Check(line);
  expected.CheckEnd(counters);
  return 0;
}

namespace revertd {

std::vector<std::string> FuzzCorpus() {
  return {"",
          "\x01",
          "\x05one\ntwo\r\n\nthree",
          "\xC0\r\r\n\n\r",
          std::string("\x02\0\n\0\0\r\n", 7),
          "\xFF\xF4"
          "a\nshort\n\xF5"
          "b\r\nx",
          "\xC8\xF3"
          "a\r\n\xF4"
          "a\r\n\xF5"
          "a\r\n",
          "\x80\xF7"
          "a\xF7"
          "a\xF7"
          "a\nend"};
}

int SmokeRounds() { return 500; }

}  // namespace revertd
