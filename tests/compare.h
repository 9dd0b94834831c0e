// SPDX-License-Identifier: Apache-2.0
// Equality of answers in tests.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "disco/kernel/program.h"

namespace disco {

// Largest difference, relative to the largest expected magnitude.
inline double RelativeError(const Tensor& actual, const Tensor& expected) {
  double difference = 0, magnitude = 1e-6;
  for (size_t i = 0; i < static_cast<size_t>(expected.elements()); ++i) {
    const double a = actual.Data<float>()[i], e = expected.Data<float>()[i];
    if (!(std::abs(a - e) <= 1e30)) return 1e30;  // also when one is not a number
    difference = std::max(difference, std::abs(a - e));
    magnitude = std::max(magnitude, std::abs(e));
  }
  return difference / magnitude;
}

inline void ExpectClose(const std::vector<Tensor>& actual, const std::vector<Tensor>& expected,
                        double tolerance) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < actual.size(); ++i) {
    ASSERT_EQ(actual[i].shape(), expected[i].shape()) << "output " << i;
    EXPECT_LE(RelativeError(actual[i], expected[i]), tolerance) << "output " << i;
  }
}

// The whole graph on one node, by the reference kernels, nothing fused or cut: the oracle.
inline std::vector<Tensor> RunOracle(const Graph& graph, const std::vector<Tensor>& inputs) {
  auto program = MakeProgram(graph, {.kernel = KernelKind::kReference});
  EXPECT_TRUE(program) << program.error().message;
  std::vector<Tensor> outputs = MakeOutputs(graph);
  const Status status = (*program)->Run(inputs, outputs, nullptr);
  EXPECT_TRUE(status) << status.error().message;
  return outputs;
}

}  // namespace disco
