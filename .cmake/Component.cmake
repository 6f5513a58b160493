# One helper for a component, one for a test program.

# Most of a unit's compile time is reading headers, the same ones again and again: everything of ours is compiled with a
# precompiled header, its own or another target's. PCH names what most units of the target include anyway, ours too; the
# sources still include what they use (the preset `lint` compiles without). PCH_OF is a target whose header does: one
# that this one depends on, compiled with the same options.
function(strowger_precompile target)
  cmake_parse_arguments(ARG "" "PCH_OF" "PCH" ${ARGN})
  if(ARG_PCH)
    target_precompile_headers(${target} PRIVATE ${ARG_PCH})
  else()
    target_precompile_headers(${target} REUSE_FROM ${ARG_PCH_OF})
  endif()
endfunction()

# strowger_component(<name> [LINKS targets…] [PCH headers… | PCH_OF target] [EXCLUDE regex])
# A library strowger_<name> of all sources below this folder. LINKS are public: who uses the component sees what its
# headers use. The links are the architecture's arrows; what is not linked cannot be included by accident for long.
# Without PCH and PCH_OF it uses that of strowger_events, which every component links.
function(strowger_component name)
  cmake_parse_arguments(ARG "" "EXCLUDE;PCH_OF" "LINKS;PCH" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  if(ARG_EXCLUDE)
    list(FILTER sources EXCLUDE REGEX ${ARG_EXCLUDE})
  endif()
  if(NOT sources)  # only headers yet
    add_library(strowger_${name} INTERFACE)
    target_link_libraries(strowger_${name} INTERFACE ${ARG_LINKS})
    return()
  endif()
  add_library(strowger_${name} STATIC ${sources})
  target_link_libraries(strowger_${name} PUBLIC ${ARG_LINKS} PRIVATE strowger_flags)
  target_include_directories(strowger_${name} PUBLIC ${CMAKE_SOURCE_DIR})
  if(NOT ARG_PCH_OF)
    set(ARG_PCH_OF strowger_events)
  endif()
  strowger_precompile(strowger_${name} PCH ${ARG_PCH} PCH_OF ${ARG_PCH_OF})
endfunction()

# For what computes much: the sanitizer builds are not optimised, which halves the time that they take to build.
function(strowger_optimised_with_sanitizers target)
  if(STROWGER_SANITIZE)
    target_compile_options(${target} PRIVATE -O1)
  endif()
endfunction()

# strowger_test(<name> LABELS labels… [LINKS targets…] [PCH headers… | PCH_OF target] [TIMEOUT seconds] [EXCLUDE regex]
#   [SERIAL])
# A Catch2 program of all sources below this folder; each of its test cases is one ctest test named <name>: <case>.
# Without PCH and PCH_OF it uses that of strowger_catch.
function(strowger_test name)
  cmake_parse_arguments(ARG "SERIAL" "TIMEOUT;EXCLUDE;PCH_OF" "LABELS;LINKS;PCH" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  if(ARG_EXCLUDE)
    list(FILTER sources EXCLUDE REGEX ${ARG_EXCLUDE})
  endif()
  add_executable(test_${name} ${sources})
  target_link_libraries(test_${name} PRIVATE ${ARG_LINKS} strowger_flags strowger_catch)
  if(NOT ARG_PCH_OF)
    set(ARG_PCH_OF strowger_catch)
  endif()
  strowger_precompile(test_${name} PCH ${ARG_PCH} PCH_OF ${ARG_PCH_OF})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 60)
  endif()
  set(properties LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT})
  if(ARG_SERIAL)
    list(APPEND properties RUN_SERIAL TRUE)
  endif()
  if(STROWGER_SANITIZE MATCHES thread)
    find_program(LLVM_SYMBOLIZER NAMES llvm-symbolizer-19 llvm-symbolizer)
    set(symbolizer "external_symbolizer_path=${LLVM_SYMBOLIZER}")
    list(APPEND properties ENVIRONMENT
      "TSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/tests/support/tsan.supp:second_deadlock_stack=1:${symbolizer}")
  endif()
  # Found when ctest starts, not when the program is linked: a sanitizer build must not run tests while it compiles.
  catch_discover_tests(test_${name} TEST_PREFIX "${name}: " DISCOVERY_MODE PRE_TEST PROPERTIES ${properties})
endfunction()

# Adds every folder below this one that has a CMakeLists.txt.
function(strowger_add_folders)
  file(GLOB entries LIST_DIRECTORIES true CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*)
  foreach(entry ${entries})
    if(EXISTS ${entry}/CMakeLists.txt)
      add_subdirectory(${entry})
    endif()
  endforeach()
endfunction()
