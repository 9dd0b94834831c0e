// SPDX-License-Identifier: Apache-2.0
// What the tests of the kernels share: random tensors, and running one graph through both kernels.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "disco/base/random.h"
#include "disco/kernel/program.h"
#include "disco/op/infer_shapes.h"

namespace disco {

inline constexpr KernelKind kKernels[] = {KernelKind::kReference, KernelKind::kOneDnn};

inline Tensor RandomTensor(Random& random, const Shape& shape) {
  Tensor tensor(DType::kF32, shape);
  for (float& element : tensor.MutableData<float>())
    element = static_cast<float>(random.Uniform(-1, 1));
  return tensor;
}

inline bool IsFinite(const Tensor& tensor) { return !HoldsNonFinite(tensor); }

// Of the warnings of a program those that have to do with its network. For other processors than
// x86 oneDNN has hardly any but its plain kernels, and warns of each.
inline std::vector<std::string> UnusualWarnings(std::vector<std::string> warnings) {
#if !defined(__x86_64__)
  std::erase_if(warnings, [](const std::string& warning) {
    return warning.find("oneDNN has only its plain kernel") != std::string::npos;
  });
#endif
  return warnings;
}

struct Ran {
  std::vector<Tensor> outputs;
  ProgramReport report;
  std::optional<std::string> overflow;
};

// Runs `graph` twice, so that a step that spoils its own inputs is found, and returns the second
// outputs.
inline Result<Ran> RunTwice(Graph graph, KernelKind kernel, const std::vector<Tensor>& inputs,
                            Exchange* exchange = nullptr) {
  DISCO_TRY(InferShapes(graph));
  DISCO_ASSIGN(const std::unique_ptr<Program> program, MakeProgram(graph, {kernel, 1}));
  std::vector<Tensor> outputs = MakeOutputs(graph);
  for (int repeat = 0; repeat < 2; ++repeat) DISCO_TRY(program->Run(inputs, outputs, exchange));
  Ran ran{outputs, program->report(), std::nullopt};
  if (program->overflow()) ran.overflow = *program->overflow();
  return ran;
}

// |a - b| <= 1e-4 * (1 + largest |a|) everywhere: sums cancel, so the scale is that of the tensor.
inline void ExpectClose(const Tensor& a, const Tensor& b, const std::string& what) {
  ASSERT_EQ(a.dtype(), b.dtype()) << what;
  ASSERT_EQ(a.shape(), b.shape()) << what;
  if (a.dtype() != DType::kF32) {
    EXPECT_TRUE(std::ranges::equal(a.bytes(), b.bytes())) << what;
    return;
  }
  float scale = 1;
  for (const float element : a.Data<float>()) scale = std::max(scale, std::abs(element));
  for (size_t i = 0; i < a.Data<float>().size(); ++i) {
    const float expected = a.Data<float>()[i], got = b.Data<float>()[i];
    if (std::isnan(expected) && std::isnan(got)) continue;
    ASSERT_NEAR(expected, got, 1e-4f * scale) << what << ", element " << i;
  }
}

// Runs the graph on random inputs through both kernels; returns oneDNN's report.
inline ProgramReport ExpectKernelsAgree(Graph graph, Random& random, const std::string& what) {
  const Status inferred = InferShapes(graph);
  EXPECT_TRUE(inferred) << what << ": " << inferred.error().message;
  std::vector<Tensor> inputs;
  for (const ValueId id : graph.inputs)
    inputs.push_back(RandomTensor(random, graph.value(id).shape));
  const auto reference = RunTwice(graph, KernelKind::kReference, inputs);
  const auto onednn = RunTwice(graph, KernelKind::kOneDnn, inputs);
  EXPECT_TRUE(reference) << what << ": " << reference.error().message;
  EXPECT_TRUE(onednn) << what << ": " << onednn.error().message;
  if (!reference || !onednn) return {};
  // Random networks have no overflow that vanishes again.
  const bool finite = std::ranges::all_of(reference->outputs, IsFinite);
  EXPECT_TRUE(!finite || !reference->overflow) << what << ": '" << *reference->overflow << "'";
  EXPECT_TRUE(!finite || !onednn->overflow) << what << ": '" << *onednn->overflow << "'";
  for (size_t i = 0; i < graph.outputs.size(); ++i) {
    ExpectClose(reference->outputs[i], onednn->outputs[i],
                what + ", output " + graph.value(graph.outputs[i]).name);
  }
  return onednn->report;
}

}  // namespace disco
