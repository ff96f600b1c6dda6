// Golden files: texts for people that are compared whole. A change of one is read in the diff of tests/golden/; after
// it was read, REVERTD_WRITE_GOLDEN=1 in the environment of the tests writes them anew.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

namespace revertd {

inline void ExpectGolden(const std::string& name, const std::string& text) {
  const std::string path = std::string(REVERTD_SOURCE_DIR) + "/tests/golden/" + name;
  if (std::getenv("REVERTD_WRITE_GOLDEN") != nullptr) std::ofstream(path, std::ios::binary) << text;
  std::ifstream file(path, std::ios::binary);
  std::ostringstream golden;
  golden << file.rdbuf();
  EXPECT_EQ(text, golden.str()) << path;
}

}  // namespace revertd
