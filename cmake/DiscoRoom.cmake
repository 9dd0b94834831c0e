# A room is a folder, a static library of all its sources, and one test program of all its *_test.cc files.
#
#   disco_room(plan PUBLIC graph tensor PRIVATE nlohmann_json::nlohmann_json)
#
# A name without "::" is another room.
if(DISCO_TESTS)
  enable_testing()
  include(GoogleTest)
endif()

add_library(disco_options INTERFACE)
target_include_directories(disco_options INTERFACE ${CMAKE_CURRENT_LIST_DIR}/..)
target_compile_options(disco_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
  -Woverloaded-virtual -Wno-missing-field-initializers -Werror)
if(DISCO_SANITIZE)
  target_compile_options(disco_options INTERFACE -fsanitize=${DISCO_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  target_link_options(disco_options INTERFACE -fsanitize=${DISCO_SANITIZE})
endif()

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

function(disco_room name)
  cmake_parse_arguments(ROOM "" "" "PUBLIC;PRIVATE;TEST" ${ARGN})
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
  target_link_libraries(disco_${name} PUBLIC disco_options ${public} PRIVATE ${private})
  if(DISCO_TESTS AND tests)
    disco_test(${name}_test SOURCES ${tests} LINK ${name} ${ROOM_TEST})
  endif()
endfunction()

# One GoogleTest program; every case becomes a ctest case.
function(disco_test name)
  cmake_parse_arguments(TEST "" "" "SOURCES;LINK;LABELS" ${ARGN})
  disco_qualify(link ${TEST_LINK})
  add_executable(${name} ${TEST_SOURCES})
  target_link_libraries(${name} PRIVATE ${link} GTest::gtest_main GTest::gmock)
  # Half of all that is compiled is tests, and they run for seconds.
  target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:-O0>)
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 300 LABELS "${TEST_LABELS}")
endfunction()
