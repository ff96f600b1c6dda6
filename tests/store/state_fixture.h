// A state.db of its own for each test, that can be closed and opened again as a restart does.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "store/state_store.h"
#include "tests/test_folder.h"

namespace revertd {

class StateFixture : public ::testing::Test {
 protected:
  std::unique_ptr<StateStore> Open(StateStore::Access access = StateStore::Access::kOwner) {
    auto store = StateStore::Open(path(), access);
    EXPECT_TRUE(store.ok()) << store.status();
    return store.ok() ? *std::move(store) : nullptr;
  }
  void Reopen() {
    store_.reset();
    store_ = Open();
  }
  std::string path() const { return folder_.Path("state.db"); }

  TestFolder folder_;
  std::unique_ptr<StateStore> store_ = Open();
};

}  // namespace revertd
