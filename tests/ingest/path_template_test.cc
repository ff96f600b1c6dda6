#include "ingest/path_template.h"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>
#include <vector>

namespace revertd {
namespace {

std::string RouteOf(std::string_view path) {
  PathTemplate route;
  return std::string(route.Write(path));
}

TEST(PathTemplate, WhatNamesOneThingIsLeftOut) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"/items/17", "/items/:id"},
      {"/items/17/", "/items/:id/"},
      {"/items/17/reviews/4", "/items/:id/reviews/:id"},
      {"/users/9f1c2a44-7b1e-4c8a-9d53-0a1b2c3d4e5f/cart", "/users/:uuid/cart"},
      {"/users/9F1C2A44-7B1E-4C8A-9D53-0A1B2C3D4E5F", "/users/:uuid"},
      {"/blobs/e3b0c44298fc1c149afbf4c8996fb924", "/blobs/:hash"},
      {"/static/app.3f2a9c1b.js", "/static/app.:hash.js"},
      {"/reports/2026-11-21", "/reports/:date"},
      {"/reports/2026-11-21/daily.csv", "/reports/:date/daily.csv"},
      {"/blog/2026/11/21/hello-world", "/blog/:id/:id/:id/hello-world"},
      {"/orders/order-1234.json", "/orders/order-:id.json"},
      {"/sessions/01HF8Z4M9KQ2T7V5XWYB3CDE6G", "/sessions/:token"},
  };
  for (const auto& [path, wanted] : cases) EXPECT_EQ(RouteOf(path), wanted) << path;
}

TEST(PathTemplate, WhatNamesAHandlerStays) {
  for (const char* path :
       {"/", "", "*", "/cart", "/api/v1/checkout", "/phones/iphone-15-pro", "/facade/deadbeef", "/a//b",
        "/oauth2/token", "/index.php", "/%C3%A4pfel", "/internationalization/accessibility", "/x.y.z~"}) {
    EXPECT_EQ(RouteOf(path), path);
  }
}

TEST(PathTemplate, DeepAndLongPathsAreCut) {
  EXPECT_EQ(RouteOf("/1/2/3/4/5/6/7/8/9/10"), "/:id/:id/:id/:id/:id/:id/:id/:id/*");
  const std::string slug = "/" + std::string(70, 's');
  EXPECT_EQ(RouteOf(slug + slug + slug), slug + "/*");
  EXPECT_EQ(RouteOf(std::string(5'000, '-')), std::string(PathTemplate::kBytesMax, '-') + "*");
}

// The slow witness: a segment of figures alone, told by the standard library, among words that have none.
TEST(PathTemplate, AgreesWithASlowReferenceOnIds) {
  constexpr uint64_t kSeed = 5;
  std::mt19937_64 random(kSeed);
  const std::vector<std::string> words = {"items", "carts", "a", "users"};
  for (int i = 0; i < 20'000; ++i) {
    std::string path;
    std::string wanted;
    for (uint64_t segments = random() % 8; segments > 0; --segments) {
      std::string segment = words[random() % words.size()];
      const bool is_id = random() % 3 == 0;
      if (is_id) segment = std::to_string(random() >> (random() % 64));
      path += "/" + segment;
      wanted += "/" + (is_id ? ":id" : segment);
    }
    ASSERT_EQ(RouteOf(path), wanted) << "seed " << kSeed;
  }
}

// Any bytes: bounded, and a template is its own template or shorter.
TEST(PathTemplate, BearsAnyBytes) {
  constexpr uint64_t kSeed = 6;
  std::mt19937_64 random(kSeed);
  const std::string alphabet = "/-._~0123456789abcdefxyzXYZ:%*\x80\xff";
  for (int i = 0; i < 50'000; ++i) {
    std::string path(random() % 200, ' ');
    for (char& c : path) c = random() % 20 == 0 ? static_cast<char>(random()) : alphabet[random() % alphabet.size()];
    const std::string route = RouteOf(path);
    ASSERT_LE(route.size(), PathTemplate::kBytesMax + 2) << "seed " << kSeed;
    ASSERT_EQ(RouteOf(path), route) << "seed " << kSeed;
  }
}

}  // namespace
}  // namespace revertd
