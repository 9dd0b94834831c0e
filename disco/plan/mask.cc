// SPDX-License-Identifier: Apache-2.0
#include "disco/plan/mask.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "disco/graph/names.h"
#include "disco/op/work.h"

namespace disco {
namespace {

// Weights of a mixing op as a matrix of taps: (output feature, input feature) -> run of kernel
// taps.
struct WeightMatrix {
  WeightMatrix(const MixingWeights& mixing, const Shape& shape) : axes(mixing) {
    taps = shape.elements(2, shape.rank());
    outputs = shape[axes.output];
    inputs = shape[axes.input];
    columns = shape[1];
  }
  size_t Offset(int64_t output, int64_t input) const {
    const int64_t row = axes.output == 0 ? output : input;
    const int64_t column = axes.output == 0 ? input : output;
    return static_cast<size_t>((row * columns + column) * taps);
  }
  MixingWeights axes;
  int64_t taps = 1, outputs = 0, inputs = 0, columns = 0;
};

// Pairs of an output feature and an input feature that belong to different nodes.
enum class ForeignPairs { kPruned, kKept };

// Calls function(offset, taps) for every such pair of `op`.
template <class Function>
void ForEach(ForeignPairs pairs, const Graph& graph, const Op& op, const PlanParts& parts,
             Function&& function) {
  const ValuePlan* input = parts.part(op.inputs[0]);
  const ValuePlan* output = parts.part(op.outputs[0]);
  if (input == nullptr || output == nullptr || !input->read_foreign) return;
  const WeightMatrix weights(*MixingWeightsOf(graph, op), graph.value(op.inputs[1]).shape);
  for (NodeId to = 0; to < parts.nodes(); ++to) {
    const auto& kept = input->kept[static_cast<size_t>(to)];
    const std::vector<int64_t> outputs = output->Owned(to);
    for (int64_t feature = 0; feature < weights.inputs; ++feature) {
      const bool is_kept = std::binary_search(kept.begin(), kept.end(), feature);
      if (input->owner[static_cast<size_t>(feature)] == to ||
          is_kept != (pairs == ForeignPairs::kKept))
        continue;
      for (const int64_t o : outputs)
        function(weights.Offset(o, feature), static_cast<size_t>(weights.taps));
    }
  }
}

// As the weights of `op`: `mark`, 0 or 1, for such pairs, the other of the two for all else.
Tensor Marked(ForeignPairs pairs, float mark, const BoundPlan& bound, const Op& op) {
  Tensor mask(DType::kF32, bound.graph().value(op.inputs[1]).shape);
  const auto data = mask.MutableData<float>();
  std::fill(data.begin(), data.end(), 1 - mark);
  ForEach(pairs, bound.graph(), op, bound.parts(), [&](size_t offset, size_t taps) {
    std::fill_n(data.begin() + static_cast<std::ptrdiff_t>(offset), taps, mark);
  });
  return mask;
}

}  // namespace

std::vector<std::vector<double>> ScoreByL1(const Graph& graph, const CrossReaders& readers,
                                           const PlanParts& parts, const ValuePlan& value) {
  std::vector<std::vector<double>> scores(static_cast<size_t>(parts.nodes()),
                                          std::vector<double>(value.owner.size(), 0));
  for (const OpId reader : readers.mixing) {
    const Op& op = graph.op(reader);
    const ValuePlan* output = parts.part(op.outputs[0]);
    const auto weights = graph.ConstantInput(op, 1)->Data<float>();
    const WeightMatrix matrix(*MixingWeightsOf(graph, op), graph.value(op.inputs[1]).shape);
    for (int64_t o = 0; o < matrix.outputs; ++o) {
      const NodeId to = output->owner[static_cast<size_t>(o)];
      for (int64_t feature = 0; feature < matrix.inputs; ++feature) {
        if (value.owner[static_cast<size_t>(feature)] == to) continue;
        double norm = 0;
        for (const float weight :
             weights.subspan(matrix.Offset(o, feature), static_cast<size_t>(matrix.taps)))
          norm += std::abs(weight);
        scores[static_cast<size_t>(to)][static_cast<size_t>(feature)] += norm;
      }
    }
  }
  return scores;
}

int64_t KeptCount(int64_t features, const KeepRule& rule) {
  constexpr double kRounding = 1e-9;  // (1 - 0.7) * 10 is a little more than 3
  const double exact = (1 - rule.sparsity) * static_cast<double>(features);
  const double count =
      rule.allow_empty ? std::floor(exact + kRounding) : std::ceil(exact - kRounding);
  return std::clamp<int64_t>(static_cast<int64_t>(count), 0, features);
}

std::vector<std::vector<int64_t>> ChooseKept(const ValuePlan& value,
                                             const std::vector<std::vector<double>>& scores,
                                             const std::vector<bool>& reads, const KeepRule& rule,
                                             const std::vector<std::vector<int64_t>>* candidates) {
  const size_t nodes = scores.size();
  std::vector<std::vector<int64_t>> owned(nodes), kept(nodes);
  for (size_t node = 0; node < nodes; ++node) owned[node] = value.Owned(static_cast<NodeId>(node));
  for (size_t to = 0; to < nodes; ++to) {
    if (!reads[to]) continue;
    auto better = [&](int64_t a, int64_t b) {
      const double score_a = scores[to][static_cast<size_t>(a)],
                   score_b = scores[to][static_cast<size_t>(b)];
      return score_a != score_b ? score_a > score_b : a < b;
    };
    for (size_t from = 0; from < nodes; ++from) {
      if (from == to) continue;
      std::vector<int64_t> ranked = owned[from];
      const auto count = static_cast<size_t>(KeptCount(static_cast<int64_t>(ranked.size()), rule));
      if (candidates != nullptr) {
        std::erase_if(ranked, [&](int64_t feature) {
          return !std::binary_search((*candidates)[to].begin(), (*candidates)[to].end(), feature);
        });
      }
      std::sort(ranked.begin(), ranked.end(), better);
      ranked.resize(std::min(count, ranked.size()));
      kept[to].insert(kept[to].end(), ranked.begin(), ranked.end());
    }
    if (kept[to].empty() && owned[to].empty()) {
      std::vector<int64_t> all;
      if (candidates != nullptr) all = (*candidates)[to];
      if (all.empty()) {
        all.resize(value.owner.size());
        std::iota(all.begin(), all.end(), 0);
      }
      kept[to].push_back(*std::min_element(all.begin(), all.end(), better));
    }
    std::sort(kept[to].begin(), kept[to].end());
  }
  return kept;
}

std::vector<bool> ReadingNodes(const Graph& graph, const CrossReaders& readers,
                               const PlanParts& parts) {
  std::vector<bool> reads(static_cast<size_t>(parts.nodes()), !readers.replicated.empty());
  for (const OpId reader : readers.mixing) {
    for (const NodeId owner : parts.part(graph.op(reader).outputs[0])->owner)
      reads[static_cast<size_t>(owner)] = true;
  }
  return reads;
}

Tensor WeightMask(const BoundPlan& bound, const Op& op) {
  return Marked(ForeignPairs::kPruned, 0, bound, op);
}

Tensor ForeignMask(const BoundPlan& bound, const Op& op) {
  return Marked(ForeignPairs::kKept, 1, bound, op);
}

int64_t ApplyMask(Graph& graph, const Plan& plan) {
  int64_t zeroed = 0;
  const PlanParts parts(graph, plan);
  const GraphIndex index(graph);
  Names names(graph);
  for (Op& op : graph.ops) {
    if (!IsMixing(graph, op)) continue;
    // Others read the same numbers whole, or by a mask of their own.
    if (!index.HasOneReader(op.inputs[1])) {
      const std::string& name = graph.value(op.outputs[0]).name;
      const Tensor shared = *graph.value(op.inputs[1]).constant;
      op.inputs[1] = graph.AddConstant(names.Fresh(name + "@weight"), shared);
    }
    Tensor& tensor = *graph.value(op.inputs[1]).constant;
    ForEach(ForeignPairs::kPruned, graph, op, parts, [&](size_t offset, size_t taps) {
      for (size_t tap = offset; tap < offset + taps; ++tap) {
        if (tensor.Data<float>()[tap] == 0) continue;
        tensor.MutableData<float>()[tap] = 0;
        ++zeroed;
      }
    });
  }
  return zeroed;
}

}  // namespace disco
