# One helper for a component, one for a test program.

# Reading headers is most of what compiling a source costs, the same headers again and again. So several sources of a
# target are compiled as one unit: a generated file that includes them. A source's batch follows from its name alone, so
# that a new source leaves the other batches, and what the compiler cache has of them, as they were. The includes are
# relative to the root, so that two checkouts share the cache. The presets `lint` and `debug` compile each source by
# itself, which is what keeps the includes true.
option(STROWGER_UNITY "Compile several sources of a target as one unit" ON)
set(STROWGER_BATCH 8 CACHE STRING "Sources in a unit, about")

# strowger_units(<variable> <target> <batch size> sources…): what to compile for these sources. Test sources name their
# fixtures alike (`mac`, `Site`), so each *_test.cpp is included in a namespace of its own, after all headers that the
# tests of the batch include; a test that includes another header has CMake write the unit again.
function(strowger_units result target size)
  list(LENGTH ARGN count)
  if(NOT STROWGER_UNITY OR size LESS 2 OR count LESS 2)
    set(${result} ${ARGN} PARENT_SCOPE)
    return()
  endif()
  math(EXPR batches "(${count} + ${size} - 1) / ${size}")
  foreach(source ${ARGN})
    file(RELATIVE_PATH name ${CMAKE_SOURCE_DIR} ${source})
    string(MD5 hash ${name})
    string(SUBSTRING ${hash} 0 6 hash)
    math(EXPR batch "0x${hash} % ${batches}")
    if(name MATCHES "_test\\.cpp$")
      set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${source})
      file(STRINGS ${source} includes REGEX "^#include")
      list(APPEND headers_${batch} ${includes})
      string(MAKE_C_IDENTIFIER ${name} space)
      string(APPEND tests_${batch} "namespace ${space} {\n#include \"${name}\"\n}\n")
    else()
      string(APPEND text_${batch} "#include \"${name}\"\n")
    endif()
  endforeach()
  math(EXPR last "${batches} - 1")
  foreach(batch RANGE ${last})
    if(DEFINED text_${batch} OR DEFINED tests_${batch})
      set(unit ${CMAKE_BINARY_DIR}/units/${target}_${batch}.cpp)
      list(REMOVE_DUPLICATES headers_${batch})
      list(JOIN headers_${batch} "\n" headers)
      file(CONFIGURE OUTPUT ${unit} CONTENT "${text_${batch}}${headers}\n${tests_${batch}}" @ONLY)
      list(APPEND units ${unit})
    endif()
  endforeach()
  set(${result} ${units} PARENT_SCOPE)
endfunction()

# strowger_component(<name> [LINKS targets…] [EXCLUDE regex] [BATCH size])
# A library strowger_<name> of all sources below this folder. LINKS are public: who uses the component sees what its
# headers use. The links are the architecture's arrows: Arrows.cmake holds the includes to them.
function(strowger_component name)
  cmake_parse_arguments(ARG "" "EXCLUDE;BATCH" "LINKS" ${ARGN})
  strowger_arrow(${name} ${ARG_LINKS})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  if(ARG_EXCLUDE)
    list(FILTER sources EXCLUDE REGEX ${ARG_EXCLUDE})
  endif()
  if(NOT sources)  # only headers yet
    add_library(strowger_${name} INTERFACE)
    target_link_libraries(strowger_${name} INTERFACE ${ARG_LINKS})
    return()
  endif()
  if(NOT ARG_BATCH)
    set(ARG_BATCH ${STROWGER_BATCH})
  endif()
  strowger_units(units strowger_${name} ${ARG_BATCH} ${sources})
  add_library(strowger_${name} STATIC ${units})
  target_link_libraries(strowger_${name} PUBLIC ${ARG_LINKS} PRIVATE strowger_flags)
  target_include_directories(strowger_${name} PUBLIC ${CMAKE_SOURCE_DIR})
endfunction()

# strowger_embed(<target> HEADER path NAMESPACE name FILES files…): a library whose table holds these files of this folder
# (relative paths), made again whenever one of them changes. The header declares the table: see embed.cmake.
function(strowger_embed target)
  cmake_parse_arguments(ARG "" "HEADER;NAMESPACE" "FILES" ${ARGN})
  string(REPLACE strowger_ "" name ${target})
  strowger_arrow(${name})
  list(SORT ARG_FILES)
  list(TRANSFORM ARG_FILES PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/ OUTPUT_VARIABLE paths)
  string(REPLACE ";" "|" joined "${ARG_FILES}")
  set(table ${CMAKE_CURRENT_BINARY_DIR}/files.cpp)
  set(script ${CMAKE_SOURCE_DIR}/.cmake/embed.cmake)
  add_custom_command(OUTPUT ${table}
    COMMAND ${CMAKE_COMMAND} -DROOT=${CMAKE_CURRENT_SOURCE_DIR} "-DFILES=${joined}" -DOUT=${table}
      -DHEADER=${ARG_HEADER} -DNAMESPACE=${ARG_NAMESPACE} -P ${script}
    DEPENDS ${paths} ${script} CMakeLists.txt VERBATIM
    COMMENT "Embedding the files of ${target}")
  add_library(${target} STATIC ${table})
  target_link_libraries(${target} PRIVATE strowger_flags)
  target_include_directories(${target} PUBLIC ${CMAKE_SOURCE_DIR})
endfunction()

# For what computes much: the sanitizer builds are not optimised, which halves the time that they take to build.
function(strowger_optimised_with_sanitizers target)
  if(STROWGER_SANITIZE)
    target_compile_options(${target} PRIVATE -O1)
  endif()
endfunction()

# strowger_test(<name> LABELS labels… [LINKS targets…] [TIMEOUT seconds] [EXCLUDE regex] [BATCH size] [SERIAL] [OPTIMISED])
# A Catch2 program of all sources below this folder; each of its test cases is one ctest test named <name>: <case>.
# The code of the test itself is not optimised, which halves the time that it takes to compile; OPTIMISED is for tests that
# compute much themselves.
function(strowger_test name)
  cmake_parse_arguments(ARG "SERIAL;OPTIMISED" "TIMEOUT;EXCLUDE;BATCH" "LABELS;LINKS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  if(ARG_EXCLUDE)
    list(FILTER sources EXCLUDE REGEX ${ARG_EXCLUDE})
  endif()
  if(NOT ARG_BATCH)
    set(ARG_BATCH ${STROWGER_BATCH})
  endif()
  strowger_units(units test_${name} ${ARG_BATCH} ${sources})
  add_executable(test_${name} ${units})
  if(NOT ARG_OPTIMISED)
    target_compile_options(test_${name} PRIVATE -O0)
  endif()
  target_link_libraries(test_${name} PRIVATE ${ARG_LINKS} strowger_flags strowger_catch)
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 60)
  endif()
  if(STROWGER_SANITIZE)  # everything is several times as slow, on a busy machine more
    math(EXPR ARG_TIMEOUT "4 * ${ARG_TIMEOUT}")
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
