// SPDX-License-Identifier: Apache-2.0
// Any bytes as a shard that a node loads with little memory: an error, or a program. An error gives
// back all memory that reading took.
#include "disco/base/memory_account.h"
#include "disco/kernel/program.h"
#include "disco/onnx/onnx.h"
#include "disco/op/infer_shapes.h"

namespace {

class Limited : public disco::MemoryAccount {
 public:
  disco::Status Take(disco::Bytes size, std::string_view what) override {
    constexpr disco::Bytes kLimit{64 << 20};
    if (size > kLimit - taken) return disco::Fail(disco::ErrorKind::kPeer, "{} is too much", what);
    taken += size;
    return {};
  }
  void Return(disco::Bytes size) override {
    taken = taken - size;
    if (taken.value < 0) __builtin_trap();
  }
  disco::Bytes taken;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Limited memory;
  auto graph = disco::ParseOnnx({reinterpret_cast<const std::byte*>(data), size}, &memory);
  if (!graph && memory.taken.value != 0) __builtin_trap();
  if (!graph || !disco::InferShapes(*graph)) return 0;
  for (const auto kernel : {disco::KernelKind::kOneDnn, disco::KernelKind::kReference}) {
    disco::MemoryScope program(&memory);
    static_cast<void>(disco::MakeProgram(*graph, {.kernel = kernel, .memory = &program}));
  }
  return 0;
}
