// SPDX-License-Identifier: Apache-2.0
#include "disco/rewrite/skip_concat.h"

#include <algorithm>
#include <numeric>

#include "disco/graph/names.h"
#include "disco/tensor/slice.h"

namespace disco {
namespace {

bool JoinsFeatures(const Graph& graph, const Op& op) {
  if (op.type != OpType::kConcat || op.inputs.size() < 2) return false;
  const Value& joined = graph.value(op.outputs[0]);
  return op.as<AxisParams>().axis == 1 && joined.shape.rank() >= 3 && joined.dtype == DType::kF32;
}

bool Pools(const Op& op) {
  return (op.type == OpType::kMaxPool && !op.HasOutput(1)) || op.type == OpType::kAveragePool;
}

// Ops that are added to a network at most, and parts of a Concat: a network of Inception's kind has
// some hundred, and 4. Each change looks at the whole network.
constexpr size_t kMostAdded = 1024, kMostParts = 64;

// Whether `readers` ops may become one for each part of `join`, and as many Adds.
bool MayGrow(const Graph& graph, const Op& join, size_t readers, size_t ops_before) {
  const size_t parts = join.inputs.size();
  return parts <= kMostParts && graph.ops.size() + 2 * parts * readers <= ops_before + kMostAdded;
}

// A value like `like` that does not exist yet.
ValueId NewValue(Graph& graph, const std::string& name, ValueId like) {
  return graph.AddValue(name, graph.value(like).dtype, graph.value(like).shape);
}

// Replaces op `id` by `ops`, in order.
void Replace(Graph& graph, OpId id, std::vector<Op> ops) {
  const auto place = graph.ops.erase(graph.ops.begin() + id);
  graph.ops.insert(place, std::make_move_iterator(ops.begin()), std::make_move_iterator(ops.end()));
}

// Pool(Concat(a, b)) becomes Concat(Pool(a), Pool(b)).
bool MoveOnePool(Graph& graph, size_t ops_before) {
  const GraphIndex index(graph);
  Names names(graph);
  for (size_t op = 0; op < graph.ops.size(); ++op) {
    const Op pool = graph.ops[op];
    if (!Pools(pool) || index.producer(pool.inputs[0]) == GraphIndex::kNoOp) continue;
    const OpId concat = index.producer(pool.inputs[0]);
    const Op join = graph.op(concat);
    if (!JoinsFeatures(graph, join) || !index.HasOneReader(pool.inputs[0]) ||
        !MayGrow(graph, join, 1, ops_before))
      continue;
    std::vector<Op> ops;
    Op joined{pool.name, OpType::kConcat, join.params, {}, {pool.outputs[0]}};
    for (size_t part = 0; part < join.inputs.size(); ++part) {
      const std::string name = names.Fresh(fmt::format("{}@part{}", pool.name, part));
      joined.inputs.push_back(NewValue(graph, name, join.inputs[part]));
      ops.push_back({name, pool.type, pool.params, {join.inputs[part]}, {joined.inputs.back()}});
    }
    ops.push_back(std::move(joined));
    Replace(graph, static_cast<OpId>(op), std::move(ops));
    Replace(graph, concat, {});
    return true;
  }
  return false;
}

// Whether `op` is a convolution that may be summed over parts of `joined`.
bool MaySplit(const Graph& graph, const Op& op, ValueId joined) {
  return op.type == OpType::kConv && op.inputs[0] == joined && op.as<ConvParams>().group == 1 &&
         graph.IsConstant(op.inputs[1]) && (!op.HasInput(2) || op.inputs[2] != joined);
}

bool Pays(const Graph& graph, const GraphIndex& index, const Op& join) {
  const ValueId joined = join.outputs[0];
  int64_t added = 0;
  for (const OpId reader : index.readers(joined)) {
    if (!MaySplit(graph, graph.op(reader), joined)) return false;
    added += graph.value(graph.op(reader).outputs[0]).shape.elements() *
             static_cast<int64_t>(join.inputs.size() - 1);
  }
  return !index.readers(joined).empty() && added < graph.value(joined).shape.elements() &&
         !index.IsOutput(joined);
}

std::vector<Op> SumOverParts(Graph& graph, const Op& conv, const std::vector<ValueId>& parts) {
  Names names(graph);
  std::vector<Op> ops;
  int64_t first = 0;
  ValueId sum = kNoValue;
  for (size_t part = 0; part < parts.size(); ++part) {
    const std::string name = names.Fresh(fmt::format("{}@part{}", conv.name, part));
    std::vector<int64_t> features(static_cast<size_t>(graph.value(parts[part]).shape[1]));
    std::iota(features.begin(), features.end(), first);
    first += static_cast<int64_t>(features.size());
    const ValueId weights = graph.AddConstant(
        names.Fresh(name + "@weight"), Gather(*graph.value(conv.inputs[1]).constant, 1, features));
    std::vector<ValueId> inputs = {parts[part], weights};
    if (part == 0 && conv.HasInput(2)) inputs.push_back(conv.inputs[2]);
    const ValueId output = NewValue(graph, name, conv.outputs[0]);
    ops.push_back({name, OpType::kConv, conv.params, std::move(inputs), {output}});
    if (part == 0) {
      sum = output;
      continue;
    }
    const bool last = part + 1 == parts.size();
    const std::string sum_name = last ? conv.name : names.Fresh(name + "@sum");
    const ValueId next = last ? conv.outputs[0] : NewValue(graph, sum_name, conv.outputs[0]);
    ops.push_back({sum_name, OpType::kAdd, {}, {sum, output}, {next}});
    sum = next;
  }
  return ops;
}

bool SplitOne(Graph& graph, size_t ops_before) {
  const GraphIndex index(graph);
  for (size_t op = 0; op < graph.ops.size(); ++op) {
    const Op join = graph.ops[op];
    if (!JoinsFeatures(graph, join) || !Pays(graph, index, join)) continue;
    std::vector<OpId> readers = index.readers(join.outputs[0]);
    if (!MayGrow(graph, join, readers.size(), ops_before)) continue;
    std::ranges::sort(readers, std::ranges::greater());  // from behind: places before stay
    for (const OpId reader : readers) {
      const Op conv = graph.op(reader);
      Replace(graph, reader, SumOverParts(graph, conv, join.inputs));
    }
    Replace(graph, static_cast<OpId>(op), {});
    return true;
  }
  return false;
}

}  // namespace

void SkipConcats(Graph& graph) {
  const size_t ops_before = graph.ops.size();
  while (MoveOnePool(graph, ops_before)) {
  }
  while (SplitOne(graph, ops_before)) {
  }
  RemoveUnused(graph);
}

}  // namespace disco
