// SPDX-License-Identifier: Apache-2.0
// A NaN or an overflow inside a network is in the answer, or the program tells of it.
#include <fmt/format.h>

#include <limits>

#include "disco/kernel/one_op_for_test.h"
#include "disco/op/infer_shapes.h"
#include "disco/op/op_name.h"

namespace disco {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr OpType kClipping[] = {OpType::kRelu, OpType::kClip, OpType::kMaxPool};

// Appends an op of `type` that reads `from`.
ValueId AddClipping(Graph& graph, OpType type, ValueId from) {
  if (type == OpType::kMaxPool) {
    PoolParams params;
    params.window.kernel = {2, 2};
    return graph.AddOp(type, "clipping", {from}, params);
  }
  if (type == OpType::kRelu) return graph.AddOp(type, "clipping", {from});
  const ValueId least = graph.AddConstant("least", Tensor::Scalar(-1));
  const ValueId most = graph.AddConstant("most", Tensor::Scalar(1));
  return graph.AddOp(type, "clipping", {from, least, most});
}

// x [1, 16, 6, 6] with `value` in the middle of it.
Tensor FeaturesWith(Random& random, float value) {
  Tensor x = RandomTensor(random, {1, 16, 6, 6});
  x.MutableData<float>()[16 * 18 + 21] = value;
  return x;
}

bool HoldsNanOrInfinity(const std::vector<Tensor>& tensors) {
  return !std::ranges::all_of(tensors, IsFinite);
}

// Runs `graph` with `x` and expects the same numbers as the reference kernels give, or word of an
// overflow in op `named`.
void ExpectTold(const Graph& graph, const Tensor& x, std::string_view named, const char* what) {
  const auto reference = RunTwice(graph, KernelKind::kReference, {x});
  ASSERT_TRUE(reference) << reference.error().message;
  ASSERT_TRUE(HoldsNanOrInfinity(reference->outputs) || reference->overflow) << what;
  const auto onednn = RunTwice(graph, KernelKind::kOneDnn, {x});
  ASSERT_TRUE(onednn) << onednn.error().message;
  if (onednn->overflow) {
    EXPECT_EQ(*onednn->overflow, named) << what;
    return;
  }
  ExpectClose(reference->outputs[0], onednn->outputs[0], what);
  EXPECT_TRUE(HoldsNanOrInfinity(onednn->outputs)) << what;
}

TEST(OverflowTest, ANanThatMayHaveBeenClippedIsToldOf) {
  Random random(1);
  for (const OpType type : kClipping) {
    OneOp alone({1, 16, 6, 6});
    alone.graph.outputs = {AddClipping(alone.graph, type, alone.x)};
    ExpectTold(alone.graph, FeaturesWith(random, kNan), "clipping", "alone");

    for (const int64_t kernel : {1, 3}) {
      OneOp fused({1, 16, 6, 6});
      const ValueId w = fused.Operand(random, "w", {16, 16, kernel, kernel}, true);
      const ValueId conv = fused.graph.AddOp(OpType::kConv, "conv", {fused.x, w}, ConvParams{});
      fused.graph.outputs = {AddClipping(fused.graph, type, conv)};
      const char* const named = type == OpType::kMaxPool ? "clipping" : "conv";
      ExpectTold(fused.graph, FeaturesWith(random, kNan), named, "after a Conv");
    }
  }
}

TEST(OverflowTest, ANanAfterAMatrixProductIsToldOf) {
  Random random(2);
  OneOp op({3, 20});
  const ValueId w = op.Operand(random, "w", {20, 17}, true);
  const ValueId product = op.graph.AddOp(OpType::kGemm, "product", {op.x, w}, GemmParams{});
  op.graph.outputs = {op.graph.AddOp(OpType::kRelu, "relu", {product})};
  Tensor x = RandomTensor(random, {3, 20});
  x.MutableData<float>()[25] = kNan;
  ExpectTold(op.graph, x, "product", "Gemm and Relu");
}

// Finite inputs, a sum beyond the largest float, and then a clip to a small number.
TEST(OverflowTest, AnInfinityThatIsClippedIsToldOf) {
  Random random(3);
  OneOp op({1, 16, 6, 6});
  Tensor weights = RandomTensor(random, {16, 16, 3, 3});
  for (float& weight : weights.MutableData<float>()) weight *= 1e30f;
  const ValueId w = op.graph.AddConstant("w", weights);
  const ValueId conv = op.graph.AddOp(OpType::kConv, "conv", {op.x, w}, ConvParams{});
  op.graph.outputs = {AddClipping(op.graph, OpType::kClip, conv)};
  Tensor x = RandomTensor(random, {1, 16, 6, 6});
  for (float& element : x.MutableData<float>()) element *= 1e10f;
  ExpectTold(op.graph, x, "conv", "Conv and Clip");
}

TEST(OverflowTest, InfiniteInputsThatGiveNumbersAreNoOverflow) {
  Random random(4);
  for (const KernelKind kernel : kKernels) {
    OneOp op({1, 16, 6, 6});
    op.graph.outputs = {AddClipping(op.graph, OpType::kClip, op.x)};
    const auto ran = RunTwice(op.graph, kernel, {FeaturesWith(random, -kInfinity)});
    ASSERT_TRUE(ran);
    EXPECT_EQ(ran->overflow, std::nullopt);
  }
}

// Takes whatever is sent.
class Sink : public Exchange {
 public:
  Status Send(const SendParams&, std::span<const std::byte>) override { return {}; }
  Status Receive(const ReceiveParams::Source&, std::span<std::byte>) override { return {}; }
};

TEST(OverflowTest, WhatArrivesAsAnotherNumberOverAWireIsToldOf) {
  Random random(6);
  const Wire half{WireType::kF16, {}}, int8{WireType::kInt8, {{-1, 0.01f}, {-1, 0.01f}}};
  for (const KernelKind kernel : kKernels) {
    for (const auto& [wire, value, told] : {std::tuple(half, 65504.0f, false),
                                            {half, -65505.0f, true},
                                            {half, kInfinity, true},
                                            {half, kNan, true},
                                            {int8, 100.0f, false},
                                            {int8, kInfinity, true},
                                            {int8, kNan, true},
                                            {Wire{}, kInfinity, false}}) {
      OneOp op({1, 16, 6, 6});
      op.graph.AddOp(OpType::kSend, "send", {op.x}, SendParams{1, 1, 1, {4, 9}, {}, wire});
      op.graph.outputs = {op.graph.AddOp(OpType::kIdentity, "y", {op.x})};
      Tensor x = RandomTensor(random, {1, 16, 6, 6});
      x.MutableData<float>()[9 * 36 + 7] = value;
      Sink sink;
      const auto ran = RunTwice(op.graph, kernel, {x}, &sink);
      ASSERT_TRUE(ran) << ran.error().message;
      EXPECT_EQ(ran->overflow, told ? std::optional<std::string>("send") : std::nullopt)
          << Name(wire.type) << " " << value;
    }
  }
}

TEST(OverflowTest, EachRunTellsOfItself) {
  Random random(5);
  OneOp op({1, 16, 6, 6});
  op.graph.outputs = {AddClipping(op.graph, OpType::kRelu, op.x)};
  ASSERT_TRUE(InferShapes(op.graph));
  for (const KernelKind kernel : kKernels) {
    for (const int threads : {1, 2}) {
      const auto program = MakeProgram(op.graph, {kernel, threads});
      ASSERT_TRUE(program);
      std::vector<Tensor> outputs = MakeOutputs(op.graph);
      for (const float value : {0.5f, kNan, 0.5f}) {
        const std::vector<Tensor> inputs = {FeaturesWith(random, value)};
        ASSERT_TRUE((*program)->Run(inputs, outputs, nullptr));
        const bool told = (*program)->overflow() || !IsFinite(outputs[0]);
        EXPECT_EQ(told, std::isnan(value));
      }
    }
  }
}

}  // namespace
}  // namespace disco
