// SPDX-License-Identifier: Apache-2.0
// No op is forgotten: each backend has something for every op, or it stands here why not. The table
// of LibTorch: disco/train/torch_op_test.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string_view>

#include "disco/kernel/onednn/onednn.h"
#include "disco/kernel/reference/reference.h"
#include "disco/op/infer_shapes.h"
#include "disco/op/op_def.h"

namespace disco {
namespace {

TEST(OpTables, EveryOpHasAReferenceKernelOrIsRunByTheProgramAsAnExchange) {
  for (const OpDef& def : AllOps())
    EXPECT_NE(reference::HasKernel(def.type), def.Is(kExchange)) << def.name;
}

TEST(OpTables, EveryOpHasAnEmitterOrAReasonToRunInTheReferenceKernels) {
  const std::map<OpType, std::string_view> in_reference_kernels = {
      {OpType::kConstantOfShape,
       "folded at load where its shape is constant, as it nearly always is"},
  };
  for (const OpDef& def : AllOps())
    EXPECT_NE(onednn::HasEmitter(def.type), in_reference_kernels.contains(def.type)) << def.name;
}

TEST(OpTables, AnOpWithoutEmitterRunsInTheReferenceKernelsAndIsNamed) {
  Graph graph;
  graph.inputs = {graph.AddValue("x", DType::kF32, {3})};
  const ValueId shape = graph.AddConstant("shape", Tensor::Indices({3}));
  const ValueId fill =
      graph.AddOp(OpType::kConstantOfShape, "fill", {shape}, FillParams{.value = 2.5});
  graph.outputs = {graph.AddOp(OpType::kMul, "y", {graph.inputs[0], fill})};
  ASSERT_TRUE(InferShapes(graph));
  const auto program = MakeOneDnnProgram(graph, {KernelKind::kOneDnn, 1});  // which folds nothing
  ASSERT_TRUE(program) << program.error().message;
  EXPECT_THAT((*program)->report().warnings,
              testing::Contains("op 'fill' (ConstantOfShape): runs in the reference kernels: no "
                                "primitive computes it"));
  std::vector<Tensor> outputs = {Tensor(DType::kF32, {3})};
  ASSERT_TRUE((*program)->Run({{Tensor::From<float>({3}, {1, 2, -4})}}, outputs, nullptr));
  EXPECT_THAT(outputs[0].Data<float>(), testing::ElementsAre(2.5f, 5, -10));
}

}  // namespace
}  // namespace disco
