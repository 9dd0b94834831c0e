// SPDX-License-Identifier: Apache-2.0
#include "disco/train/torch_wire.h"

#include <gtest/gtest.h>

#include "disco/train/network_for_test.h"
#include "disco/train/torch_tensor.h"

namespace disco {
namespace {

constexpr int64_t kFeatures = 6;

// Features in turn of node 0 and node 1; the scale of feature c covers -0.1 c to 0.1 (c + 1).
ValuePlan PlanFor(int axis, WireType type) {
  ValuePlan part{.axis = axis, .read_foreign = true, .wire = {.type = type}};
  for (int feature = 0; feature < kFeatures; ++feature) {
    part.owner.push_back(feature % 2);
    if (type != WireType::kInt8) continue;
    const auto c = static_cast<float>(feature);
    part.wire.scales.push_back({-0.1f * c, 0.1f * (2 * c + 1) / 255});
  }
  return part;
}

// What the quantiser of kernels makes of an element of feature `feature`.
float Expected(const ValuePlan& part, size_t feature, float x) {
  if (part.wire.type == WireType::kF16) return DecodeHalf(EncodeHalf(x));
  const Int8Code code(part.wire.scales[feature]);
  return code.Decode(code.Encode(x));
}

at::Tensor Call(const TorchOp& op, const std::vector<at::Tensor>& inputs) {
  return op(inputs, ForwardMode::Inference());
}

at::Tensor Leaf(const Tensor& tensor) { return ToTorch(tensor).set_requires_grad(true); }

struct Form {
  Shape shape;
  int axis;
  bool channels_last = false;
};
std::vector<Form> Forms() {
  return {{{2, kFeatures, 3, 5}, 1, true},
          {{2, kFeatures, 3, 5}, 1},
          {{3, kFeatures}, 1},
          {{2, 4, kFeatures}, 2}};
}

TEST(TorchWireTest, FeaturesArriveWithTheBitsThatNodesSee) {
  const std::vector<int64_t> features = {1, 2, 5};
  for (const WireType type : {WireType::kF16, WireType::kInt8}) {
    for (const Form& form : Forms()) {
      const ValuePlan part = PlanFor(form.axis, type);
      const at::Tensor value = ToTorch(RandomTensor(form.shape, 3));
      const at::Tensor arrived =
          Call(MakeArrive(part, features),
               {form.channels_last ? value.contiguous(at::MemoryFormat::ChannelsLast) : value});
      for (size_t k = 0; k < features.size(); ++k) {
        const Tensor sent = FromTorch(value.select(form.axis, features[k]));
        const Tensor found = FromTorch(arrived.select(form.axis, static_cast<int64_t>(k)));
        for (size_t i = 0; i < sent.Data<float>().size(); ++i) {
          const float expected =
              Expected(part, static_cast<size_t>(features[k]), sent.Data<float>()[i]);
          EXPECT_EQ(std::bit_cast<uint32_t>(found.Data<float>()[i]),
                    std::bit_cast<uint32_t>(expected));
        }
      }
    }
  }
}

TEST(TorchWireTest, GradientsGoStraightThroughUnlessClipped) {
  const ValuePlan part = PlanFor(1, WireType::kInt8);
  const at::Tensor value = Leaf(RandomTensor({2, kFeatures, 3, 5}, 4));
  const at::Tensor weight = ToTorch(RandomTensor({2, 2, 3, 5}, 5));
  (Call(MakeArrive(part, {1, 4}), {value}) * weight).sum().backward();
  const at::Tensor gradient = value.grad();
  int64_t clipped = 0;
  for (const int64_t k : {0, 1}) {
    const auto feature = static_cast<size_t>(k == 0 ? 1 : 4);
    const FeatureScale& scale = part.wire.scales[feature];
    const at::Tensor x = value.detach().select(1, static_cast<int64_t>(feature));
    const at::Tensor inside = x.ge(scale.low).logical_and(x.le(scale.low + 255 * scale.step));
    EXPECT_TRUE(
        at::equal(gradient.select(1, static_cast<int64_t>(feature)), weight.select(1, k) * inside));
    clipped += inside.logical_not().sum().item<int64_t>();
  }
  EXPECT_GT(clipped, 10);
  EXPECT_LT(clipped, 50);
  for (const int64_t feature : {0, 2, 3, 5})
    EXPECT_EQ(gradient.select(1, feature).abs().sum().item<float>(), 0) << "it does not travel";
}

TEST(TorchWireTest, GradientsOfHalvesEndWhereTheyAreClipped) {
  const ValuePlan part = PlanFor(1, WireType::kF16);
  const at::Tensor value = Leaf(Tensor::From<float>({1, 6}, {1, -2e5f, 3, 7e4f, 65504, 0}));
  Call(MakeArrive(part, {0, 1, 2, 3, 4, 5}), {value}).sum().backward();
  const at::Tensor expected = ToTorch(Tensor::From<float>({1, 6}, {1, 0, 1, 0, 1, 1}));
  EXPECT_TRUE(at::equal(value.grad(), expected)) << value.grad();
}

TEST(TorchWireTest, OnlyForeignFeaturesAreReplaced) {
  const ValuePlan part = PlanFor(1, WireType::kInt8);
  const std::vector<int64_t> features = {0, 1, 3, 4}, foreign = {1, 3};  // of node 0
  const at::Tensor value = ToTorch(RandomTensor({2, kFeatures, 2, 2}, 6));
  const at::Tensor arrived = Call(MakeArrive(part, features), {value});
  const at::Tensor seen = Call(MakeReplace(1, features, foreign), {value, arrived});
  for (const int64_t feature : {0, 2, 4, 5})
    EXPECT_TRUE(at::equal(seen.select(1, feature), value.select(1, feature))) << feature;
  EXPECT_TRUE(at::equal(seen.select(1, 1), arrived.select(1, 1)));
  EXPECT_TRUE(at::equal(seen.select(1, 3), arrived.select(1, 2)));
  EXPECT_FALSE(at::equal(seen, value));
}

// A matrix whose outputs belong to nodes 0, 0, 1 and 1, where features 1 and 4 cross.
struct Matrix {
  at::Tensor weights = Leaf(RandomTensor({kFeatures, 4}, 7));
  at::Tensor foreign = at::zeros({kFeatures, 4});
  std::vector<int64_t> features = {1, 4};

