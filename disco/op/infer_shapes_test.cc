// SPDX-License-Identifier: Apache-2.0
#include "disco/op/infer_shapes.h"
#include "disco/op/op_name.h"
#include "disco/op/window.h"

#include <gtest/gtest.h>

#include <limits>

namespace disco {
namespace {

constexpr int64_t kHuge = int64_t{1} << 62;

// One op "op" over inputs of the given shapes and constants of whole numbers after them.
struct OneOp {
  OpType type;
  OpParams params;
  std::vector<Shape> inputs;
  std::vector<std::vector<int64_t>> constants = {};
};

Result<Shape> Infer(const OneOp& one) {
  Graph graph;
  std::vector<ValueId> ids;
  for (const Shape& shape : one.inputs) {
    ids.push_back(graph.AddValue(fmt::format("x{}", ids.size()), DType::kF32, shape));
    graph.inputs.push_back(ids.back());
  }
  for (const auto& constant : one.constants)
    ids.push_back(graph.AddConstant(fmt::format("c{}", ids.size()), Tensor::Indices(constant)));
  graph.outputs = {graph.AddOp(one.type, "op", ids, one.params)};
  DISCO_TRY(InferShapes(graph));
  return graph.value(graph.outputs[0]).shape;
}

void ExpectShape(const OneOp& one, const Shape& expected) {
  const auto shape = Infer(one);
  ASSERT_TRUE(shape) << shape.error().message;
  EXPECT_EQ(*shape, expected) << Name(one.type) << " gives " << ToString(*shape);
}

void ExpectRefused(const OneOp& one) {
  const auto shape = Infer(one);
  ASSERT_FALSE(shape) << Name(one.type) << " gives " << ToString(*shape);
  EXPECT_NE(shape.error().message.find(fmt::format("op 'op' ({})", Name(one.type))),
            std::string::npos)
      << shape.error().message;
}

OneOp Pool(int64_t extent, Window window, bool ceil_mode = false) {
  return {OpType::kMaxPool, PoolParams{.window = window, .ceil_mode = ceil_mode}, {{1, 2, extent}}};
}

struct WindowCase {
  int64_t extent;
  Window window;
  bool ceil_mode;
  int64_t output, begin, end;  // and the padding that is resolved
};

constexpr AutoPad kUpper = AutoPad::kSameUpper, kLower = AutoPad::kSameLower;

// Worked out by hand from ONNX's formulas.
const WindowCase kWindows[] = {
    {7, {.kernel = {3}}, false, 5, 0, 0},
    {7, {.kernel = {3}, .strides = {2}}, false, 3, 0, 0},
    {8, {.kernel = {3}, .strides = {2}}, false, 3, 0, 0},
    {8, {.kernel = {3}, .strides = {2}}, true, 4, 0, 0},
    {7, {.kernel = {3}, .dilations = {3}}, false, 1, 0, 0},
    {5, {.kernel = {2}, .pads_begin = {3}, .pads_end = {1}}, false, 8, 3, 1},
    {5, {.kernel = {3}, .strides = {3}, .auto_pad = AutoPad::kValid}, false, 1, 0, 0},
    {5, {.kernel = {4}, .auto_pad = kUpper}, false, 5, 1, 2},
    {5, {.kernel = {4}, .auto_pad = kLower}, false, 5, 2, 1},
    {8, {.kernel = {3}, .strides = {2}, .auto_pad = kUpper}, false, 4, 0, 1},
    {8, {.kernel = {3}, .strides = {2}, .auto_pad = kLower}, false, 4, 1, 0},
    {7, {.kernel = {3}, .dilations = {2}, .auto_pad = kUpper}, false, 7, 2, 2},
    {7, {.kernel = {1}, .strides = {3}, .auto_pad = kUpper}, false, 3, 0, 0},
    // The third window would start at 4, inside the padding at the end, and is dropped.
    {3, {.kernel = {1}, .strides = {2}, .pads_begin = {0}, .pads_end = {1}}, true, 2, 0, 1},
    {4, {.kernel = {2}, .strides = {3}, .pads_begin = {0}, .pads_end = {1}}, true, 2, 0, 1},
};

TEST(InferShapes, WindowsFollowOnnx) {
  for (const WindowCase& c : kWindows) {
    ExpectShape(Pool(c.extent, c.window, c.ceil_mode), {1, 2, c.output});
    const auto resolved = ResolveWindow(c.window, c.window.kernel, {1, 2, c.extent}, c.ceil_mode);
    ASSERT_TRUE(resolved);
    EXPECT_EQ(resolved->pads_begin, (std::vector<int64_t>{c.begin}));
    EXPECT_EQ(resolved->pads_end, (std::vector<int64_t>{c.end}));
  }
}

TEST(InferShapes, EachSpatialAxisHasItsOwnWindow) {
  const Window window{
      .strides = {1, 2}, .dilations = {2, 1}, .pads_begin = {1, 0}, .pads_end = {0, 3}};
  ExpectShape({OpType::kConv, ConvParams{window}, {{2, 3, 9, 10}, {8, 3, 3, 4}, {8}}},
              {2, 8, 6, 5});
  ExpectShape({OpType::kConv, ConvParams{{}, 3}, {{2, 3, 4, 5, 6}, {9, 1, 1, 2, 3}}},
              {2, 9, 4, 4, 4});
}

TEST(InferShapes, WindowsThatMakeNoSenseAreRefused) {
  const Window bad[] = {
      {.kernel = {8}},
      {.kernel = {0}},
      {.kernel = {-1}},
      {.kernel = {}},
      {.kernel = {2, 2}},
      {.kernel = {2}, .strides = {0}},
      {.kernel = {2}, .strides = {kHuge}},
      {.kernel = {2}, .strides = {1, 1}},
      {.kernel = {2}, .dilations = {kHuge}},
      {.kernel = {int64_t{1} << 35}, .dilations = {int64_t{1} << 35}},
      {.kernel = {int64_t{1} << 35}, .dilations = {int64_t{1} << 35}, .auto_pad = kUpper},
      {.kernel = {kHuge}},
      {.kernel = {2}, .pads_begin = {-1}, .pads_end = {0}},
      {.kernel = {2}, .pads_begin = {kHuge}, .pads_end = {kHuge}},
      {.kernel = {2}, .pads_begin = {1, 1}, .pads_end = {1, 1}}};
  for (const Window& window : bad) ExpectRefused(Pool(7, window));
}

TEST(InferShapes, ReshapeCopiesAndFillsIn) {
  const Shape x{2, 3, 4};
  const auto reshape = [&](std::vector<int64_t> target, bool allow_zero = false) {
    return OneOp{OpType::kReshape, ReshapeParams{allow_zero}, {x}, {std::move(target)}};
  };
  ExpectShape(reshape({6, 4}), {6, 4});
  ExpectShape(reshape({0, -1}), {2, 12});
  ExpectShape(reshape({-1}), {24});
  ExpectShape(reshape({0, 0, 2, -1}), {2, 3, 2, 2});
  for (const auto& target :
       std::vector<std::vector<int64_t>>{{5, -1},
                                         {-1, -1},
                                         {-2, 12},
                                         {1, 1, 1, 0},
                                         {24, 2},
                                         {},
                                         {kHuge},
                                         {kHuge, kHuge, 0},
                                         {int64_t{1} << 36, int64_t{1} << 36},
                                         {int64_t{1} << 32, int64_t{1} << 32, 24}})
    ExpectRefused(reshape(target));
  ExpectRefused(reshape({0, -1}, true));
  ExpectShape({OpType::kReshape, ReshapeParams{true}, {{0, 3}}, {{3, 0}}}, {3, 0});
}

TEST(InferShapes, MovingOpsFollowOnnx) {
  const Shape x{2, 3, 1, 4};
  ExpectShape({OpType::kFlatten, AxisParams{1}, {x}}, {2, 12});
  ExpectShape({OpType::kFlatten, AxisParams{-1}, {x}}, {6, 4});
  ExpectShape({OpType::kFlatten, AxisParams{4}, {x}}, {24, 1});
  ExpectShape({OpType::kTranspose, TransposeParams{}, {x}}, {4, 1, 3, 2});
  ExpectShape({OpType::kTranspose, TransposeParams{{0, 2, 3, 1}}, {x}}, {2, 1, 4, 3});
  ExpectShape({OpType::kSqueeze, {}, {x}}, {2, 3, 4});
  ExpectShape({OpType::kSqueeze, {}, {x}, {{-2}}}, {2, 3, 4});
  ExpectShape({OpType::kUnsqueeze, {}, {{5}}, {{2, 0}}}, {1, 5, 1});
  ExpectShape({OpType::kPad, PadParams{}, {{2, 5}}, {{0, 1, 0, -2}}}, {2, 4});
  ExpectShape({OpType::kConcat, AxisParams{-1}, {{2, 5}, {2, 1}, {2, 0}}}, {2, 6});
  ExpectShape({OpType::kGather, AxisParams{1}, {x}, {{2, 0, 0, 2}}}, {2, 4, 1, 4});
  ExpectShape({OpType::kReduceMean, ReduceParams{}, {x}, {{1, -1}}}, {2, 1, 1, 1});
  ExpectShape({OpType::kReduceMean, ReduceParams{.keep_dims = false}, {x}}, {});
  ExpectShape({OpType::kReduceMean, ReduceParams{.nothing_without_axes = true}, {x}}, x);
}

TEST(InferShapes, SlicesStartOnTheAxisAndMayEndBeforeIt) {
  constexpr int64_t kLeast = std::numeric_limits<int64_t>::min(),
                    kLargest = std::numeric_limits<int64_t>::max();
  const auto slice = [](int64_t start, int64_t end, int64_t step) {
    return OneOp{OpType::kSlice, {}, {{5}}, {{start}, {end}, {0}, {step}}};
  };
  ExpectShape(slice(-10, kLeast, -1), {1});
  ExpectShape(slice(kLargest, kLeast, -1), {5});
  ExpectShape(slice(kLargest, kLeast, kLeast), {1});
  ExpectShape(slice(kLeast, kLargest, 1), {5});
  ExpectShape(slice(-3, -1, 2), {1});
  ExpectShape(slice(3, 1, 1), {0});
  ExpectShape({OpType::kSlice, {}, {{0}}, {{0}, {kLeast}, {0}, {-1}}}, {0});
  ExpectRefused(slice(0, 5, 0));
}

TEST(InferShapes, BroadcastingOpsFollowNumPy) {
  ExpectShape({OpType::kAdd, {}, {{8, 1, 6, 1}, {7, 1, 5}}}, {8, 7, 6, 5});
  ExpectShape({OpType::kMul, {}, {{}, {3}}}, {3});
  ExpectShape({OpType::kMatMul, {}, {{5, 1, 2, 3}, {4, 3, 7}}}, {5, 4, 2, 7});
  ExpectShape({OpType::kMatMul, {}, {{3}, {3}}}, {});
  ExpectShape({OpType::kMatMul, {}, {{2, 3}, {3}}}, {2});
  ExpectShape(
      {OpType::kGemm, GemmParams{.transpose_a = true, .transpose_b = true}, {{3, 2}, {5, 3}, {5}}},
      {2, 5});
}

// Each names its op, whatever is wrong.
const OneOp kRefused[] = {
    {OpType::kConv, ConvParams{}, {{1, 3, 8}, {4, 2, 3}}},
    {OpType::kConv, ConvParams{{}, 0}, {{1, 3, 8}, {4, 3, 3}}},
    {OpType::kConv, ConvParams{{}, -1}, {{1, 3, 8}, {4, 3, 3}}},
    {OpType::kConv, ConvParams{{}, kHuge}, {{1, 3, 8}, {4, 3, 3}}},
    {OpType::kConv, ConvParams{{}, 1LL << 36}, {{1, 0, 8}, {4, 1LL << 28, 3}}},
    {OpType::kConv, ConvParams{{}, 2}, {{1, 4, 8}, {3, 2, 3}}},
    {OpType::kConv, ConvParams{}, {{1, 3, 8}, {4, 3, 3}, {3}}},
    {OpType::kConv, ConvParams{{.kernel = {5}}}, {{1, 3, 8}, {4, 3, 3}}},
    {OpType::kConv, ConvParams{}, {{1, 3}, {4, 3}}},
    {OpType::kConv, ConvParams{}, {{}, {}}},
    {OpType::kMaxPool, PoolParams{.window = {.kernel = {1}}}, {{1, 3}}},
    {OpType::kGlobalAveragePool, {}, {{1, 3}}},
    {OpType::kBatchNormalization, BatchNormParams{}, {{1, 3}, {3}, {3}, {3}, {2}}},
    {OpType::kBatchNormalization, BatchNormParams{}, {{1, 3}, {3}, {3}, {3}}},
    {OpType::kGemm, GemmParams{}, {{2, 3}, {4, 5}}},
    {OpType::kGemm, GemmParams{}, {{2, 3}, {3, 5}, {2, 2, 5}}},
    {OpType::kMatMul, {}, {{2, 3}, {4, 5}}},
    {OpType::kMatMul, {}, {{}, {3}}},
    {OpType::kAdd, {}, {{2}, {3}}},
    {OpType::kAdd, {}, {{2}}},
    {OpType::kAdd, {}, {{1LL << 30, 1}, {1, 1LL << 30}}},
    {OpType::kRelu, {}, {{2}, {2}}},
    {OpType::kConcat, AxisParams{1}, {{2, 3}, {3, 3}}},
    {OpType::kConcat, AxisParams{kHuge}, {{2, 3}}},
    {OpType::kConcat, AxisParams{0}, {{}}},
    {OpType::kConcat, AxisParams{0}, {{1LL << 36}, {1}}},
    {OpType::kFlatten, AxisParams{-kHuge}, {{2, 3}}},
    {OpType::kTranspose, TransposeParams{{0, 0}}, {{2, 3}}},
    {OpType::kTranspose, TransposeParams{{0, kHuge}}, {{2, 3}}},
    {OpType::kTranspose, TransposeParams{{0}}, {{2, 3}}},
    {OpType::kSqueeze, {}, {{2, 3}}, {{0}}},
    {OpType::kSqueeze, {}, {{1, 1}}, {{0, -2}}},
    {OpType::kUnsqueeze, {}, {{2}}, {{-kHuge}}},
    {OpType::kPad, PadParams{}, {{2, 5}}, {{1, 1}}},
    {OpType::kPad, PadParams{}, {{5}}, {{-6, 6}}},
    {OpType::kPad, PadParams{}, {{5}}, {{kHuge, 0}}},
    {OpType::kPad, PadParams{}, {{5, 5}}, {{1LL << 30, 1LL << 30, 1, 1}}},
    {OpType::kPad, PadParams{PadMode::kReflect}, {{5}}, {{5, 0}}},
    {OpType::kGather, AxisParams{0}, {{2, 3}}, {{2}}},
    {OpType::kGather, AxisParams{0}, {{}}, {{0}}},
    {OpType::kConstantOfShape, FillParams{}, {}, {{kHuge, kHuge}}},
    {OpType::kConstantOfShape, FillParams{}, {}, {{-1}}},
    {OpType::kSoftmax, SoftmaxParams{kHuge}, {{2, 3}}},
    {OpType::kLrn, LrnParams{.size = 0}, {{2, 3}}},
    {OpType::kLrn, LrnParams{.size = kHuge}, {{2, 3}}},
    {OpType::kReceive, ReceiveParams{.sources = {{0, 0, 2}}, .axis = 1, .shape = {1, 3}}, {}},
    {OpType::kReceive, ReceiveParams{.sources = {{0, 0, 2}}, .axis = 2, .shape = {1, 2}}, {}},
    {OpType::kReceive, ReceiveParams{.sources = {{0, 0, 2}}, .axis = 1, .shape = {1, 6}}, {{1, 3}}},
    {OpType::kReceive, ReceiveParams{.sources = {{0, 0, 2}}, .axis = 1, .shape = {2, 5}}, {{1, 3}}},
    {OpType::kReceive,
     ReceiveParams{.sources = {{0, 0, 2}}, .axis = 1, .shape = {1, 5}},
     {{1, 3, 1}}},
    // Nearly 2^66 multiplications, which 64 bits cannot count.
    {OpType::kConv, ConvParams{}, {{1, 1, 1LL << 36}, {1, 1, 1LL << 30}}},
};

class Refused : public testing::TestWithParam<size_t> {};
TEST_P(Refused, WithTheOpsName) { ExpectRefused(kRefused[GetParam()]); }
INSTANTIATE_TEST_SUITE_P(InferShapes, Refused, testing::Range<size_t>(0, std::size(kRefused)));

TEST(InferShapes, ElementTypesFollowAndHaveToAgree) {
  Graph graph;
  const ValueId x = graph.AddValue("x", DType::kF64, {2, 3, 4});
  graph.inputs = {x};
  graph.AddOp(OpType::kMaxPool, "pool", {x}, PoolParams{.window = {.kernel = {2}}});
  const ValueId indices = graph.AddValue("indices");
  graph.ops[0].outputs.push_back(indices);
  ASSERT_TRUE(InferShapes(graph));
  EXPECT_EQ(graph.value(graph.ops[0].outputs[0]).dtype, DType::kF64);
  EXPECT_EQ(graph.value(indices).dtype, DType::kI64);
  graph.AddOp(OpType::kAdd, "mixed", {x, indices});
  const Status mixed = InferShapes(graph);
  ASSERT_FALSE(mixed);
  EXPECT_NE(mixed.error().message.find("op 'mixed'"), std::string::npos);
}

TEST(InferShapes, HugeInputsAreRefusedByName) {
  const auto shape = Infer({OpType::kFlatten, AxisParams{1}, {{kHuge, 4}}});
  ASSERT_FALSE(shape);
  EXPECT_NE(shape.error().message.find("'x0'"), std::string::npos) << shape.error().message;
}

}  // namespace
}  // namespace disco
