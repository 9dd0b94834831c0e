// SPDX-License-Identifier: Apache-2.0
// One function per op. Private to the room. Semantics: ONNX, see disco/graph/op.h.
#pragma once

#include <span>
#include <vector>

#include "disco/graph/graph.h"
#include "disco/kernel/program.h"

namespace disco::reference {

// What an op needs to run.
struct Call {
  const Graph& graph;
  const Op& op;
  std::span<const Tensor> inputs;
  Exchange* exchange;  // may be null

  // For loops that may take long. Asks a lock and a clock: not in the innermost ones.
  Status GoOn() const { return exchange == nullptr ? Status() : exchange->GoOn(); }
  const Tensor& in(size_t slot) const { return inputs[slot]; }
  bool Has(size_t slot) const { return op.HasInput(slot); }
  const Value& out(size_t slot) const { return graph.value(op.outputs[slot]); }
  // A tensor of the type and shape of output `slot`, all zero.
  Tensor NewOutput(size_t slot = 0) const { return Tensor(out(slot).dtype, out(slot).shape); }
};

using Outputs = Result<std::vector<Tensor>>;

Outputs Conv(const Call& call);
Outputs MaxPool(const Call& call);
Outputs AveragePool(const Call& call);

Outputs Gemm(const Call& call);
Outputs MatMul(const Call& call);

Outputs BatchNormalization(const Call& call);
Outputs Lrn(const Call& call);
Outputs Softmax(const Call& call);

Outputs GlobalAveragePool(const Call& call);
Outputs ReduceMean(const Call& call);

// Add, Mul.
Outputs Binary(const Call& call);
// Clip, HardSwish, LeakyRelu, Relu, Sigmoid.
Outputs Activation(const Call& call);
Outputs Dropout(const Call& call);

// Flatten, Identity, Reshape, Squeeze, Unsqueeze.
Outputs SameElements(const Call& call);
Outputs Transpose(const Call& call);
Outputs Concat(const Call& call);
Outputs Gather(const Call& call);
Outputs Pad(const Call& call);
Outputs ConstantOfShape(const Call& call);

// Errors: kUnsupported when the first input is not float32.
Status RequireFloat(const Call& call);

}  // namespace disco::reference
