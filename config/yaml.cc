#include "config/yaml.h"

#include <yaml-cpp/yaml.h>

#include <exception>
#include <set>

namespace revertd {
namespace {

std::string At(std::string_view name, int line, std::string_view what) {
  return std::string(name) + ":" + std::to_string(line) + ": " + std::string(what);
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

StatusOr<YamlNode> ParseYaml(std::string_view text, std::string_view name) {
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(std::string(text));
    if (documents.empty()) return YamlNode{};
    if (documents.size() > 1) {
      return InvalidArgument(At(name, LineOf(documents[1].Mark()), "a second document; one is expected"));
    }
    return TreeBuilder(name).Build(documents.front(), 0);
  } catch (const YAML::Exception& error) {
    return InvalidArgument(At(name, LineOf(error.mark), error.msg));
  } catch (const std::exception& error) {
    return InvalidArgument(At(name, 1, error.what()));
  }
}

}  // namespace revertd
