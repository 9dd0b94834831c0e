// SPDX-License-Identifier: Apache-2.0
#include "disco/rewrite/fold_batch_norm.h"

#include <cmath>

#include "disco/graph/names.h"

namespace disco {
namespace {

bool IsF32(const Tensor* tensor, const Shape& shape) {
  return tensor != nullptr && tensor->dtype() == DType::kF32 && tensor->shape() == shape;
}

bool CanFold(const Graph& graph, const GraphIndex& index, const Op& norm) {
  if (norm.type != OpType::kBatchNormalization || norm.as<BatchNormParams>().training ||
      norm.outputs.size() != 1) {
    return false;
  }
  const ValueId between = norm.inputs[0];
  const OpId producer = index.producer(between);
  if (producer == GraphIndex::kNoOp || !index.HasOneReader(between)) return false;
  const Op& conv = graph.op(producer);
  const Tensor* weights = conv.type == OpType::kConv ? graph.ConstantInput(conv, 1) : nullptr;
  if (weights == nullptr || weights->dtype() != DType::kF32 || weights->elements() == 0)
    return false;
  const Shape features{weights->shape()[0]};
  bool fits = !conv.HasInput(2) || IsF32(graph.ConstantInput(conv, 2), features);
  for (size_t slot = 1; slot < 5; ++slot)
    fits = fits && IsF32(graph.ConstantInput(norm, slot), features);
  return fits;
}

void Fold(Graph& graph, Names& names, Op& conv, const Op& norm) {
  const auto scale = graph.ConstantInput(norm, 1)->Data<float>();
  const auto shift = graph.ConstantInput(norm, 2)->Data<float>();
  const auto mean = graph.ConstantInput(norm, 3)->Data<float>();
  const auto variance = graph.ConstantInput(norm, 4)->Data<float>();
  Tensor weights = *graph.ConstantInput(conv, 1);
  Tensor bias =
      conv.HasInput(2) ? *graph.ConstantInput(conv, 2) : Tensor(DType::kF32, {weights.shape()[0]});
  auto w = weights.MutableData<float>();
  auto b = bias.MutableData<float>();
  const size_t row = w.size() / b.size();
  for (size_t feature = 0; feature < b.size(); ++feature) {
    const double factor = scale[feature] / std::sqrt(static_cast<double>(variance[feature]) +
                                                     norm.as<BatchNormParams>().epsilon);
    for (float& weight : w.subspan(feature * row, row))
      weight = static_cast<float>(weight * factor);
    b[feature] = static_cast<float>((b[feature] - mean[feature]) * factor + shift[feature]);
  }
  conv.inputs.resize(3, kNoValue);
  const std::string name = graph.value(norm.outputs[0]).name;
  conv.inputs[1] = graph.AddConstant(names.Fresh(name + ".folded_weight"), std::move(weights));
  conv.inputs[2] = graph.AddConstant(names.Fresh(name + ".folded_bias"), std::move(bias));
}

}  // namespace

void FoldBatchNorm(Graph& graph) {
  const GraphIndex index(graph);
  Names names(graph);
  std::vector<bool> folded(graph.ops.size(), false);
  for (size_t op = 0; op < graph.ops.size(); ++op) {
    if (!CanFold(graph, index, graph.ops[op])) continue;
    Op& conv = graph.ops[static_cast<size_t>(index.producer(graph.ops[op].inputs[0]))];
    Fold(graph, names, conv, graph.ops[op]);
    conv.outputs[0] = graph.ops[op].outputs[0];
    folded[op] = true;
  }
  std::vector<Op> kept;
  for (size_t op = 0; op < graph.ops.size(); ++op) {
    if (!folded[op]) kept.push_back(std::move(graph.ops[op]));
  }
  graph.ops = std::move(kept);
  RemoveUnused(graph);
}

}  // namespace disco
