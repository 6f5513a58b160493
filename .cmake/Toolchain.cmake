# How everything of ours is compiled: C++20, warnings are errors, mold, ccache, one sanitizer choice for a build folder.
option(STROWGER_TESTS "Build the tests" ON)
option(STROWGER_BENCHMARKS "Build the benchmarks" OFF)
option(STROWGER_FUZZ "Build the fuzz targets (clang's libFuzzer)" OFF)
set(STROWGER_SANITIZE "" CACHE STRING "Sanitizers for -fsanitize=, empty for none")

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE OFF)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

find_program(CCACHE ccache)
if(CCACHE)
  # Two checkouts share what is cached: paths below the root are relative, and the build folder is not hashed.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE})
endif()
find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()

# What all targets of ours share. Headers of dependencies come in as system headers and are not warned about.
add_library(strowger_flags INTERFACE)
target_compile_options(strowger_flags INTERFACE -Wall -Wextra -Wpedantic -Werror -Wshadow -Wnon-virtual-dtor -Wold-style-cast
  -Woverloaded-virtual -Wno-missing-field-initializers -fno-omit-frame-pointer)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 reports these falsely inside inlined standard library and Boost code.
  target_compile_options(strowger_flags INTERFACE -Wno-maybe-uninitialized -Wno-restrict -Wno-array-bounds
    -Wno-stringop-overflow -Wno-stringop-overread)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # GCC 12's own algorithms use what it marks as deprecated, and clang reports that where ours instantiate them.
  target_compile_options(strowger_flags INTERFACE -Wno-deprecated-declarations)
endif()
target_include_directories(strowger_flags INTERFACE ${CMAKE_SOURCE_DIR})
# Asserts stay on in every build type: an impossible state must stop the process, not spread.
string(REPLACE "-DNDEBUG" "" CMAKE_CXX_FLAGS_RELEASE "${CMAKE_CXX_FLAGS_RELEASE}")
string(REPLACE "-DNDEBUG" "" CMAKE_CXX_FLAGS_RELWITHDEBINFO "${CMAKE_CXX_FLAGS_RELWITHDEBINFO}")
if(STROWGER_SANITIZE STREQUAL "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_compile_options(-Wno-tsan)  # Asio's fences, which GCC's thread sanitizer does not see through
endif()
if(STROWGER_SANITIZE)
  add_compile_options(-fsanitize=${STROWGER_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${STROWGER_SANITIZE})
endif()
