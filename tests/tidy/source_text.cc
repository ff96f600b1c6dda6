#include "tests/tidy/source_text.h"

#include <algorithm>
#include <cctype>

namespace revertd::tidy {
namespace {

bool IsWord(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

std::vector<std::string> LinesOf(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

// Blanks everything in [from, to) of `text` but its line ends.
void Blank(std::string& text, size_t from, size_t to) {
  for (size_t i = from; i < std::min(to, text.size()); ++i) {
    if (text[i] != '\n') text[i] = ' ';
  }
}

// One past the closing quote of the literal that opens at `start`.
size_t EndOfQuote(std::string_view text, size_t start) {
  if (text[start] == '"' && start > 0 && text[start - 1] == 'R') {
    const size_t open = text.find('(', start);
    if (open == std::string_view::npos) return text.size();
    const std::string close = ")" + std::string(text.substr(start + 1, open - start - 1)) + "\"";
    const size_t end = text.find(close, open);
    return end == std::string_view::npos ? text.size() : end + close.size();
  }
  for (size_t i = start + 1; i < text.size() && text[i] != '\n'; ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == text[start]) {
      return i + 1;
    }
  }
  return std::min(text.find('\n', start), text.size());
}

bool OpensQuote(std::string_view text, size_t i) {
  // 1'000'000 separates digits.
  return text[i] == '"' || (text[i] == '\'' && (i == 0 || !IsWord(text[i - 1])));
}

size_t EndOfComment(std::string_view text, size_t start) {
  const bool to_line_end = text[start + 1] == '/';
  const size_t end = to_line_end ? text.find('\n', start) : text.find("*/", start + 2);
  if (end == std::string_view::npos) return text.size();
  return to_line_end ? end : end + 2;
}

bool HasWord(std::string_view text, std::string_view word) {
  for (size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
    const size_t end = at + word.size();
    if ((at == 0 || !IsWord(text[at - 1])) && (end == text.size() || !IsWord(text[end]))) return true;
  }
  return false;
}

// What the text between the last statement and a brace makes of that brace.
enum class BraceKind { kScope, kTable, kBody };
BraceKind KindOf(std::string_view declaration) {
  while (!declaration.empty() && std::isspace(static_cast<unsigned char>(declaration.back())) != 0) {
    declaration.remove_suffix(1);
  }
  if (HasWord(declaration, "namespace") || HasWord(declaration, "extern")) return BraceKind::kScope;
  for (const std::string_view keyword : {"class", "struct", "enum", "union"}) {
    if (HasWord(declaration, keyword) && declaration.find('(') == std::string_view::npos) return BraceKind::kScope;
  }
  if (declaration.find('(') == std::string_view::npos || declaration.back() == '=') return BraceKind::kTable;
  return BraceKind::kBody;
}

// Preprocessor lines, with the lines that a backslash adds, say nothing about braces.
std::string WithoutDirectives(const std::vector<std::string>& code) {
  std::string text;
  bool continued = false;
  for (const std::string& line : code) {
    const size_t first = line.find_first_not_of(' ');
    const bool directive = continued || (first != std::string::npos && line[first] == '#');
    continued = directive && !line.empty() && line.back() == '\\';
    text += directive ? "" : line;
    text += '\n';
  }
  return text;
}

// The words in front of a brace; a template's parameters are none of them.
std::vector<std::string_view> HeadWordsOf(std::string_view declaration) {
  if (declaration.compare(0, 8, "template") == 0) {
    size_t depth = 0;
    size_t at = declaration.find('<');
    for (; at < declaration.size(); ++at) {
      if (declaration[at] == '<') ++depth;
      if (declaration[at] == '>' && --depth == 0) break;
    }
    declaration.remove_prefix(std::min(at + 1, declaration.size()));
  }
  std::vector<std::string_view> words;
  while (!declaration.empty()) {
    const std::string_view word = declaration.substr(0, declaration.find(' '));
    if (!word.empty()) words.push_back(word);
    declaration.remove_prefix(std::min(word.size() + 1, declaration.size()));
  }
  return words;
}

// The name of the type whose definition begins so; empty: of none, of a specialization, or of another type's part.
std::string_view TypeDefinedBy(std::string_view declaration) {
  const std::vector<std::string_view> words = HeadWordsOf(declaration);
  const auto is_kind = [](std::string_view word) {
    return word == "class" || word == "struct" || word == "union" || word == "enum";
  };
  if (words.empty() || !is_kind(words[0])) return {};
  size_t at = 1;
  while (at < words.size() && (is_kind(words[at]) || words[at][0] == '[')) ++at;
  if (at == words.size() || !std::all_of(words[at].begin(), words[at].end(), IsWord)) return {};
  const bool is_head = at + 1 == words.size() || words[at + 1] == "final" || words[at + 1][0] == ':';
  return is_head ? words[at] : std::string_view();
}

}  // namespace

SourceText ReadSourceText(std::string_view path, std::string_view text) {
  std::string code(text);
  std::string unquoted(text);
  for (size_t i = 0; i < text.size();) {
    size_t end = i + 1;
    if (text[i] == '/' && i + 1 < text.size() && (text[i + 1] == '/' || text[i + 1] == '*')) {
      end = EndOfComment(text, i);
      Blank(code, i, end);
    } else if (OpensQuote(text, i)) {
      end = EndOfQuote(text, i);
      Blank(code, i + 1, end - 1);
      Blank(unquoted, i + 1, end - 1);
    }
    i = end;
  }
  return {std::string(path), LinesOf(text), LinesOf(code), LinesOf(unquoted)};
}

std::vector<Include> IncludesOf(const SourceText& source) {
  std::vector<Include> includes;
  for (size_t i = 0; i < source.lines.size(); ++i) {
    const std::string_view line = source.lines[i];
    constexpr std::string_view kInclude = "#include ";
    if (source.code[i].compare(0, kInclude.size(), kInclude) != 0 || line.size() <= kInclude.size()) continue;
    const bool angled = line[kInclude.size()] == '<';
    const size_t start = kInclude.size() + 1;
    const size_t end = line.find(angled ? '>' : '"', start);
    if (end == std::string_view::npos) continue;
    includes.push_back({i + 1, std::string(line.substr(start, end - start)), angled});
  }
  return includes;
}

std::vector<FunctionExtent> FunctionsOf(const SourceText& source) {
  const std::string text = WithoutDirectives(source.code);
  std::vector<FunctionExtent> functions;
  size_t line = 1;
  size_t declared_on = 1;   // line of the first word since the last statement
  std::string declaration;  // the text since then
  size_t inside = 0;        // depth of braces below the body or table that we are in; 0: none
  bool body = false;
  for (const char c : text) {
    if (c == '\n') ++line;
    if (inside > 0) {
      if (c == '{') ++inside;
      if (c == '}' && --inside == 0) {
        if (body) functions.push_back({declared_on, line - declared_on + 1});
        declaration.clear();
      }
      continue;
    }
    if (c == ';' || c == '}') {
      declaration.clear();
    } else if (c == '{') {
      const BraceKind kind = KindOf(declaration);
      if (kind == BraceKind::kScope) {
        declaration.clear();
        continue;
      }
      inside = 1;
      body = kind == BraceKind::kBody;
    } else {
      const bool blank = std::isspace(static_cast<unsigned char>(c)) != 0;
      if (declaration.empty() && blank) continue;
      if (declaration.empty()) declared_on = line;
      declaration += c;
      if (declaration == "public:" || declaration == "private:" || declaration == "protected:") declaration.clear();
    }
  }
  return functions;
}

std::vector<NamedType> TypesOf(const SourceText& source) {
  constexpr std::string_view kNamespace = "namespace ";
  const std::string text = WithoutDirectives(source.code);
  std::vector<NamedType> types;
  std::vector<std::string> namespaces;
  size_t line = 1;
  size_t declared_on = 1;
  size_t inside = 0;        // depth of braces below a type, a body or a table; 0: directly in a namespace
  std::string declaration;  // the text since the last statement, its white space as single blanks
  for (const char c : text) {
    if (c == '\n') ++line;
    if (inside > 0) {
      if (c == '{') ++inside;
      if (c == '}') --inside;
    } else if (c == '{' && declaration.compare(0, kNamespace.size(), kNamespace) == 0) {
      namespaces.push_back(declaration.substr(kNamespace.size()));
      declaration.clear();
    } else if (c == '{') {
      const std::string_view type = TypeDefinedBy(declaration);
      if (!type.empty() && std::count(namespaces.begin(), namespaces.end(), "") == 0) {
        std::string name;
        for (const std::string& space : namespaces) name += space.substr(0, space.find(' ')) + "::";
        types.push_back({declared_on, name.append(type)});
      }
      declaration.clear();
      inside = 1;
    } else if (c == '}') {
      if (!namespaces.empty()) namespaces.pop_back();
      declaration.clear();
    } else if (c == ';') {
      declaration.clear();
    } else if (std::isspace(static_cast<unsigned char>(c)) == 0) {
      if (declaration.empty()) declared_on = line;
      declaration += c;
    } else if (!declaration.empty() && declaration.back() != ' ') {
      declaration += ' ';
    }
  }
  return types;
}

}  // namespace revertd::tidy
