// SPDX-License-Identifier: Apache-2.0
#include "disco/op/parameters.h"

#include <gtest/gtest.h>

namespace disco {
namespace {

TEST(ConstantIndices, AreWholeNumbersOfEitherWidth) {
  Graph graph;
  const ValueId x = graph.AddValue("x");
  const ValueId wide = graph.AddConstant("wide", Tensor::Indices({3, -1}));
  const ValueId narrow = graph.AddConstant("narrow", Tensor::From<int32_t>({2}, {3, -1}));
  const ValueId real = graph.AddConstant("real", Tensor::Scalar(1));
  for (const ValueId id : {wide, narrow}) {
    const Op op{"r", OpType::kReshape, ReshapeParams{}, {x, id}, {}};
    EXPECT_EQ(*ConstantIndices(graph, op, 1), (std::vector<int64_t>{3, -1}));
  }
  for (const ValueId id : {real, x, kNoValue}) {
    const auto read = ConstantIndices(graph, {"r", OpType::kReshape, {}, {x, id}, {}}, 1);
    ASSERT_FALSE(read);
    EXPECT_NE(read.error().message.find("op 'r'"), std::string::npos);
  }
}

}  // namespace
}  // namespace disco
