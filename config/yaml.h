// A YAML text as a neutral tree of nodes that know their lines. yaml.cc is the one file that knows yaml-cpp, which
// throws; nothing leaves it.
//
// Bounded: an alias is expanded where it stands, so a small text can mean a huge tree; kNodesMax and kDepthMax end that
// with an error.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace revertd {

struct YamlMember;

struct YamlNode {
  static constexpr size_t kNodesMax = 100'000;  // a thousand services take about ten thousand
  static constexpr size_t kDepthMax = 32;       // the deepest valid key stands at 9

  enum class Kind { kNull, kScalar, kSequence, kMap };
  Kind kind = Kind::kNull;
  int line = 0;  // 1-based
  std::string scalar;
  std::vector<YamlNode> items;      // of a sequence
  std::vector<YamlMember> members;  // of a map, in the order written, no key twice
};

// Not a std::pair: a vector may hold a type that is not complete yet, a pair may not.
struct YamlMember {
  std::string key;
  YamlNode node;
};

std::string_view NameOf(YamlNode::Kind kind);

// A text of the file's as a message shows it: one line, and not the whole of a wrong file.
std::string ShownText(std::string_view text);

// `name` stands for the text in messages ("NAME:LINE: what is wrong"). An empty text is a null node.
StatusOr<YamlNode> ParseYaml(std::string_view text, std::string_view name);

}  // namespace revertd
