// SPDX-License-Identifier: Apache-2.0
// TorchNetwork: a Graph that runs under LibTorch and learns. Private to the room: shows LibTorch
// types.
//
// Weights are the float constants that ops read as data; those of BatchNormalization's running
// statistics are measured, the others are trained. Any batch N can be run, whatever the graph says.
// Images and their weights are kept channels-last, which is what the CPU kernels like.
// Thread rule: one thread. Errors: kUnsupported naming the op when made; kInvalid naming the
// op, with LibTorch's words, when it fails.
#pragma once

#include <string>
#include <vector>

#include "disco/plan/bound_plan.h"
#include "disco/train/torch_step.h"

namespace disco {

enum class WeightKind {
  kMatrix,     // trained, with weight decay
  kVector,     // trained without: biases, scales
  kStatistic,  // a running mean or variance
};

struct Weight {
  std::string name;
  ValueId value = kNoValue;
  WeightKind kind = WeightKind::kMatrix;
  at::Tensor tensor;

  bool trained() const { return kind != WeightKind::kStatistic; }
};

class TorchNetwork {
 public:
  // Copies the constants of `graph`; its shapes are inferred anew.
  static Result<TorchNetwork> Make(Graph graph);

  // Inputs as the graph's, with any batch; outputs as the graph's.
  Result<std::vector<at::Tensor>> Forward(const std::vector<at::Tensor>& inputs,
                                          const ForwardMode& mode) const;

  // In the order in which ops read them, each once.
  const std::vector<Weight>& weights() const { return weights_; }
  // Also while autograd records; the same shapes.
  void SetWeights(const std::vector<at::Tensor>& tensors);

  // From now on ops see features of other nodes as they arrive over the wires of the plan (see
  // wire_program.h). `bound` is of the graph this was made of; it may have fewer outputs.
  void SetPlan(const BoundPlan& bound);

  // Puts the weights, and nothing else, into the constants of the graph this was made of.
  void WriteBack(Graph& graph) const;

 private:
  TorchNetwork() = default;
  void AddWeights(const Graph& graph);
  Status AddSteps(const Graph& graph);
  Status RunStep(const TorchStep& step, const ForwardMode& mode,
                 std::vector<at::Tensor>& slots) const;

  std::vector<Weight> weights_;
  std::vector<at::Tensor> constants_;  // by ValueId: weights and other constants
  std::vector<ValueId> inputs_;
  TorchProgram whole_;    // as one node runs it
  TorchProgram program_;  // as it is run
};

}  // namespace disco
