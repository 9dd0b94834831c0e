// SPDX-License-Identifier: Apache-2.0
// Both kernels agree where an operand of a product is read by another op as well, which may ask
// for another layout of it.
#include <fmt/format.h>

#include "disco/kernel/one_op_for_test.h"
#include "disco/op/infer_shapes.h"

namespace disco {
namespace {

// `shape` as a constant, as an input, and as what an op makes.
enum class Origin { kConstant, kInput, kComputed };

ValueId OperandOf(OneOp& op, Random& random, const Shape& shape, Origin origin) {
  const ValueId given = op.Operand(random, "operand", shape, origin == Origin::kConstant);
  return origin == Origin::kComputed ? op.graph.AddOp(OpType::kRelu, "computed", {given}) : given;
}

// Reads `id` as a feature map: it lies channels last from then on.
void ReadAsFeatures(OneOp& op, ValueId id) {
  ASSERT_TRUE(InferShapes(op.graph));
  PoolParams pool;
  pool.window.kernel.assign(static_cast<size_t>(op.graph.value(id).shape.rank()) - 2, 1);
  const ValueId mapped = op.graph.AddOp(OpType::kMaxPool, "pool", {id}, pool);
  op.graph.outputs.push_back(op.graph.AddOp(OpType::kAdd, "features", {mapped, id}));
}

TEST(SharedOperandsTest, OfMatrixProductsMayLieChannelsLast) {
  Random random(12);
  for (const Origin origin : {Origin::kConstant, Origin::kInput, Origin::kComputed}) {
    for (const auto& [x, w] : {std::pair<Shape, Shape>{{2, 3, 4}, {2, 4, 5}},
                               {{3, 4}, {2, 4, 5}},
                               {{2, 3, 6, 4}, {2, 3, 4, 5}},
                               {{1, 3, 6, 4}, {2, 3, 4, 5}},
                               {{2, 3, 2, 6, 4}, {2, 3, 2, 4, 5}}}) {
      for (const bool operand_first : {false, true}) {
        OneOp op(operand_first ? w : x);
        const ValueId operand = OperandOf(op, random, operand_first ? x : w, origin);
        const std::vector<ValueId> inputs =
            operand_first ? std::vector{operand, op.x} : std::vector{op.x, operand};
        op.Finish(OpType::kMatMul, inputs);
        if ((operand_first ? x : w).rank() > 2) ReadAsFeatures(op, operand);
        ExpectKernelsAgree(op.graph, random,
                           fmt::format("{} x {}, origin {}, operand first: {}", ToString(x),
                                       ToString(w), static_cast<int>(origin), operand_first));
      }
    }
  }
}

TEST(SharedOperandsTest, OfConvolutionsMayLieChannelsLast) {
  Random random(13);
  for (const Origin origin : {Origin::kConstant, Origin::kInput, Origin::kComputed}) {
    for (const int64_t group : {1, 2, 6}) {
      for (const size_t axes : {1, 2, 3}) {
        std::vector<int64_t> x = {1, 6}, w = {12, 6 / group};
        for (size_t axis = 0; axis < axes; ++axis) {
          x.push_back(5);
          w.push_back(static_cast<int64_t>(axis) + 2);
        }
        OneOp op{Shape(x)};
        const ValueId weights = OperandOf(op, random, Shape(w), origin);
        op.Finish(OpType::kConv, {op.x, weights}, ConvParams{{}, group});
        ReadAsFeatures(op, weights);
        ExpectKernelsAgree(
            op.graph, random,
            fmt::format("{} axes, {} groups, origin {}", axes, group, static_cast<int>(origin)));
      }
    }
  }
}

}  // namespace
}  // namespace disco
