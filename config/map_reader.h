// MapReader: reads maps of a YAML tree strictly: every key has a reader, every other key is an error that names the
// nearest. For config/load*.cc alone.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "base/strings.h"
#include "base/time_format.h"
#include "config/yaml.h"

namespace revertd {

inline bool IsControl(char c) { return (c >= 0 && c < ' ') || c == '\x7f'; }
// Values become file names, arguments and lines of commit messages; none of these survives a line end.
inline bool HasControlCharacter(std::string_view text) { return std::any_of(text.begin(), text.end(), IsControl); }

class MapReader {
 public:
  using Read = std::function<Status(const YamlNode& node, const std::string& path)>;
  struct Key {
    std::string_view name;
    Read read;
  };

  explicit MapReader(std::string_view file) : file_(file) {}

  Status Error(const YamlNode& node, const std::string& path, std::string_view what) const {
    return InvalidArgument(std::string(file_) + ":" + std::to_string(node.line) + ": " +
                           (path.empty() ? "" : ShownText(path) + ": ") + std::string(what));
  }

  Status Expect(const YamlNode& node, const std::string& path, YamlNode::Kind kind) const {
    if (node.kind == kind) return OkStatus();
    return Error(node, path, std::string(NameOf(kind)) + " expected, " + std::string(NameOf(node.kind)) + " found");
  }

  Status Keys(const YamlNode& node, const std::string& path, const std::vector<Key>& keys) const {
    REVERTD_RETURN_IF_ERROR(Expect(node, path, YamlNode::Kind::kMap));
    for (const YamlMember& member : node.members) {
      const std::string member_path = path.empty() ? member.key : path + "." + member.key;
      const auto key =
          std::find_if(keys.begin(), keys.end(), [&](const Key& known) { return known.name == member.key; });
      if (key == keys.end()) return UnknownKey(member.node, member_path, member.key, keys);
      REVERTD_RETURN_IF_ERROR(key->read(member.node, member_path));
    }
    return OkStatus();
  }

  // Every member of a map whose keys are names of the user's.
  Status Names(
      const YamlNode& node, const std::string& path,
      const std::function<Status(const std::string& name, const YamlNode&, const std::string& path)>& read) const {
    REVERTD_RETURN_IF_ERROR(Expect(node, path, YamlNode::Kind::kMap));
    for (const auto& [name, member] : node.members) {
      if (name.empty() || HasControlCharacter(name)) return Error(member, path, "a name must be plain words");
      REVERTD_RETURN_IF_ERROR(read(name, member, path + "." + name));
    }
    return OkStatus();
  }

  Read Text(std::string* into) const {
    return [this, into](const YamlNode& node, const std::string& path) {
      REVERTD_RETURN_IF_ERROR(Expect(node, path, YamlNode::Kind::kScalar));
      if (node.scalar.empty()) return Error(node, path, "must not be empty");
      if (HasControlCharacter(node.scalar)) return Error(node, path, "must not hold line ends or control characters");
      *into = node.scalar;
      return OkStatus();
    };
  }

  Read Number(double* into, double low, double high, std::string_view range) const {
    return [this, into, low, high, range](const YamlNode& node, const std::string& path) {
      REVERTD_RETURN_IF_ERROR(Expect(node, path, YamlNode::Kind::kScalar));
      const auto value = ParseDouble(node.scalar);
      if (!value || *value < low || *value > high) return WrongValue(node, path, "a number " + std::string(range));
      *into = *value;
      return OkStatus();
    };
  }

  Read Count(int64_t* into, int64_t low, int64_t high) const {
    return [this, into, low, high](const YamlNode& node, const std::string& path) {
      REVERTD_RETURN_IF_ERROR(Expect(node, path, YamlNode::Kind::kScalar));
      const auto value = ParseUnsigned(node.scalar);
      if (!value || *value < static_cast<uint64_t>(low) || *value > static_cast<uint64_t>(high)) {
        return WrongValue(node, path, "a whole number from " + std::to_string(low) + " to " + std::to_string(high));
      }
      *into = static_cast<int64_t>(*value);
      return OkStatus();
    };
  }

