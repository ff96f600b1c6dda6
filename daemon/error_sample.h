// An error's sample (JSON, as ingest/sentry made it) in a few lines for a terminal: what was thrown, and where.
//
// Pure, any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace revertd {

// Of a chain of exceptions, those nearest to the end, which is the one that was told; of its stack the innermost
// frames.
inline constexpr size_t kExceptionsShown = 3;
inline constexpr size_t kFramesShown = 5;

// "TypeError: cannot read 'total'", "  at pay in checkout.views (app/views.py:41)", innermost first; where there is no
// exception the message. Lines are cut to kErrorTextMax bytes; none where the sample is empty or cannot be read.
std::vector<std::string> SampleLines(std::string_view sample_json);

}  // namespace revertd
