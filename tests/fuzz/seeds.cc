// Writes a fuzz program's built-in corpus into the folder named by REVERTD_FUZZ_SEEDS, before libFuzzer reads its
// folders, so that both ways of fuzzing begin with the same inputs.
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "tests/fuzz/fuzz_target.h"

// The name and signature are libFuzzer's.
extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  const char* folder = std::getenv("REVERTD_FUZZ_SEEDS");
  if (folder == nullptr) return 0;
  const std::vector<std::string> corpus = revertd::FuzzCorpus();
  for (size_t i = 0; i < corpus.size(); ++i) {
    std::ofstream(std::string(folder) + "/seed" + std::to_string(i), std::ios::binary) << corpus[i];
  }
  return 0;
}
