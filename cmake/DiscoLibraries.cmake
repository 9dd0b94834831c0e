# Every foreign library, found once; docs/dependencies.md says why each is here.
# What links our libraries needs these too: cmake/disco-config.cmake.in.
set(DISCO_LINKED Threads OpenSSL fmt tl-expected nlohmann_json toml11 dnnl JPEG PNG ZLIB OpenMP Protobuf)
foreach(library ${DISCO_LINKED} spdlog CLI11)
  find_package(${library} REQUIRED)
endforeach()
if(DISCO_TESTS)
  find_package(GTest REQUIRED)
endif()
if(DISCO_BENCH)
  find_package(benchmark REQUIRED)
endif()

# The classes protoc made of ONNX's messages; used by one file folder, disco/graph.
add_library(disco_onnx_proto INTERFACE)
target_compile_definitions(disco_onnx_proto INTERFACE ONNX_NAMESPACE=onnx ONNX_ML=1)
find_library(ONNX_PROTO_LIBRARY onnx_proto REQUIRED)
target_link_libraries(disco_onnx_proto INTERFACE ${ONNX_PROTO_LIBRARY} protobuf::libprotobuf)
