# A room is a folder, a static library of all its sources, and one test program of all its *_test.cc files.
#
#   disco_room(plan PUBLIC graph tensor PRIVATE nlohmann_json::nlohmann_json)
#
# A name without "::" is another room. With CMAKE_UNITY_BUILD the sources of a room are compiled eight at a time, which
# takes a third of the time; without it each is, and PRECOMPILE names headers so heavy that the room compiles them once
# (and has to, if it has compiler flags of its own), TEST_PRECOMPILE those of its tests.
# It is installed as part of the package's COMPONENT (core, if none is named), unless it is an APPLICATION, which only a
# program uses.
if(DISCO_TESTS)
  enable_testing()
  include(GoogleTest)
endif()

add_library(disco_options INTERFACE)
target_include_directories(disco_options INTERFACE ${CMAKE_CURRENT_LIST_DIR}/..)
target_compile_options(disco_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
  -Woverloaded-virtual -Wno-missing-field-initializers -Werror)
# Without it ccache does not see into precompiled headers (with CCACHE_SLOPPINESS=pch_defines,time_macros it does).
target_compile_options(disco_options INTERFACE $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)
if(DISCO_SANITIZE)
  target_compile_options(disco_options INTERFACE -fsanitize=${DISCO_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  target_link_options(disco_options INTERFACE -fsanitize=${DISCO_SANITIZE})
endif()

# What nearly every source includes, compiled once for all rooms whose compiler flags are the usual ones.
set(DISCO_HEADERS <algorithm> <fmt/format.h> <functional> <map> <memory> <optional> <span> <string> <tl/expected.hpp> <vector>)
file(WRITE ${CMAKE_BINARY_DIR}/empty.cc "")
add_library(disco_headers OBJECT ${CMAKE_BINARY_DIR}/empty.cc)
target_link_libraries(disco_headers PRIVATE disco_options fmt::fmt)
target_precompile_headers(disco_headers PRIVATE ${DISCO_HEADERS})

# Headers that TARGET compiles once: the HEADERS and those of SHARED, or, where there are none, what SHARED has compiled.
function(disco_precompile target shared)
  if(NOT ARGN)
    target_precompile_headers(${target} REUSE_FROM ${shared})
  elseif(NOT CMAKE_UNITY_BUILD)
    get_target_property(headers ${shared} PRECOMPILE_HEADERS)
    target_precompile_headers(${target} PRIVATE ${headers} ${ARGN})
  endif()
endfunction()

function(disco_qualify out)
  set(names)
  foreach(name ${ARGN})
    if(NOT name MATCHES "::" AND NOT IS_ABSOLUTE "${name}")
      set(name "disco_${name}")
    endif()
    list(APPEND names ${name})
  endforeach()
  set(${out} ${names} PARENT_SCOPE)
endfunction()

# Every header of a module as the only line of a source, so that one which needs another before it does not compile.
# Only `cmake --build BUILD --target headers` builds them.
add_custom_target(headers)
function(disco_headers_alone name)
  file(GLOB headers CONFIGURE_DEPENDS *.h)
  set(sources)
  foreach(header ${headers})
    cmake_path(RELATIVE_PATH header BASE_DIRECTORY ${PROJECT_SOURCE_DIR})
    file(CONFIGURE OUTPUT headers/${header}.cc CONTENT "#include \"@header@\"\n" @ONLY)
    list(APPEND sources ${CMAKE_CURRENT_BINARY_DIR}/headers/${header}.cc)
  endforeach()
  add_library(${name}_headers OBJECT EXCLUDE_FROM_ALL ${sources})
  set_target_properties(${name}_headers PROPERTIES UNITY_BUILD OFF)
  target_link_libraries(${name}_headers PRIVATE disco_${name} $<TARGET_PROPERTY:disco_${name},LINK_LIBRARIES> ${ARGN})
  add_dependencies(headers ${name}_headers)
endfunction()

function(disco_room name)
  cmake_parse_arguments(ROOM "APPLICATION" "COMPONENT" "PUBLIC;PRIVATE;TEST;PRECOMPILE;TEST_PRECOMPILE" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *.cc *.h)
  file(GLOB tests CONFIGURE_DEPENDS *_test.cc)
  file(GLOB mains CONFIGURE_DEPENDS *main.cc)
  if(tests)
    list(REMOVE_ITEM sources ${tests})
  endif()
  if(mains)
    list(REMOVE_ITEM sources ${mains})
  endif()
  disco_qualify(public ${ROOM_PUBLIC})
  disco_qualify(private ${ROOM_PRIVATE})
  add_library(disco_${name} STATIC ${sources})
  set_target_properties(disco_${name} PROPERTIES LINKER_LANGUAGE CXX)
  target_link_libraries(disco_${name} PUBLIC $<BUILD_INTERFACE:disco_options> ${public} PRIVATE ${private})
  target_compile_features(disco_${name} PUBLIC cxx_std_20)
  disco_precompile(disco_${name} disco_headers ${ROOM_PRECOMPILE})
  if(NOT ROOM_COMPONENT)
    set(ROOM_COMPONENT core)
  endif()
  if(NOT ROOM_APPLICATION)
    disco_install(${name} ${ROOM_COMPONENT})
  endif()
  if(DISCO_TESTS)
    disco_qualify(test ${ROOM_TEST})
    disco_headers_alone(${name} ${test} GTest::gtest GTest::gmock)
  endif()
  if(DISCO_TESTS AND tests)
    disco_test(${name}_test SOURCES ${tests} LINK ${name} ${ROOM_TEST} PRECOMPILE ${ROOM_TEST_PRECOMPILE})
  endif()
endfunction()

# What every test includes, compiled once for all of them.
set(DISCO_TEST_HEADERS ${DISCO_HEADERS} <gmock/gmock.h> <gtest/gtest.h>)
# Half of all that is compiled is tests, and they run for seconds.
set(DISCO_TEST_OPTIONS $<$<NOT:$<CONFIG:Debug>>:-O0>)
if(DISCO_TESTS)
  add_library(disco_test_headers OBJECT ${CMAKE_BINARY_DIR}/empty.cc)
  target_link_libraries(disco_test_headers PRIVATE disco_options fmt::fmt GTest::gtest GTest::gmock)
  target_compile_options(disco_test_headers PRIVATE ${DISCO_TEST_OPTIONS})
  target_precompile_headers(disco_test_headers PRIVATE ${DISCO_TEST_HEADERS})
endif()

# One GoogleTest program; every case becomes a ctest case whose label is the program.
function(disco_test name)
  cmake_parse_arguments(TEST "" "" "SOURCES;LINK;PRECOMPILE" ${ARGN})
  disco_qualify(link ${TEST_LINK})
  add_executable(${name} ${TEST_SOURCES})
  target_link_libraries(${name} PRIVATE ${link} GTest::gtest_main GTest::gmock)
  target_compile_options(${name} PRIVATE ${DISCO_TEST_OPTIONS})
  disco_precompile(${name} disco_test_headers ${TEST_PRECOMPILE})
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 300 LABELS ${name})
endfunction()

# The whole of test program `name` once more at lower CPU levels (base/cpu_level.h), each as one ctest case; users have
# processors that the machine of a developer is not.
function(disco_test_at_cpu_levels name)
  if(NOT DISCO_TESTS OR NOT CMAKE_SYSTEM_PROCESSOR STREQUAL x86_64)
    return()
  endif()
  foreach(level SSE41 AVX2)
    add_test(NAME ${name}.${level}
      COMMAND ${PROJECT_SOURCE_DIR}/tools/at_level.sh ${level} $<TARGET_FILE:${name}> --gtest_brief=1)
    set_tests_properties(${name}.${level} PROPERTIES TIMEOUT 300 SKIP_RETURN_CODE 77)
  endforeach()
endfunction()
