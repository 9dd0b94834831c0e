// SPDX-License-Identifier: Apache-2.0
// No op is forgotten: each backend has something for every op, or it stands here why not. The table
// of LibTorch: disco/train/torch_op_test.cc.
#include <gtest/gtest.h>

#include <map>
#include <string_view>

#include "disco/kernel/onednn/onednn.h"
#include "disco/kernel/reference/reference.h"
#include "tests/op_types.h"

namespace disco {
namespace {

TEST(OpTables, EveryOpHasAReferenceKernelOrIsRunByTheProgramAsAnExchange) {
  for (const OpType type : AllOpTypes())
    EXPECT_NE(reference::HasKernel(type), IsExchange(type)) << Name(type);
}

TEST(OpTables, EveryOpHasAnEmitterOrAReasonToRunInTheReferenceKernels) {
  const std::map<OpType, std::string_view> in_reference_kernels = {
      {OpType::kConstantOfShape,
       "folded at load where its shape is constant, as it nearly always is"},
  };
  for (const OpType type : AllOpTypes())
    EXPECT_NE(onednn::HasEmitter(type), in_reference_kernels.contains(type)) << Name(type);
}

}  // namespace
}  // namespace disco
