// SPDX-License-Identifier: Apache-2.0
#include "disco/tensor/slice.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "disco/base/random.h"

namespace disco {
namespace {

using Indices = std::vector<int64_t>;

// Elements 0, 1, 2...: each one says where it came from.
Tensor Counted(const Shape& shape) {
  Tensor tensor(DType::kI32, shape);
  auto data = tensor.MutableData<int32_t>();
  std::iota(data.begin(), data.end(), 0);
  return tensor;
}

Shape RandomShape(Random& random, int least_rank) {
  Indices dims(static_cast<size_t>(least_rank + random.Below(5)));
  for (int64_t& extent : dims) extent = 1 + random.Below(5);
  return Shape(std::move(dims));
}

Indices Shuffled(Random& random, int64_t count) {
  Indices order(static_cast<size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  random.Shuffle(std::span(order));
  return order;
}

// The index along each axis of the element at `position`.
Indices Unraveled(const Shape& shape, int64_t position) {
  Indices index(static_cast<size_t>(shape.rank()));
  for (int axis = shape.rank(); axis-- > 0; position /= shape[axis])
    index[static_cast<size_t>(axis)] = position % shape[axis];
  return index;
}

int64_t Raveled(const Indices& index, const Indices& strides) {
  return std::inner_product(index.begin(), index.end(), strides.begin(), int64_t{0});
}

bool Same(const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() && std::ranges::equal(a.bytes(), b.bytes());
}

class Slices : public testing::TestWithParam<uint64_t> {
 protected:
  Random random_{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(Seeds, Slices, testing::Range<uint64_t>(0, 20));

TEST_P(Slices, GatherPicksWhatTheIndexFormulaSays) {
  const Tensor tensor = Counted(RandomShape(random_, 1));
  const int axis = static_cast<int>(random_.Below(tensor.shape().rank()));
  Indices picked(static_cast<size_t>(random_.Below(7)));
  for (int64_t& index : picked) index = random_.Below(tensor.shape()[axis]);
  const Tensor part = Gather(tensor, axis, picked);
  ASSERT_EQ(part.shape()[axis], static_cast<int64_t>(picked.size()));
  for (int64_t at = 0; at < part.elements(); ++at) {
    Indices index = Unraveled(part.shape(), at);
    auto& along = index[static_cast<size_t>(axis)];
    along = picked[static_cast<size_t>(along)];
    ASSERT_EQ(part.Data<int32_t>()[static_cast<size_t>(at)],
              Raveled(index, tensor.shape().strides()));
  }
}

TEST_P(Slices, PartsScatteredBackAreTheWhole) {
  const Tensor whole = Counted(RandomShape(random_, 1));
  const int axis = static_cast<int>(random_.Below(whole.shape().rank()));
  const Indices order = Shuffled(random_, whole.shape()[axis]);
  const auto cut = static_cast<size_t>(random_.Below(static_cast<int64_t>(order.size()) + 1));
  Tensor again(DType::kI32, whole.shape());
  for (const auto& indices : {std::span(order).first(cut), std::span(order).subspan(cut)})
    Scatter(Gather(whole, axis, indices), axis, indices, again);
  EXPECT_TRUE(Same(again, whole));
}

TEST_P(Slices, ScatterLeavesTheRestAndOtherCopiesAlone) {
  const Tensor before = Counted({3, 4, 2});
  Tensor whole = before;
  const Indices indices = {1, 3};
  Scatter(Tensor(DType::kI32, {3, 2, 2}), 1, indices, whole);
  const Indices others = {0, 2};
  EXPECT_TRUE(Same(Gather(whole, 1, others), Gather(before, 1, others)));
  EXPECT_TRUE(Same(Gather(whole, 1, indices), Tensor(DType::kI32, {3, 2, 2})));
  EXPECT_TRUE(Same(before, Counted({3, 4, 2})));
}

TEST_P(Slices, TransposeMovesWhatTheIndexFormulaSays) {
  const Tensor tensor = Counted(RandomShape(random_, 0));
  const Indices permutation = Shuffled(random_, tensor.shape().rank());
  const Tensor moved = Transpose(tensor, permutation);
  for (int64_t at = 0; at < moved.elements(); ++at) {
    const Indices to = Unraveled(moved.shape(), at);
    Indices from(to.size());
    for (size_t axis = 0; axis < to.size(); ++axis)
      from[static_cast<size_t>(permutation[axis])] = to[axis];
    ASSERT_EQ(moved.Data<int32_t>()[static_cast<size_t>(at)],
              Raveled(from, tensor.shape().strides()));
  }
}

TEST_P(Slices, BroadcastStridesFindTheElementThatBroadcastingReads) {
  const Shape to = RandomShape(random_, 1);
  const int from_rank = static_cast<int>(random_.Below(to.rank() + 1));
  Indices dims(to.end() - from_rank, to.end());
  for (int64_t& extent : dims) extent = random_.Below(2) == 0 ? 1 : extent;
  const Shape from(dims);
  const Indices strides = BroadcastStrides(from, to);
  for (int64_t at = 0; at < to.elements(); ++at) {
    const Indices index = Unraveled(to, at);
    Indices own(index.end() - from_rank, index.end());
    for (size_t axis = 0; axis < own.size(); ++axis) own[axis] %= dims[axis];
    ASSERT_EQ(Raveled(index, strides), Raveled(own, from.strides()));
  }
}

TEST(Slice, ARunOfIndicesIsPickedAsEachOfThemIs) {
  const Tensor whole = Counted({2, 9, 3});
  const Indices picked = {4, 5, 6, 7, 8, 0, 1, 1, 2, 8, 7};
  const Tensor part = Gather(whole, 1, picked);
  for (size_t i = 0; i < picked.size(); ++i) {
    const auto place = static_cast<int64_t>(i);
    EXPECT_TRUE(Same(Gather(part, 1, Indices{place}), Gather(whole, 1, Indices{picked[i]}))) << i;
  }
}

TEST(Slice, NothingCanBePickedAndMoved) {
  const Tensor empty(DType::kF32, {2, 0, 3});
  EXPECT_EQ(Gather(empty, 0, Indices{1}).shape(), (Shape{1, 0, 3}));
  EXPECT_EQ(Gather(Tensor::View(DType::kF32, {2, 0}, nullptr), 0, Indices{1}).elements(), 0);
  EXPECT_EQ(Gather(Counted({2, 3}), 1, {}).shape(), (Shape{2, 0}));
  EXPECT_EQ(Transpose(empty, Indices{2, 1, 0}).shape(), (Shape{3, 0, 2}));
}

}  // namespace
}  // namespace disco
