// What each fuzz program defines: the entry that libFuzzer calls, and a small corpus that the smoke test mutates where
// there is no libFuzzer (g++, sanitizer runs of the ordinary test suite). An entry aborts on a wrong answer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

// The name and signature are libFuzzer's.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size);

namespace revertd {

std::vector<std::string> FuzzCorpus();
int SmokeRounds();  // mutations that take about a second or two under sanitizers

}  // namespace revertd