  Read Duration(DurationNs* into, DurationNs low, DurationNs high, std::string_view range) const {
    return [this, into, low, high, range](const YamlNode& node, const std::string& path) {
      REVERTD_RETURN_IF_ERROR(Expect(node, path, YamlNode::Kind::kScalar));
      const auto value = ParseDuration(node.scalar);
      if (!value || *value < low || *value > high) {
        return WrongValue(node, path, "a duration like 90s, 15m or 1h, " + std::string(range));
      }
      *into = *value;
      return OkStatus();
    };
  }

  // accept(item, its path, its text) for each text of a list, until one is refused.
  template <typename Accept>
  Status Texts(const YamlNode& node, const std::string& path, Accept&& accept) const {
    REVERTD_RETURN_IF_ERROR(Expect(node, path, YamlNode::Kind::kSequence));
    for (size_t i = 0; i < node.items.size(); ++i) {
      const std::string item_path = path + "[" + std::to_string(i) + "]";
      std::string text;
      REVERTD_RETURN_IF_ERROR(Text(&text)(node.items[i], item_path));
      REVERTD_RETURN_IF_ERROR(accept(node.items[i], item_path, text));
    }
    return OkStatus();
  }

  // A word that `value_named` knows.
  template <typename Value>
  Read Named(std::optional<Value> (*value_named)(std::string_view), std::string expected, Value* into) const {
    return [this, value_named, expected = std::move(expected), into](const YamlNode& node, const std::string& path) {
      REVERTD_RETURN_IF_ERROR(Expect(node, path, YamlNode::Kind::kScalar));
      const auto named = value_named(node.scalar);
      if (!named) return WrongValue(node, path, expected);
      *into = *named;
      return OkStatus();
    };
  }

  // Of a file: four octal digits.
  Read Permissions(unsigned* into) const {
    return [this, into](const YamlNode& node, const std::string& path) {
      std::string text;
      REVERTD_RETURN_IF_ERROR(Text(&text)(node, path));
      const bool octal =
          text.size() == 4 && text.front() == '0' && text.find_first_not_of("01234567") == std::string::npos;
      if (!octal) return WrongValue(node, path, "permissions like \"0660\"");
      *into = 0;
      for (const char digit : text) *into = *into * 8 + static_cast<unsigned>(digit - '0');
      return OkStatus();
    };
  }

  // An absolute path.
  Read Path(std::string* into) const {
    return [this, into](const YamlNode& node, const std::string& path) {
      REVERTD_RETURN_IF_ERROR(Text(into)(node, path));
      return into->front() == '/' ? OkStatus() : Error(node, path, "an absolute path expected");
    };
  }

  Read YesOrNo(bool* into) const {
    return [this, into](const YamlNode& node, const std::string& path) {
      REVERTD_RETURN_IF_ERROR(Expect(node, path, YamlNode::Kind::kScalar));
      *into = node.scalar == "true";
      return *into || node.scalar == "false" ? OkStatus() : WrongValue(node, path, "true or false");
    };
  }

  Status WrongValue(const YamlNode& node, const std::string& path, const std::string& expected) const {
    return Error(node, path, expected + " expected, \"" + ShownText(node.scalar) + "\" found");
  }

  static std::string DidYouMean(std::string_view text, const std::vector<std::string_view>& candidates) {
    const auto nearest = Nearest(text, candidates);
    return nearest ? "; did you mean \"" + std::string(*nearest) + "\"?" : "";
  }

 private:
  Status UnknownKey(const YamlNode& node, const std::string& path, std::string_view name,
                    const std::vector<Key>& keys) const {
    std::vector<std::string_view> names;
    names.reserve(keys.size());
    for (const Key& key : keys) names.push_back(key.name);
    const std::string meant = DidYouMean(name, names);
    if (!meant.empty()) return Error(node, path, "unknown key" + meant);
    return Error(node, path, "unknown key; known are " + Join({names.begin(), names.end()}, ", "));
  }

  const std::string_view file_;
};

}  // namespace revertd
