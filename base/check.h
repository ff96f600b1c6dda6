// REVERTD_CHECK: our own bugs stop the process. Bad bytes are counted and a bad world returns Status; neither may
// end up here.
#pragma once

#include <cstdio>
#include <cstdlib>

#define REVERTD_CHECK(condition)                                                                       \
  do {                                                                                                 \
    if (!(condition)) [[unlikely]] {                                                                   \
      std::fprintf(stderr, "revertd: bug: %s:%d: %s does not hold\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                                    \
    }                                                                                                  \
  } while (false)
