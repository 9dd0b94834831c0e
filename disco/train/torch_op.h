// SPDX-License-Identifier: Apache-2.0
// One op of a graph as a function on LibTorch tensors, differentiable. Private to the module: shows
// LibTorch types. Each family of ops lists its own.
//
// Thread rule: making is pure; a TorchOp of a BatchNormalization writes its running statistics.
// Errors: kUnsupported naming the op, when made.
#pragma once

#include <functional>
#include <optional>
#include <span>

#include "disco/graph/graph.h"
#include "disco/op/op_table.h"
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

// Whether there are TorchOps for ops of this type.
bool CanBeTrained(OpType type);

using TorchMaker = Result<TorchOp> (*)(const Graph& graph, const Op& op);
using TorchEntry = OpTable<TorchMaker>::Entry;
// Each stands beside its functions, in torch_conv.cc, torch_elementwise.cc and so on.
std::span<const TorchEntry> TorchConv();
std::span<const TorchEntry> TorchElementwise();
std::span<const TorchEntry> TorchLayout();
std::span<const TorchEntry> TorchMatrix();
std::span<const TorchEntry> TorchNormalize();
std::span<const TorchEntry> TorchPool();

}  // namespace disco
