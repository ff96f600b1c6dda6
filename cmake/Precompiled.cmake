# What nearly every file includes, compiled once. A header must still stand alone: the release build of the
# libraries compiles without.
set(REVERTD_COMMON_HEADERS
  <algorithm> <array> <atomic> <chrono> <cmath> <cstdint> <deque> <functional> <limits> <map> <memory> <optional> <span>
  <string> <string_view> <utility> <vector> ${CMAKE_SOURCE_DIR}/base/status.h)

# revertd_precompiled(NAME HEADERS...): compiled with the options that hold where this is called; a target that is
# compiled with the same takes it by target_precompile_headers(TARGET REUSE_FROM NAME).
function(revertd_precompiled name)
  set(unit ${CMAKE_BINARY_DIR}/precompiled/${name}.cc)
  if(NOT EXISTS ${unit})
    file(WRITE ${unit} "")
  endif()
  add_library(${name} OBJECT ${unit})
  target_link_libraries(${name} PRIVATE revertd_flags)
  target_precompile_headers(${name} PRIVATE ${REVERTD_COMMON_HEADERS} ${ARGN})
endfunction()
