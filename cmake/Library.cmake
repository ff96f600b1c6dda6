# Compiler settings that every target of the tree shares, and the one way to add a folder's library.
add_library(revertd_flags INTERFACE)
target_compile_options(revertd_flags INTERFACE
  -Wall -Wextra -Wpedantic -Werror -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor -Wold-style-cast
  -Wcast-align -Woverloaded-virtual -Wnull-dereference -fno-omit-frame-pointer
  # GCC 12 warns of overlaps inside std::string's own operator+ (GCC bug 105651).
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)
target_include_directories(revertd_flags INTERFACE ${CMAKE_SOURCE_DIR})
if(REVERTD_SANITIZE)
  # GCC's null-dereference and maybe-uninitialized analyses report paths that only instrumentation creates.
  # The vptr check opens a pipe to see whether memory may be read: tests that leave no file descriptor would fail by it.
  target_compile_options(revertd_flags INTERFACE
    -fsanitize=${REVERTD_SANITIZE} -fno-sanitize=vptr -fno-sanitize-recover=all
    $<$<CXX_COMPILER_ID:GNU>:-Wno-null-dereference> $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  target_link_options(revertd_flags INTERFACE -fsanitize=${REVERTD_SANITIZE})
endif()

include(cmake/Precompiled.cmake)
# Of the tests and of the sanitizers' builds (clang); gcc gains little of it, and then sees std::string's own copies run
# past their ends (GCC bug 105329) in code that is optimised.
if(REVERTD_SANITIZE)
  revertd_precompiled(revertd_precompiled_hot)
  # Sanitized, these folders are still optimised, for tests that parse and simulate much; the others wait for git, disks
  # and sockets, and compile in half the time without.
  set(REVERTD_HOT base ingest analysis)
  revertd_precompiled(revertd_precompiled_cold)
  target_compile_options(revertd_precompiled_cold PRIVATE -O0)
endif()

# revertd_library(NAME SOURCES... LINK... ): one library a folder. A header stands alone: its source
# file includes it first (tests/tidy holds that), and one without a source file is compiled by itself.
function(revertd_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  add_library(revertd_${name} STATIC ${ARG_SOURCES})
  target_link_libraries(revertd_${name} PUBLIC revertd_flags ${ARG_LINK})
  if(REVERTD_SANITIZE AND NOT name IN_LIST REVERTD_HOT)
    target_compile_options(revertd_${name} PRIVATE -O0)
    target_precompile_headers(revertd_${name} REUSE_FROM revertd_precompiled_cold)
  elseif(REVERTD_SANITIZE)
    target_precompile_headers(revertd_${name} REUSE_FROM revertd_precompiled_hot)
  endif()

  file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR}/*.h)
  set(alone "")
  foreach(header ${headers})
    string(REGEX REPLACE "h$" "cc" source ${CMAKE_SOURCE_DIR}/${header})
    if(EXISTS ${source})
      continue()
    endif()
    string(REPLACE "/" "_" unit ${header})
    set(unit ${CMAKE_BINARY_DIR}/headers/${unit}.cc)
    if(NOT EXISTS ${unit})
      file(WRITE ${unit} "#include \"${header}\"\n#include \"${header}\"  // twice: the guard works\n")
    endif()
    list(APPEND alone ${unit})
  endforeach()
  # Once is enough: what a header needs does not depend on the sanitizer.
  if(alone AND REVERTD_TESTS AND NOT REVERTD_SANITIZE)
    add_library(revertd_${name}_headers OBJECT ${alone})
    target_link_libraries(revertd_${name}_headers PRIVATE revertd_${name})
  endif()
endfunction()
