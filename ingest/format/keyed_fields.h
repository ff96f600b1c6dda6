// What logs that name their fields (JSON, LTSV) have in common: dialects, which say what a key means, and the family of
// dialects that are told apart by the keys of a line.
//
// A key is written as a path. "request/headers/host" lies in objects; of "service.version" both is read, an object's
// member and a flat key. Case, '_', '-' and '.' in a log's keys do not matter: "response_code" is also responseCode and
// Response-Code. A path that begins with '=' is meant exactly (HAProxy's Tr is not its TR). Of a key that comes twice,
// and of an array, the last value counts.
//
// Thread contract: families and their dialects are immutable; a KeyedLine belongs to one thread.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/format/access_record.h"
#include "ingest/format/keyed_values.h"

namespace revertd {

enum class KeyedField : uint8_t {
  kMarker,  // tells a dialect and is no field
  kEnd,     // time: when the request was answered, or the line written
  kStart,   // time: when it came
  kStatus,
  kRequestLine,  // GET /cart?id=7 HTTP/1.1
  kMethod,
  kTarget,  // path, path and query, or an absolute target
  kHost,    // with or without port
  kBytes,
  kDuration,
  kUpstreamTime,
  kQueueTime,
  kConnectTime,
  kUpstream,
  kBackend,
  kRelease,
  kAbort,      // HAProxy's termination state, Envoy's flags, Google's details: did the client go away?
  kKind,       // which of several logs of the same server this is: one of requests?
  kInstance,   // Azure: "..._IN_0" is a gateway of version 1, which logs ms where version 2 logs s
  kInnerLine,  // the whole access line as text
  kCount
};

// Longer keys are nobody's.
inline constexpr size_t kKeyBytesMax = 64;

struct KeyedRow {
  std::string path;
  KeyedField field;
  TimeUnit unit = TimeUnit::kByForm;
};

struct KeyedDialect {
  std::string name;
  // A line is of this dialect if all keys of one of these sets are in it (no paths with '.'); none: only where it is
  // asked for by name.
  std::vector<std::vector<std::string>> markers = {};
  std::vector<KeyedRow> rows = {};  // of one field the first that has a value counts
  // Start and end together make the duration. Only where both are meant to: Traefik's are of unlike resolution.
  bool stamps_make_duration = false;
  // Takes the lines that no markers fit, if they look like requests.
  bool takes_the_rest = false;
  // Text that every line of this dialect holds: a line without it is refused before it is looked at closely.
  std::string telltale = {};
};

// A key that a family knows, below its parents.
using KeyedNode = uint16_t;

// The values of one line, by node.
class KeyedLine {
 public:
  static constexpr size_t kNodesMax = 1024;

  void Clear() {
    found_count_ = 0;
    present_.reset();
    escapes = Escapes::kNone;
  }
  void Set(KeyedNode node, std::string_view value) {
    if (!present_[node]) found_[found_count_++] = node;
    present_.set(node);
    values_[node] = value;
  }
  bool Has(KeyedNode node) const { return present_[node]; }
  std::string_view value(KeyedNode node) const { return values_[node]; }
  // In the order of the line.
  std::span<const KeyedNode> found() const { return {found_.data(), found_count_}; }

  Escapes escapes = Escapes::kNone;  // what is still in the values

 private:
  std::bitset<kNodesMax> present_;
  std::array<std::string_view, kNodesMax> values_;
  std::array<KeyedNode, kNodesMax> found_;
  size_t found_count_ = 0;
};

class KeyedFamily {
 public:
  static constexpr KeyedNode kRoot = 0;
  static constexpr uint16_t kNone = 0xFFFF;

  // In the order in which their markers are tried.
  explicit KeyedFamily(std::vector<KeyedDialect> dialects);

  // The node of `key` below `parent`; kNone where no dialect knows it.
  KeyedNode Child(KeyedNode parent, std::string_view key) const;
  // Whether a value at `node` is anyone's field or marker, and whether keys below it are known.
  bool IsValue(KeyedNode node) const { return nodes_[node].is_value; }
  bool HasChildren(KeyedNode node) const { return nodes_[node].has_children; }

  // The first dialect whose markers are in the line, else the one that takes the rest, else kNone.
  uint16_t DialectOf(const KeyedLine& line) const;
  const KeyedDialect& dialect(uint16_t index) const { return dialects_[index]; }
  uint16_t dialect_count() const { return static_cast<uint16_t>(dialects_.size()); }
  // The row of `dialect` that reads `node`; kNone.
  uint16_t RowOf(uint16_t dialect, KeyedNode node) const { return row_of_[dialect][node]; }

 private:
  struct NodeInfo {
    bool is_value = false;
    bool has_children = false;
  };
  struct Entry {
    uint32_t hash = 0;
    KeyedNode parent = 0;
    KeyedNode node = kNone;  // kNone: free
    bool exact = false;
    std::string key;  // folded, or as it must be
  };

  KeyedNode AddPath(std::string_view path, char separator);
  KeyedNode AddChild(KeyedNode parent, std::string_view key, bool exact);
  void AddRow(uint16_t dialect, uint16_t row);
  void Insert(Entry entry);

  std::vector<KeyedDialect> dialects_;
  std::vector<NodeInfo> nodes_;
  std::vector<Entry> table_;  // open addressing, a power of two, at most half full
  std::vector<std::vector<uint16_t>> row_of_;
  std::vector<std::vector<std::vector<KeyedNode>>> markers_;  // by dialect: sets of nodes
};

}  // namespace revertd
