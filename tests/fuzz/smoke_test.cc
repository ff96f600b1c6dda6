// Runs a fuzz target on its corpus and on fixed-seed mutations of it. A failure aborts inside the target; the seed and
// round printed on the way name the input.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <random>

#include "tests/fuzz/fuzz_target.h"

namespace revertd {
namespace {

constexpr unsigned kSeed = 20261121;

void RunOne(const std::string& input) {
  // A copy of exactly this size, so that the address sanitizer sees a read past the end.
  const std::vector<uint8_t> bytes(input.begin(), input.end());
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

void MutateOnce(std::string& text, const std::vector<std::string>& corpus, std::mt19937& random) {
  static constexpr std::array kTelling = {'"',  '\\', ' ', '[', ']', ':', '-',   '\n',
                                          '\r', '\0', '/', 'x', '0', '9', '\xFF'};
  const size_t at = text.empty() ? 0 : random() % text.size();
  switch (random() % 7) {
    case 0:  // flip a bit
      if (!text.empty()) text[at] = static_cast<char>(text[at] ^ (1 << random() % 8));
      break;
    case 1:  // a character that formats care about
      if (!text.empty()) text[at] = kTelling[random() % kTelling.size()];
      break;
    case 2: text.insert(at, 1, kTelling[random() % kTelling.size()]); break;
    case 3: text.erase(at, 1 + random() % 8); break;
    case 4:  // cut
      text.resize(at);
      break;
    case 5: {  // cross with another
      const std::string& other = corpus[random() % corpus.size()];
      if (!other.empty()) text = text.substr(0, at) + other.substr(random() % other.size());
      break;
    }
    default:  // repeat a piece
      text.insert(at, text.substr(at, random() % 32));
  }
}

TEST(FuzzSmoke, CorpusAndMutations) {
  const std::vector<std::string> corpus = FuzzCorpus();
  for (const std::string& input : corpus) RunOne(input);
  std::mt19937 random(kSeed);
  for (int round = 0; round < SmokeRounds(); ++round) {
    std::string input = corpus[random() % corpus.size()];
    for (size_t mutations = 1 + random() % 4; mutations > 0; --mutations) MutateOnce(input, corpus, random);
    SCOPED_TRACE(round);
    RunOne(input);
  }
  std::printf("fuzz smoke: seed %u, %d rounds over %zu inputs\n", kSeed, SmokeRounds(), corpus.size());
}

}  // namespace
}  // namespace revertd
