// SPDX-License-Identifier: Apache-2.0
#include "disco/tensor/tensor.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <numeric>

namespace disco {
namespace {

constexpr std::array kAllTypes = {DType::kF32, DType::kF64, DType::kI8,  DType::kI16,
                                  DType::kI32, DType::kI64, DType::kU8,  DType::kU16,
                                  DType::kU32, DType::kU64, DType::kBool};

std::vector<float> Elements(const Tensor& tensor) {
  const auto data = tensor.Data<float>();
  return {data.begin(), data.end()};
}

TEST(Tensor, StartsAsZeroAtACacheLine) {
  for (const DType dtype : kAllTypes) {
    for (const Shape& shape : {Shape{}, Shape{0}, Shape{3, 5}, Shape{2, 0, 7}}) {
      const Tensor tensor(dtype, shape);
      EXPECT_EQ(tensor.dtype(), dtype);
      EXPECT_EQ(tensor.size_bytes(), static_cast<size_t>(shape.elements()) * SizeOf(dtype));
      EXPECT_EQ(reinterpret_cast<uintptr_t>(tensor.bytes().data()) % 64, 0u);
      for (const std::byte byte : tensor.bytes()) EXPECT_EQ(byte, std::byte{0});
    }
  }
}

TEST(Tensor, ACopySharesUntilOneOfThemIsWritten) {
  Tensor first = Tensor::From<float>({3}, {1, 2, 3});
  Tensor second = first;
  EXPECT_EQ(first.bytes().data(), second.bytes().data());
  second.MutableData<float>()[0] = 9;
  EXPECT_EQ(Elements(first), (std::vector<float>{1, 2, 3}));
  EXPECT_EQ(Elements(second), (std::vector<float>{9, 2, 3}));
  EXPECT_EQ(reinterpret_cast<uintptr_t>(second.bytes().data()) % 64, 0u);
}

TEST(Tensor, ASingleOwnerIsWrittenInPlace) {
  Tensor tensor = Tensor::From<float>({3}, {1, 2, 3});
  const std::byte* before = tensor.bytes().data();
  {
    const Tensor passing = tensor;
  }
  tensor.MutableData<float>()[1] = 5;
  EXPECT_EQ(tensor.bytes().data(), before);
}

TEST(Tensor, ReshapedSharesToo) {
  const Tensor flat = Tensor::From<float>({6}, {1, 2, 3, 4, 5, 6});
  Tensor square = flat.Reshaped({2, 3});
  EXPECT_EQ(square.shape(), (Shape{2, 3}));
  EXPECT_EQ(square.bytes().data(), flat.bytes().data());
  square.MutableData<float>()[5] = 0;
  EXPECT_EQ(flat.Data<float>()[5], 6);
}

// The foreign memory may be a read-only mapping: it is never written, also by its only owner.
TEST(Tensor, AViewCopiesForeignMemoryBeforeAWrite) {
  auto numbers = std::make_shared<std::array<float, 4>>(std::array<float, 4>{1, 2, 3, 4});
  std::weak_ptr<std::array<float, 4>> alive = numbers;
  const auto* start = reinterpret_cast<const std::byte*>(numbers->data());
  Tensor view = Tensor::View(DType::kF32, {2}, std::shared_ptr<const std::byte>(numbers, start));
  numbers.reset();
  EXPECT_EQ(view.bytes().data(), start);
  EXPECT_EQ(Elements(view), (std::vector<float>{1, 2}));
  EXPECT_FALSE(alive.expired()) << "a view keeps its memory";
  const auto held = alive.lock();
  view.MutableData<float>()[0] = 9;
  EXPECT_EQ(Elements(view), (std::vector<float>{9, 2}));
  EXPECT_EQ((*held)[0], 1);
  EXPECT_EQ(held.use_count(), 1) << "a written view lets go";
  const std::byte* own = view.bytes().data();
  view.MutableData<float>()[0] = 8;
  EXPECT_EQ(view.bytes().data(), own) << "it copies once";
}

TEST(Tensor, AViewOfNothingCanBeWritten) {
  Tensor view = Tensor::View(DType::kF32, {0, 4}, nullptr);
  EXPECT_TRUE(view.bytes().empty());
  EXPECT_TRUE(view.MutableBytes().empty());
}

TEST(Tensor, OnlyZeroAndOneAreTruthValues) {
  Tensor truths = Tensor::From<bool>({3}, {true, false, true});
  EXPECT_TRUE(HoldsValues(truths));
  truths.MutableBytes()[1] = std::byte{2};
  EXPECT_FALSE(HoldsValues(truths));
  Tensor numbers(DType::kU8, {1});
  numbers.MutableBytes()[0] = std::byte{2};
  EXPECT_TRUE(HoldsValues(numbers));
}

TEST(DTypes, HaveTheirSizeAndOwnName) {
  std::vector<std::string_view> names;
  for (const DType dtype : kAllTypes) {
    VisitDType(dtype, [dtype]<class T>() {
      EXPECT_EQ(DTypeOf<T>(), dtype);
      EXPECT_EQ(sizeof(T), SizeOf(dtype));
    });
    EXPECT_EQ(std::count(names.begin(), names.end(), Name(dtype)), 0) << Name(dtype);
    names.push_back(Name(dtype));
  }
}

}  // namespace
}  // namespace disco
