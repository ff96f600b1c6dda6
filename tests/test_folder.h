// A folder of the test's own, removed with all it holds when the test ends. Other users may enter it.
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>

#include "base/check.h"

namespace revertd {

class TestFolder {
 public:
  TestFolder() : path_((std::filesystem::path(::testing::TempDir()) / "revertd-XXXXXX").string()) {
    REVERTD_CHECK(::mkdtemp(path_.data()) != nullptr);
    REVERTD_CHECK(::chmod(path_.c_str(), 0755) == 0);
  }
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  std::string Path(const std::string& name) const { return path_ + "/" + name; }
  // Answers the path.
  std::string Write(const std::string& name, std::string_view text) const {
    std::ofstream(Path(name), std::ios::binary) << text;
    return Path(name);
  }

 private:
  std::string path_;
};

}  // namespace revertd
