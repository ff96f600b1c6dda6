#include "daemon/doors/path_glob.h"

#include <array>
#include <cctype>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

namespace revertd {
namespace {

struct Part {
  enum class Kind {
    kCharacter,  // this one
    kAny,        // ?
    kClass,      // [...]
    kStar,       // *: any within a folder
    kDeepStar,   // **: any
    kFolders,    // **/: nothing, or what kInside stands for, which comes next
    kInside,     // of **/: folders with the slash behind them
  };
  Kind kind = Kind::kCharacter;
  char character = 0;
  std::string_view members = {};  // of a class, what stands between the brackets
};

struct ClassName {
  std::string_view name;
  int (*holds)(int c);
};
// Without setlocale() these are ASCII's.
constexpr std::array kClassNames = std::to_array<ClassName>({
    {"alnum", std::isalnum},
    {"alpha", std::isalpha},
    {"blank", std::isblank},
    {"cntrl", std::iscntrl},
    {"digit", std::isdigit},
    {"graph", std::isgraph},
    {"lower", std::islower},
    {"print", std::isprint},
    {"punct", std::ispunct},
    {"space", std::isspace},
    {"upper", std::isupper},
    {"xdigit", std::isxdigit},
});

bool HasClassName(std::string_view name, unsigned char c) {
  for (const ClassName& row : kClassNames) {
    if (row.name == name) return row.holds(c) != 0;
  }
  return false;
}

// The length of "[:digit:]" at the start of `text`; 0 where there is none.
size_t ClassNameLength(std::string_view text) {
  if (text.substr(0, 2) != "[:") return 0;
  const size_t end = text.find(":]", 2);
  const size_t bracket = text.find(']', 2);
  return end == std::string_view::npos || bracket != end + 1 ? 0 : end + 2;
}

// Where the class that opens at `text[0]` closes; npos where it does not.
size_t ClassEnd(std::string_view text) {
  size_t i = 1;
  if (i < text.size() && (text[i] == '!' || text[i] == '^')) ++i;
  for (const size_t first = i; i < text.size(); ++i) {
    if (text[i] == ']' && i > first) return i;
    if (const size_t length = ClassNameLength(text.substr(i)); length > 0) {
      i += length - 1;
    } else if (text[i] == '\\') {
      ++i;
    }
  }
  return std::string_view::npos;
}

// One member's character at `*i`, which then stands behind it.
unsigned char TakeMember(std::string_view members, size_t* i) {
  if (members[*i] == '\\' && *i + 1 < members.size()) ++*i;
  return static_cast<unsigned char>(members[(*i)++]);
}

bool ClassHolds(std::string_view members, char character) {
  if (character == '/') return false;
  const auto c = static_cast<unsigned char>(character);
  const bool negated = !members.empty() && (members[0] == '!' || members[0] == '^');
  bool holds = false;
  for (size_t i = negated ? 1 : 0; i < members.size();) {
    if (const size_t length = ClassNameLength(members.substr(i)); length > 0) {
      holds = holds || HasClassName(members.substr(i + 2, length - 4), c);
      i += length;
      continue;
    }
    const unsigned char low = TakeMember(members, &i);
    unsigned char high = low;
    if (i + 1 < members.size() && members[i] == '-') {
      ++i;
      high = TakeMember(members, &i);
    }
    holds = holds || (low <= c && c <= high);
  }
  return holds != negated;
}

// The stars at `glob[*i]`, which then stands behind them.
Part::Kind TakeStars(std::string_view glob, size_t* i) {
  const size_t begin = *i;
  while (*i < glob.size() && glob[*i] == '*') ++*i;
  const bool opens = begin == 0 || glob[begin - 1] == '/';
  const std::string_view rest = glob.substr(*i);
  if (*i - begin < 2 || !opens) return Part::Kind::kStar;
  if (!rest.empty() && rest[0] == '/') {
    ++*i;
    return Part::Kind::kFolders;
  }
  return rest.empty() || rest.substr(0, 2) == "\\/" ? Part::Kind::kDeepStar : Part::Kind::kStar;
}

// nullopt: a class that is never closed or a \ at the end, which git lets match nothing.
std::optional<std::vector<Part>> PartsOf(std::string_view glob) {
  std::vector<Part> parts;
  for (size_t i = 0; i < glob.size();) {
    if (glob[i] == '*') {
      parts.push_back({.kind = TakeStars(glob, &i)});
      if (parts.back().kind == Part::Kind::kFolders) parts.push_back({.kind = Part::Kind::kInside});
    } else if (glob[i] == '[') {
      const size_t length = ClassEnd(glob.substr(i));
      if (length == std::string_view::npos) return std::nullopt;
      parts.push_back({.kind = Part::Kind::kClass, .members = glob.substr(i + 1, length - 1)});
      i += length + 1;
    } else if (glob[i] == '?') {
      parts.push_back({.kind = Part::Kind::kAny});
      ++i;
    } else {
      if (glob[i] == '\\' && ++i == glob.size()) return std::nullopt;
      parts.push_back({.kind = Part::Kind::kCharacter, .character = glob[i++]});
    }
  }
  return parts;
}

using States = std::vector<bool>;  // by part: may the rest of the path match from here on?

void SkipWhatMatchesNothing(const std::vector<Part>& parts, States* states) {
  for (size_t i = 0; i < parts.size(); ++i) {
    if (!(*states)[i]) continue;
    const Part::Kind kind = parts[i].kind;
    if (kind == Part::Kind::kStar || kind == Part::Kind::kDeepStar || kind == Part::Kind::kFolders) {
      (*states)[i + 1] = true;
    }
    if (kind == Part::Kind::kFolders) (*states)[i + 2] = true;
  }
}

void Step(const Part& part, char c, size_t i, States* next) {
  switch (part.kind) {
    case Part::Kind::kCharacter:
      if (c == part.character) (*next)[i + 1] = true;
      break;
    case Part::Kind::kAny:
      if (c != '/') (*next)[i + 1] = true;
      break;
    case Part::Kind::kClass:
      if (ClassHolds(part.members, c)) (*next)[i + 1] = true;
      break;
    case Part::Kind::kStar:
      if (c != '/') (*next)[i] = true;
      break;
    case Part::Kind::kDeepStar: (*next)[i] = true; break;
    case Part::Kind::kFolders: break;
    case Part::Kind::kInside:
      (*next)[i] = true;
      if (c == '/') (*next)[i + 1] = true;
  }
}

bool PartsMatch(const std::vector<Part>& parts, std::string_view path) {
  States states(parts.size() + 1);
  states[0] = true;
  SkipWhatMatchesNothing(parts, &states);
  for (const char c : path) {
    States next(parts.size() + 1);
    for (size_t i = 0; i < parts.size(); ++i) {
      if (states[i]) Step(parts[i], c, i, &next);
    }
    SkipWhatMatchesNothing(parts, &next);
    states = std::move(next);
  }
  return states[parts.size()];
}

}  // namespace

bool GlobMatch(std::string_view glob, std::string_view path) {
  while (glob.substr(0, 2) == "./") glob.remove_prefix(2);
  if (glob.empty() || glob == ".") return true;
  if (path.substr(0, glob.size()) == glob) {
    const bool ends_a_name = path.size() == glob.size() || glob.back() == '/' || path[glob.size()] == '/';
    if (ends_a_name) return true;
  }
  // git takes the plain part at the front as it is, and lets the rest begin a pattern of its own.
  const size_t plain = glob.find_first_of("*?[\\");
  if (plain == std::string_view::npos || path.substr(0, plain) != glob.substr(0, plain)) return false;
  const auto parts = PartsOf(glob.substr(plain));
  return parts && PartsMatch(*parts, path.substr(plain));
}

}  // namespace revertd
