# Third-party packages, all from Debian 12. tests/tidy_test.cc holds which folder may include which.
find_package(Threads REQUIRED)
find_package(absl REQUIRED)
find_package(simdjson REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(CLI11 REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(OpenSSL REQUIRED)  # digests: the audit trail, signed webhooks
find_package(CURL REQUIRED)
find_package(Boost 1.74 REQUIRED)  # headers only: the gamma quantile of analysis/, the HTTP server of daemon/http/
find_package(PkgConfig REQUIRED)
pkg_check_modules(liburing REQUIRED IMPORTED_TARGET liburing)
# Codings of request bodies: what SDKs of error trackers compress with.
pkg_check_modules(zlib REQUIRED IMPORTED_TARGET zlib)
pkg_check_modules(brotli REQUIRED IMPORTED_TARGET libbrotlidec)
pkg_check_modules(zstd REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(re2 REQUIRED IMPORTED_TARGET re2)  # expressions that users write about answers
# Its -pthread is a define, with which the precompiled headers were not made.
set_target_properties(PkgConfig::re2 PROPERTIES INTERFACE_COMPILE_OPTIONS "")

find_program(CCACHE ccache)
if(CCACHE)
  # Told so, it trusts the precompiled header of the sanitizer builds.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
endif()
