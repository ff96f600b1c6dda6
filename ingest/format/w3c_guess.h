// Which columns an IIS line has, told from the line alone. IIS lets a person choose columns and not their order:
//   date time [s-sitename] [s-computername] [s-ip] cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip
//   [cs-version] cs(User-Agent) [cs(Cookie)] [cs(Referer)] [cs-host] sc-status [sc-substatus sc-win32-status]
//   [sc-bytes cs-bytes] [time-taken] [others]
// Method with stem, and the run of numbers from the status on, are what cannot be taken for anything else.
// A pure function, any thread.
#pragma once

#include <array>
#include <span>

#include "ingest/format/w3c_columns.h"

namespace revertd {

// Fills the first cells.size() of `columns`; false where `cells` is no such line. Numbers that could be one thing or
// another are left out.
bool GuessIisColumns(std::span<const Cell> cells, std::array<Column, W3cColumns::kMax>& columns);

}  // namespace revertd
