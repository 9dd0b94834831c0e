// SPDX-License-Identifier: Apache-2.0
// Both kernels agree on a product followed by an Add, whatever the shape of the addend.
#include <fmt/format.h>

#include "disco/kernel/one_op_for_test.h"
#include "disco/op/infer_shapes.h"

namespace disco {
namespace {

// All shapes that broadcast to `full`: any axes as 1, leading ones left out.
std::vector<Shape> BroadcastsTo(const Shape& full) {
  std::vector<Shape> shapes;
  for (int first = 0; first <= full.rank(); ++first) {
    for (int kept = 0; kept < 1 << (full.rank() - first); ++kept) {
      std::vector<int64_t> dims(full.begin() + first, full.end());
      for (size_t axis = 0; axis < dims.size(); ++axis) {
        if ((kept >> axis & 1) == 0) dims[axis] = 1;
      }
      shapes.emplace_back(dims);
    }
  }
  return shapes;
}

// x -> an op `product` of x -> Add of each addend in turn, first or second, constant or not, with
// or without Relu.
template <class AddProduct>
void ExpectAddendsAgree(const Shape& x, const std::string& what, AddProduct add_product) {
  Random random(11);
  OneOp alone(x);
  const ValueId product = add_product(alone, random);
  ASSERT_TRUE(InferShapes(alone.graph)) << what;
  for (const Shape& addend : BroadcastsTo(alone.graph.value(product).shape)) {
    for (int form = 0; form < 8; ++form) {
      OneOp op(x);
      const ValueId y = add_product(op, random);
      const ValueId b = op.Operand(random, "b", addend, (form & 1) == 0);
      const std::vector<ValueId> inputs = (form & 2) == 0 ? std::vector{y, b} : std::vector{b, y};
      ValueId sum = op.graph.AddOp(OpType::kAdd, "sum", inputs);
      if ((form & 4) != 0) sum = op.graph.AddOp(OpType::kRelu, "relu", {sum});
      op.graph.outputs = {sum};
      ExpectKernelsAgree(op.graph, random,
                         fmt::format("{} + {}, form {}", what, ToString(addend), form));
    }
  }
}

struct ConvCase {
  Shape x, weights;
  int64_t group = 1;
};

TEST(AddendsTest, AfterAConvolutionOfAnyRankKernelAndGrouping) {
  for (const auto& [x, weights, group] :
       {ConvCase{{2, 5, 7}, {6, 5, 1}}, ConvCase{{1, 4, 6}, {3, 4, 3}},
        ConvCase{{1, 3, 5, 4}, {17, 3, 1, 1}}, ConvCase{{2, 9, 6, 5}, {6, 9, 3, 3}},
        ConvCase{{2, 8, 5, 6}, {8, 1, 3, 3}, 8}, ConvCase{{2, 6, 5, 6}, {4, 3, 3, 3}, 2},
        ConvCase{{1, 33, 1, 1}, {33, 1, 1, 1}, 33}, ConvCase{{2, 16, 3, 3}, {32, 1, 2, 2}, 16},
        ConvCase{{1, 32, 4, 4}, {32, 32, 1, 1}}, ConvCase{{1, 2, 3, 4, 5}, {3, 2, 1, 2, 2}}}) {
    const auto add_conv = [&weights = weights, &group = group](OneOp& op, Random& random) {
      const ValueId w = op.Operand(random, "w", weights, true);
      return op.graph.AddOp(OpType::kConv, "conv", {op.x, w}, ConvParams{{}, group});
    };
    ExpectAddendsAgree(x, fmt::format("Conv {} of {}", ToString(weights), ToString(x)), add_conv);
  }
}

TEST(AddendsTest, AfterAMatrixProduct) {
  const auto add_gemm = [](OneOp& op, Random& random) {
    const ValueId w = op.Operand(random, "w", {7, 18}, true);
    return op.graph.AddOp(OpType::kGemm, "gemm", {op.x, w}, GemmParams{});
  };
  ExpectAddendsAgree({3, 7}, "Gemm", add_gemm);
  for (const auto& [x, w] : {std::pair<Shape, Shape>{{3, 7}, {7, 18}},
                             {{2, 3, 7}, {7, 18}},
                             {{2, 3, 4, 7}, {7, 5}},
                             {{4, 7}, {2, 7, 5}},
                             {{7}, {7, 5}},
                             {{3, 7}, {7}}}) {
    const auto add_product = [&w = w](OneOp& op, Random& random) {
      return op.graph.AddOp(OpType::kMatMul, "product", {op.x, op.Operand(random, "w", w, true)});
    };
    ExpectAddendsAgree(x, fmt::format("MatMul {} x {}", ToString(x), ToString(w)), add_product);
  }
}

TEST(AddendsTest, OneValueMayBeAddedMoreThanOnce) {
  Random random(12);
  for (const int64_t group : {1, 3}) {
    for (const std::vector<int>& order :
         std::vector<std::vector<int>>{{0, 0}, {0, 1, 0}, {1, 0, 0}}) {
      OneOp op({1, 6, 4, 4});
      const Shape shape{1, 6, 4, 4};
      const ValueId addends[] = {op.Operand(random, "a", shape, true),
                                 op.Operand(random, "b", shape, false)};
      const ValueId w = op.Operand(random, "w", {6, 6 / group, 1, 1}, true);
      ValueId sum = op.graph.AddOp(OpType::kConv, "conv", {op.x, w}, ConvParams{{}, group});
      for (size_t i = 0; i < order.size(); ++i)
        sum = op.graph.AddOp(OpType::kAdd, fmt::format("sum{}", i),
                             {sum, addends[static_cast<size_t>(order[i])]});
      op.graph.outputs = {op.graph.AddOp(OpType::kRelu, "relu", {sum})};
      ExpectKernelsAgree(op.graph, random,
                         fmt::format("{} groups, {} addends", group, order.size()));
    }
  }
}

}  // namespace
}  // namespace disco
