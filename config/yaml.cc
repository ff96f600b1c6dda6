#include "config/yaml.h"

#include <yaml-cpp/anchor.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <exception>
#include <set>
#include <sstream>

namespace revertd {
namespace {

std::string At(std::string_view name, int line, std::string_view what) {
  return std::string(name) + ":" + std::to_string(line) + ": " + ShownText(what);
}

int LineOf(const YAML::Mark& mark) { return mark.is_null() ? 1 : mark.line + 1; }

class TreeBuilder {
 public:
  explicit TreeBuilder(std::string_view name) : name_(name) {}

  StatusOr<YamlNode> Build(const YAML::Node& from, size_t depth) {
    YamlNode node;
    node.line = LineOf(from.Mark());
    if (++nodes_ > YamlNode::kNodesMax) {
      return InvalidArgument(At(name_, node.line, "more than " + std::to_string(YamlNode::kNodesMax) + " values"));
    }
    if (depth > YamlNode::kDepthMax) {
      return InvalidArgument(At(name_, node.line, "nested deeper than " + std::to_string(YamlNode::kDepthMax)));
    }
    if (from.IsScalar()) {
      node.kind = YamlNode::Kind::kScalar;
      node.scalar = from.Scalar();
    } else if (from.IsSequence()) {
      REVERTD_RETURN_IF_ERROR(BuildSequence(from, depth, &node));
    } else if (from.IsMap()) {
      REVERTD_RETURN_IF_ERROR(BuildMap(from, depth, &node));
    }
    return node;
  }

 private:
  Status BuildSequence(const YAML::Node& from, size_t depth, YamlNode* node) {
    node->kind = YamlNode::Kind::kSequence;
    for (const auto& item : from) {
      auto built = Build(item, depth + 1);
      if (!built.ok()) return built.status();
      node->items.push_back(*std::move(built));
    }
    return OkStatus();
  }

  Status BuildMap(const YAML::Node& from, size_t depth, YamlNode* node) {
    node->kind = YamlNode::Kind::kMap;
    std::set<std::string_view> known;  // keys live in `from`
    for (const auto& member : from) {
      const int line = LineOf(member.first.Mark());
      if (!member.first.IsScalar()) return InvalidArgument(At(name_, line, "a key must be a plain word"));
      const std::string& key = member.first.Scalar();
      if (!known.insert(key).second) return InvalidArgument(At(name_, line, "key \"" + key + "\" stands twice"));
      auto built = Build(member.second, depth + 1);
      if (!built.ok()) return built.status();
      // An alias has the line of its anchor; the reader wants the line of the key.
      built->line = line;
      node->members.push_back({key, *std::move(built)});
    }
    return OkStatus();
  }

  const std::string_view name_;
  size_t nodes_ = 0;
};

// Takes a document and keeps the line where it starts.
class StartLine final : public YAML::EventHandler {
 public:
  int line() const { return line_; }
  void OnDocumentStart(const YAML::Mark& mark) override { line_ = LineOf(mark); }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}

 private:
  int line_ = 0;
};

// 0 where there is none. YAML::Load would leave out whatever follows the first document without a word, and
// YAML::LoadAll runs forever on some of it (a stray comma is a document that takes no byte).
int LineOfSecondDocument(const std::string& text) {
  std::istringstream stream(text);
  YAML::Parser parser(stream);
  StartLine first;
  StartLine second;
  if (!parser.HandleNextDocument(first) || !parser) return 0;
  return parser.HandleNextDocument(second) ? second.line() : 0;
}

}  // namespace

std::string_view NameOf(YamlNode::Kind kind) {
  switch (kind) {
    case YamlNode::Kind::kNull: return "nothing";
    case YamlNode::Kind::kScalar: return "a single value";
    case YamlNode::Kind::kSequence: return "a list";
    case YamlNode::Kind::kMap: return "a map";
  }
  return "unknown";
}

std::string ShownText(std::string_view text) {
  constexpr size_t kShownBytesMax = 100;
  std::string shown(text.substr(0, kShownBytesMax));
  std::replace_if(
      shown.begin(), shown.end(), [](char c) { return (c >= 0 && c < ' ') || c == '\x7f'; }, '?');
  return text.size() > kShownBytesMax ? shown + "..." : shown;
}

StatusOr<YamlNode> ParseYaml(std::string_view text, std::string_view name) {
  try {
    const std::string bytes(text);
    if (const int line = LineOfSecondDocument(bytes); line != 0) {
      return InvalidArgument(At(name, line, "the document ends here, and more follows"));
    }
    return TreeBuilder(name).Build(YAML::Load(bytes), 0);
  } catch (const YAML::Exception& error) {
    return InvalidArgument(At(name, LineOf(error.mark), error.msg));
  } catch (const std::exception& error) {
    return InvalidArgument(At(name, 1, error.what()));
  }
}

}  // namespace revertd
