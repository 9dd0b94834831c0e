// SPDX-License-Identifier: Apache-2.0
// Any bytes as a network: an error, or a graph that infers or says why not, and survives writing
// and reading again.
#include "disco/onnx/onnx.h"
#include "disco/op/infer_shapes.h"
#include "disco/op/work.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto graph = disco::ParseOnnx({reinterpret_cast<const std::byte*>(data), size});
  if (!graph || !disco::InferShapes(*graph)) return 0;
  disco::MacsOf(*graph);
  const auto bytes = disco::SerializeOnnx(*graph);
  if (bytes && !disco::ParseOnnx(std::as_bytes(std::span(*bytes)))) __builtin_trap();
  return 0;
}
