// SPDX-License-Identifier: Apache-2.0
// One op of a graph as a function on LibTorch tensors, differentiable. Private to the room: shows
// LibTorch types. One source file per family: torch_conv, torch_pool, torch_matrix,
// torch_normalize, torch_elementwise, torch_layout.
//
// Thread rule: making is pure; a TorchOp of a BatchNormalization writes its running statistics.
// Errors: kUnsupported naming the op, when made.
#pragma once

#include <functional>
#include <optional>
#include <span>

#include "disco/graph/graph.h"
#include "disco/train/torch_compat.h"

namespace disco {

struct ForwardMode {
  bool dropout = false;           // Dropout drops
  bool batch_statistics = false;  // BatchNormalization uses, and records, those of the batch
  // Share of the batch in the new running statistics; nothing: 1 - momentum of the op.
  std::optional<double> statistics_share;

  static ForwardMode Training() { return {.dropout = true, .batch_statistics = true}; }
  static ForwardMode Inference() { return {}; }
};

// Inputs by slot; undefined where absent or a parameter (see IsParameterSlot).
using TorchOp = std::function<at::Tensor(std::span<const at::Tensor> inputs, const ForwardMode&)>;

// The graph's shapes have to be inferred, at a batch of more than one.
Result<TorchOp> MakeTorchOp(const Graph& graph, const Op& op);

Result<TorchOp> MakeTorchConv(const Graph& graph, const Op& op);
Result<TorchOp> MakeTorchPool(const Graph& graph, const Op& op);
Result<TorchOp> MakeTorchMatrix(const Graph& graph, const Op& op);
Result<TorchOp> MakeTorchNormalize(const Graph& graph, const Op& op);
Result<TorchOp> MakeTorchElementwise(const Graph& graph, const Op& op);
Result<TorchOp> MakeTorchLayout(const Graph& graph, const Op& op);

}  // namespace disco