  Matrix() {
    foreign[1].slice(0, 0, 2).fill_(1);
    foreign[4].slice(0, 2, 4).fill_(1);
  }
  at::Tensor Over(const at::Tensor& value, const at::Tensor& arrived) const {
    const TorchOp product = [](std::span<const at::Tensor> inputs, const ForwardMode&) {
      return at::matmul(inputs[0], inputs[1]);
    };
    return Call(MakeOverForeign(product, {foreign, 0, features}), {value, weights, arrived});
  }
};

TEST(TorchWireTest, AMixingOpTakesForeignFeaturesAsTheyArrive) {
  const Matrix matrix;
  const ValuePlan part = PlanFor(1, WireType::kInt8);
  const at::Tensor value = Leaf(RandomTensor({5, kFeatures}, 8));
  const at::Tensor arrived = Call(MakeArrive(part, matrix.features), {value});
  const at::Tensor found = matrix.Over(value, arrived);
  const at::Tensor own = matrix.weights * (1 - matrix.foreign);
  const at::Tensor crossing = matrix.weights * matrix.foreign;
  const at::Tensor all = at::zeros({5, kFeatures});
  all.select(1, 1).copy_(arrived.detach().select(1, 0));
  all.select(1, 4).copy_(arrived.detach().select(1, 1));
  EXPECT_TRUE(at::allclose(found, value.matmul(own) + all.matmul(crossing)));
  EXPECT_FALSE(at::allclose(found, value.matmul(matrix.weights)));

  found.sum().backward();
  const at::Tensor passed = at::ones({5, kFeatures});
  for (const int64_t feature : matrix.features) {
    const FeatureScale& scale = part.wire.scales[static_cast<size_t>(feature)];
    const at::Tensor x = value.detach().select(1, feature);
    passed.select(1, feature)
        .copy_(x.ge(scale.low).logical_and(x.le(scale.low + 255 * scale.step)));
  }
  const at::Tensor ones = at::ones({5, 4});
  EXPECT_TRUE(at::allclose(
      value.grad(), ones.matmul(own.detach().t()) + passed * ones.matmul(crossing.detach().t())));
  EXPECT_TRUE(
      at::allclose(matrix.weights.grad(), value.detach().t().matmul(ones) * (1 - matrix.foreign) +
                                              all.t().matmul(ones) * matrix.foreign));
}

TEST(TorchWireTest, EachFeatureIsItsOwners) {
  const ValuePlan part = PlanFor(1, WireType::kF16);
  const at::Tensor zeros = at::zeros({1, kFeatures, 2}), ones = at::ones({1, kFeatures, 2});
  const at::Tensor joined = Call(MakeJoin(part, {0, 1}), {zeros, ones});
  for (int64_t feature = 0; feature < kFeatures; ++feature)
    EXPECT_EQ(joined.select(1, feature).mean().item<float>(), feature % 2) << feature;
}

}  // namespace
}  // namespace disco
