#include "daemon/api/prometheus_text.h"

#include "base/strings.h"

namespace revertd {
namespace {

constexpr int kDigits = 15;

// Backslash, quote and line end are escaped; bytes that are no UTF-8 would make a scraper refuse all of it.
std::string Escaped(std::string_view text) {
  std::string escaped;
  while (!text.empty()) {
    const size_t length = Utf8Length(text);
    const char c = text.front();
    if (length == 0) {
      escaped += "\xEF\xBF\xBD";
    } else if (c == '\\' || c == '"') {
      escaped.append({'\\', c});
    } else if (c == '\n') {
      escaped += "\\n";
    } else {
      escaped += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return escaped;
}

}  // namespace

void PrometheusText::Family(std::string_view name, std::string_view type, std::string_view help) {
  family_ = name;
  text_ += "# HELP " + family_ + " " + std::string(help) + "\n# TYPE " + family_ + " " + std::string(type) + "\n";
}

void PrometheusText::Sample(const Labels& labels, double value, std::string_view suffix) {
  Append(labels, FormatNumber(value, kDigits), suffix);
}

void PrometheusText::Append(const Labels& labels, std::string_view value, std::string_view suffix) {
  text_ += family_;
  text_ += suffix;
  char before = '{';
  for (const auto& [name, label] : labels) {
    text_ += before;
    text_ += std::string(name) + "=\"" + Escaped(label) + "\"";
    before = ',';
  }
  if (!labels.empty()) text_ += '}';
  text_ += ' ';
  text_ += value;
  text_ += '\n';
}

}  // namespace revertd
