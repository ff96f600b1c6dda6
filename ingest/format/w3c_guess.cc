#include "ingest/format/w3c_guess.h"

#include <algorithm>

namespace revertd {
namespace {

bool IsNumber(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool IsMethod(std::string_view text) {
  return text.size() >= 3 && text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_-") == std::string_view::npos;
}

bool IsAddress(std::string_view text) {
  return text.find_first_not_of("0123456789abcdefABCDEF.:%") == std::string_view::npos &&
         text.find_first_of(".:") != std::string_view::npos;
}

bool IsStatus(std::string_view text) { return text.size() == 3 && IsNumber(text) && text[0] >= '1'; }

// A host in the place where otherwise a referer stands, which has a scheme or is "-".
bool IsHost(std::string_view text) {
  return text != "-" && text.find_first_of("/+()") == std::string_view::npos &&
         (text.find('.') != std::string_view::npos || text.starts_with("localhost"));
}

constexpr size_t kServerColumnsMax = 3;  // s-sitename s-computername s-ip

// Where cs-method stands: the first word in capitals with a stem behind it. The line's size where there is none.
size_t FindMethod(std::span<const Cell> cells) {
  for (size_t i = 2; i <= 2 + kServerColumnsMax && i + 1 < cells.size(); ++i) {
    const std::string_view stem = cells[i + 1].text;
    if (IsMethod(cells[i].text) && (stem.starts_with('/') || stem == "*")) return i;
  }
  return cells.size();
}

// Where sc-status stands: from there on all columns are numbers, but for those that a person added.
size_t FindStatus(std::span<const Cell> cells, size_t from) {
  for (size_t i = from; i < cells.size(); ++i) {
    if (IsStatus(cells[i].text) && (i + 1 == cells.size() || IsNumber(cells[i + 1].text))) return i;
  }
  return cells.size();
}

void GuessNumbers(std::span<const Cell> cells, size_t status, std::array<Column, W3cColumns::kMax>& columns) {
  size_t end = status;
  while (end < cells.size() && IsNumber(cells[end].text)) ++end;
  columns[status] = Column::kStatus;
  const size_t run = end - status;
  constexpr size_t kWithTime = 4;   // sc-status sc-substatus sc-win32-status time-taken
  constexpr size_t kWithBytes = 6;  // the same with sc-bytes and cs-bytes before the time
  if (run == kWithTime || run == kWithBytes) columns[end - 1] = Column::kDurationMillis;
  if (run == kWithBytes) columns[end - 3] = Column::kBytes;
}

}  // namespace

bool GuessIisColumns(std::span<const Cell> cells, std::array<Column, W3cColumns::kMax>& columns) {
  constexpr size_t kPort = 3;  // behind the method: stem, query, port, user, client, user agent
  constexpr size_t kClient = 5;
  constexpr size_t kFewest = 7;  // from the method through the user agent
  const size_t method = FindMethod(cells);
  if (method + kFewest >= cells.size() || cells.size() > columns.size()) return false;
  if (!IsNumber(cells[method + kPort].text) || !IsAddress(cells[method + kClient].text)) return false;
  const size_t status = FindStatus(cells, method + kFewest - 1);
  if (status == cells.size()) return false;

  std::fill_n(columns.begin(), cells.size(), Column::kIgnored);
  columns[0] = Column::kDate;
  columns[1] = Column::kClock;
  for (size_t i = 2; i < method; ++i) {
    if (cells[i].text.starts_with("W3SVC")) columns[i] = Column::kBackend;
    if (IsAddress(cells[i].text)) columns[i] = Column::kUpstream;
  }
  columns[method] = Column::kMethod;
  columns[method + 1] = Column::kTarget;
  if (status > method + kFewest && IsHost(cells[status - 1].text)) columns[status - 1] = Column::kHost;
  GuessNumbers(cells, status, columns);
  return true;
}

}  // namespace revertd
