// SPDX-License-Identifier: Apache-2.0
// Sketch: small networks written out op by op, for tests of plan, shard and node. Weights are drawn
// by the op's name. Thread rule: one thread.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "disco/base/hash.h"
#include "disco/base/random.h"
#include "disco/op/infer_shapes.h"
#include "disco/op/validate.h"
#include "disco/plan/coupling.h"
#include "disco/plan/plan.h"

namespace disco {

struct ConvForm {
  int64_t kernel = 1, stride = 1, group = 1;
  bool bias = false;
};

inline Tensor NormalTensor(const std::string& name, const Shape& shape) {
  Random random(7, Hash(name));
  Tensor tensor(DType::kF32, shape);
  for (float& element : tensor.MutableData<float>()) element = static_cast<float>(random.Normal());
  return tensor;
}

class Sketch {
 public:
  ValueId Input(const Shape& shape, const std::string& name = "input") {
    graph_.inputs.push_back(graph_.AddValue(name, DType::kF32, shape));
    return graph_.inputs.back();
  }

  ValueId Conv(const std::string& name, ValueId x, int64_t features, const ConvForm& form = {}) {
    const int64_t pad = form.kernel / 2, inputs = ShapeOf(x)[1] / form.group;
    std::vector<ValueId> op_inputs = {
        x, Constant(name + ".w", {features, inputs, form.kernel, form.kernel})};
    if (form.bias) op_inputs.push_back(Constant(name + ".b", {features}));
    const Window window{.kernel = {form.kernel, form.kernel},
                        .strides = {form.stride, form.stride},
                        .pads_begin = {pad, pad},
                        .pads_end = {pad, pad}};
    return Op(OpType::kConv, name, op_inputs, ConvParams{window, form.group});
  }

  ValueId Gemm(const std::string& name, ValueId x, int64_t features, bool transposed = true) {
    const int64_t inputs = ShapeOf(x)[1];
    const ValueId weights =
        Constant(name + ".w", transposed ? Shape{features, inputs} : Shape{inputs, features});
    return Op(OpType::kGemm, name, {x, weights, Constant(name + ".b", {features})},
              GemmParams{.transpose_b = transposed});
  }

  ValueId Op(OpType type, const std::string& name, std::vector<ValueId> inputs,
             OpParams params = {}) {
    const ValueId output = graph_.AddOp(type, name, std::move(inputs), std::move(params));
    const Status status = InferShapes(graph_);
    EXPECT_TRUE(status) << status.error().message;
    return output;
  }

  ValueId Relu(const std::string& name, ValueId x) { return Op(OpType::kRelu, name, {x}); }
  ValueId Constant(const std::string& name, const Shape& shape) {
    return Constant(name, NormalTensor(name, shape));
  }
  ValueId Constant(const std::string& name, Tensor tensor) {
    return graph_.AddConstant(name, std::move(tensor));
  }
  ValueId Indices(const std::string& name, const std::vector<int64_t>& elements) {
    return graph_.AddConstant(name, Tensor::Indices(elements));
  }

  Graph Finish(std::vector<ValueId> outputs) {
    graph_.outputs = std::move(outputs);
    EXPECT_TRUE(Validate(graph_));
    return std::move(graph_);
  }

 private:
  Shape ShapeOf(ValueId value) const { return graph_.value(value).shape; }
  Graph graph_;
};

inline ValueId IdOf(const Graph& graph, const std::string& name) {
  for (ValueId value = 0; value < static_cast<ValueId>(graph.values.size()); ++value) {
    if (graph.value(value).name == name) return value;
  }
  ADD_FAILURE() << "no value '" << name << "'";
  return kNoValue;
}

}  // namespace disco
