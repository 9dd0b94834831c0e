# What `cmake --install` gives to other projects: each module as a static library, its public headers, a CMake package.
# docs/library.md shows its use, tests/install holds it.
#
#   find_package(disco CONFIG REQUIRED)                     disco::node, disco::plan, ...
#   find_package(disco CONFIG REQUIRED COMPONENTS train)    and disco::train, which needs LibTorch
#
# Which headers are public: those in the folder of a module, except those of its tests and those whose first comment
# says "Private to the ..."; a folder inside a module (kernel/onednn) is private to that module. The comments are read
# when CMake configures. tests/rooms_test.cc holds that a private header is included by its module alone, and by no
# public header.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(DISCO_PACKAGE_FOLDER ${CMAKE_INSTALL_LIBDIR}/cmake/disco)

function(disco_public_headers out folder)
  file(GLOB headers CONFIGURE_DEPENDS ${folder}/*.h)
  list(FILTER headers EXCLUDE REGEX "(_for_test|_testing)\\.h$|/test_[a-z_]*\\.h$")
  set(public)
  foreach(header ${headers})
    file(READ ${header} text LIMIT 2000)
    string(REGEX REPLACE "#pragma once.*" "" comment "${text}")
    string(REPLACE "\n//" "" comment "${comment}")
    if(NOT comment MATCHES "[Pp]rivate to the ")
      list(APPEND public ${header})
    endif()
  endforeach()
  set(${out} ${public} PARENT_SCOPE)
endfunction()

# Installs module `name`, of the folder that CMake is in, with its headers; `component` is "core", or what
# find_package(disco COMPONENTS ...) has to ask for.
function(disco_install name component)
  set_target_properties(disco_${name} PROPERTIES EXPORT_NAME ${name})
  cmake_path(GET CMAKE_CURRENT_SOURCE_DIR PARENT_PATH parent)
  set(headers)
  if(parent STREQUAL ${PROJECT_SOURCE_DIR}/disco)
    disco_public_headers(headers ${CMAKE_CURRENT_SOURCE_DIR})
  endif()
  target_sources(disco_${name} PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR} FILES ${headers})
  install(TARGETS disco_${name} EXPORT disco-${component} FILE_SET HEADERS)
endfunction()

# After all modules: the package itself.
function(disco_install_package)
  set_target_properties(disco_onnx_proto PROPERTIES EXPORT_NAME onnx_proto)
  install(TARGETS disco_onnx_proto EXPORT disco-core)
  set(components core)
  if(DISCO_TRAIN)
    list(APPEND components train)
  endif()
  foreach(component ${components})
    install(EXPORT disco-${component} NAMESPACE disco:: DESTINATION ${DISCO_PACKAGE_FOLDER})
  endforeach()
  set(config ${CMAKE_BINARY_DIR}/disco-config.cmake)
  configure_package_config_file(${CMAKE_CURRENT_FUNCTION_LIST_DIR}/disco-config.cmake.in ${config}
    INSTALL_DESTINATION ${DISCO_PACKAGE_FOLDER})
  write_basic_package_version_file(${CMAKE_BINARY_DIR}/disco-config-version.cmake COMPATIBILITY SameMinorVersion)
  install(FILES ${config} ${CMAKE_BINARY_DIR}/disco-config-version.cmake DESTINATION ${DISCO_PACKAGE_FOLDER})
endfunction()
