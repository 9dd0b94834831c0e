// SPDX-License-Identifier: Apache-2.0
#include "disco/shard/shard_builder.h"

#include <algorithm>
#include <numeric>

#include "disco/graph/work.h"
#include "disco/plan/readers.h"
#include "disco/tensor/slice.h"

namespace disco {
namespace {

bool IsAll(const std::vector<int64_t>& indices, int64_t extent) {
  if (static_cast<int64_t>(indices.size()) != extent) return false;
  for (size_t i = 0; i < indices.size(); ++i) {
    if (indices[i] != static_cast<int64_t>(i)) return false;
  }
  return true;
}

// Shares the elements when everything is wanted.
Tensor Sliced(const Tensor& tensor, int axis, const std::vector<int64_t>& indices) {
  return IsAll(indices, tensor.shape()[axis]) ? tensor : Gather(tensor, axis, indices);
}

std::vector<int64_t> Range(int64_t count) {
  std::vector<int64_t> range(static_cast<size_t>(count));
  std::iota(range.begin(), range.end(), 0);
  return range;
}

// Where each of `features` stands in the ascending list `within`.
std::vector<int64_t> PositionsIn(const std::vector<int64_t>& within,
                                 const std::vector<int64_t>& features) {
  std::vector<int64_t> positions;
  for (const int64_t feature : features) {
    positions.push_back(std::lower_bound(within.begin(), within.end(), feature) - within.begin());
  }
  return positions;
}

}  // namespace

ShardBuilder::ShardBuilder(const CutContext& context, NodeId node)
    : context_(context), node_(node), names_(context.graph) {
  for (const Transfer& transfer : context.traffic) {
    if (transfer.from == node) outgoing_[transfer.value].push_back(&transfer);
    if (transfer.to != node) continue;
    auto& transfers = incoming_[transfer.value];
    if (transfers.empty()) receive_order_.push_back(transfer.value);
    transfers.push_back(&transfer);
  }
}

Status ShardBuilder::AppendOp(OpId id) {
  if (!context_.ops.Runs(id, node_)) return {};
  const Op& op = context_.graph.op(id);
  const FeatureRule rule = RuleOf(context_.graph, op, context_.axes);
  if (rule.kind == FeatureRule::Kind::kReplicated) return AppendWhole(op);
  if (rule.kind == FeatureRule::Kind::kMixing) {
    DISCO_TRY(AppendMixing(op));
  } else {
    DISCO_TRY(AppendTied(op, rule));
  }
  AppendSends(op.outputs[0]);
  return {};
}

Status ShardBuilder::AppendWhole(const Op& op) {
  std::vector<ValueId> inputs;
  for (const ValueId input : op.inputs) {
    if (input == kNoValue || context_.graph.IsConstant(input)) {
      inputs.push_back(input == kNoValue ? kNoValue : Constant(input));
      continue;
    }
    DISCO_ASSIGN(const ValueId whole, Whole(op, input));
    inputs.push_back(whole);
  }
  whole_[op.outputs[0]] = Emit(op, op.name, std::move(inputs), op.params);
  for (size_t slot = 1; slot < op.outputs.size(); ++slot) {
    if (!op.HasOutput(slot)) continue;
    const ValueId extra = shard_.AddValue(NameOf(op.outputs[slot]));
    shard_.ops.back().outputs.resize(slot, kNoValue);
    shard_.ops.back().outputs.push_back(extra);
    whole_[op.outputs[slot]] = extra;
  }
  shard_.value(whole_[op.outputs[0]]).name = NameOf(op.outputs[0]);
  return {};
}

Status ShardBuilder::AppendMixing(const Op& op) {
  const ValueId input = op.inputs[0], output = op.outputs[0];
  const std::string& name = NameOf(output);
  const ValuePlan* part = PlanOf(input);
  if (part == nullptr || whole_.contains(input)) {
    DISCO_ASSIGN(const ValueId whole, Whole(op, input));
    const WeightAxes axes = WeightAxesOf(op);
    const int64_t features = context_.graph.value(op.inputs[1]).shape[axes.input];
    local_[output] = EmitMixing(op, name, whole, Range(features), true, {});
    return {};
  }
  const std::vector<int64_t> own = part->Owned(node_);
  const bool has_foreign = incoming_.contains(input);
  if (own.empty() && !has_foreign) {
    return OpError(op, ErrorKind::kInvalid,
                   "node {} owns outputs of it and reads no input; the plan makes no sense", node_);
  }
  if (!has_foreign) {
    local_[output] = EmitMixing(op, name, local_.at(input), own, true, {});
    return {};
  }
  if (own.empty() || Joins(input)) {
    const Arrival& all = Arrive(input);
    local_[output] = EmitMixing(op, name, all.value, all.features, true, all.stride);
    return {};
  }
  const ValueId local =
      EmitMixing(op, names_.Fresh(name + "@local"), local_.at(input), own, true, {});
  const Arrival& foreign = Arrive(input);
  const ValueId more = EmitMixing(op, names_.Fresh(name + "@foreign"), foreign.value,
                                  foreign.features, false, foreign.stride);
  local_[output] = shard_.AddOp(OpType::kAdd, name, {local, more});
  return {};
}

ValueId ShardBuilder::EmitMixing(const Op& op, const std::string& name, ValueId input,
                                 const std::vector<int64_t>& features, bool with_bias,
                                 const std::vector<int64_t>& stride) {
  const std::vector<int64_t> outputs = PlanOf(op.outputs[0])->Owned(node_);
  const WeightAxes axes = WeightAxesOf(op);
  const Tensor weights = Sliced(*context_.graph.ConstantInput(op, 1), axes.output, outputs);
  std::vector<ValueId> inputs = {
      input, AddConstant(name + "@weight", Sliced(weights, axes.input, features))};
  if (with_bias && op.HasInput(2)) {
    const Tensor& bias = *context_.graph.ConstantInput(op, 2);
    const int last = bias.shape().rank() - 1;
    const bool per_output =
        last >= 0 && bias.shape()[last] == context_.graph.value(op.inputs[1]).shape[axes.output];
    inputs.push_back(AddConstant(name + "@bias", per_output ? Sliced(bias, last, outputs) : bias));
  }
  OpParams params = op.params;
  // Only the positions that the stride reads have travelled.
  if (!stride.empty()) std::get<ConvParams>(params).window.strides.clear();
  return Emit(op, name, std::move(inputs), std::move(params));
}

Status ShardBuilder::AppendTied(const Op& op, const FeatureRule& rule) {
  const ValueId output = op.outputs[0];
  const std::vector<int64_t> wanted = PlanOf(output)->Owned(node_);
  std::vector<ValueId> inputs;
  for (size_t slot = 0; slot < op.inputs.size(); ++slot) {
    DISCO_ASSIGN(const ValueId input, TiedInput(op, slot, rule, wanted));
    if (op.type != OpType::kConcat || input != kNoValue) inputs.push_back(input);
  }
  // Of a node's part more axes may have extent 1 than of the whole.
  if (op.type == OpType::kSqueeze && !op.HasInput(1)) {
    inputs.resize(1);
    inputs.push_back(AddConstant(NameOf(output) + "@parameter",
                                 Tensor::Indices(SqueezedAxes(context_.graph, op))));
  }
  OpParams params = op.params;
  if (rule.kind == FeatureRule::Kind::kGrouped) {
    const int64_t outputs_per_group = rule.features / op.as<ConvParams>().group;
    std::get<ConvParams>(params).group = static_cast<int64_t>(wanted.size()) / outputs_per_group;
  }
  local_[output] = Emit(op, NameOf(output), std::move(inputs), std::move(params));
  return {};
}

Result<ValueId> ShardBuilder::TiedInput(const Op& op, size_t slot, const FeatureRule& rule,
                                        const std::vector<int64_t>& wanted) {
  const ValueId input = op.inputs[slot];
  if (input == kNoValue) return kNoValue;
  if (IsParameterSlot(op.type, slot)) return ParameterInput(op, slot, rule, wanted);
  if (context_.graph.IsConstant(input) && op.type != OpType::kConcat)
    return NarrowedConstant(op, slot, rule, wanted);
  if (PlanOf(input) == nullptr) return NarrowedWhole(op, slot, rule, wanted);
  const auto local = local_.find(input);
  return local == local_.end() ? kNoValue : local->second;
}

ValueId ShardBuilder::ParameterInput(const Op& op, size_t slot, const FeatureRule& rule,
                                     const std::vector<int64_t>& wanted) {
  const std::string name = NameOf(op.outputs[0]) + "@parameter";
  if (op.type == OpType::kReshape) {
    std::vector<int64_t> target = context_.graph.value(op.outputs[0]).shape.dims();
    target[static_cast<size_t>(rule.axis)] = static_cast<int64_t>(wanted.size());
    target[0] = -1;  // for any batch
    return AddConstant(name, Tensor::Indices(target));
  }
  const bool over_features =
      op.type == OpType::kGather &&
      *NormalizeAxis(op.as<AxisParams>().axis, context_.graph.value(op.inputs[0]).shape.rank()) ==
          PlanOf(op.inputs[0])->axis;
  if (!over_features) return Constant(op.inputs[slot]);
  std::vector<int64_t> sources;
  for (const int64_t feature : wanted)
    sources.push_back(rule.origins[0].from[static_cast<size_t>(feature)]);
  return AddConstant(name,
                     Tensor::Indices(PositionsIn(PlanOf(op.inputs[0])->Owned(node_), sources)));
}

ValueId ShardBuilder::NarrowedConstant(const Op& op, size_t slot, const FeatureRule& rule,
                                       const std::vector<int64_t>& wanted) {
  const Tensor& tensor = *context_.graph.value(op.inputs[slot]).constant;
  // Weights of a grouped Conv and statistics of a BatchNormalization count features on axis 0.
  std::optional<int> axis = 0;
  if (op.type == OpType::kAdd || op.type == OpType::kMul) {
    axis = AlignedAxis(tensor.shape(), context_.graph.value(op.outputs[0]).shape.rank(), rule.axis,
                       rule.features);
  }
  if (!axis) return Constant(op.inputs[slot]);
  return AddConstant(fmt::format("{}@{}", NameOf(op.outputs[0]), slot),
                     Sliced(tensor, *axis, wanted));
}

Result<ValueId> ShardBuilder::NarrowedWhole(const Op& op, size_t slot, const FeatureRule& rule,
                                            const std::vector<int64_t>& wanted) {
  const Shape& shape = context_.graph.value(op.inputs[slot]).shape;
  const std::string name = fmt::format("{}@{}", NameOf(op.outputs[0]), slot);
  std::vector<int64_t> features = wanted;
  int axis = rule.axis;
  if (rule.kind == FeatureRule::Kind::kGrouped) {
    const int64_t width = shape[1] / op.as<ConvParams>().group;
    features.clear();
    for (const int64_t feature : wanted) {
      const int64_t first = rule.origins[0].from[static_cast<size_t>(feature)];
      for (int64_t i = 0; i < width && (features.empty() || features.back() < first + i); ++i)
        features.push_back(first + i);
    }
    axis = 1;
  } else if (op.type == OpType::kConcat) {
    const int joined = *NormalizeAxis(op.as<AxisParams>().axis, shape.rank());
    int64_t offset = 0;
    for (size_t before = 0; joined == axis && before < slot; ++before)
      offset += context_.graph.value(op.inputs[before]).shape[axis];
    for (int64_t& feature : features) feature -= offset;
    std::erase_if(features, [&](int64_t feature) { return feature < 0 || feature >= shape[axis]; });
    if (features.empty()) return kNoValue;  // the node may not have it
  } else if (op.type == OpType::kBatchNormalization && slot > 0) {
    axis = 0;  // one number per feature
  } else {
    const auto aligned = AlignedAxis(shape, context_.graph.value(op.outputs[0]).shape.rank(),
                                     rule.axis, rule.features);
    if (!aligned) return Whole(op, op.inputs[slot]);
    axis = *aligned;
  }
  DISCO_ASSIGN(const ValueId whole, Whole(op, op.inputs[slot]));
  return IsAll(features, shape[axis]) ? whole : EmitGather(name, whole, axis, features);
}

void ShardBuilder::AppendSends(ValueId value) {
  const auto transfers = outgoing_.find(value);
  if (transfers == outgoing_.end()) return;
  const std::vector<int64_t> own = PlanOf(value)->Owned(node_);
  for (const Transfer* transfer : transfers->second) {
    SendParams params{.to = transfer->to,
                      .transfer = transfer->id,
                      .axis = PlanOf(value)->axis,
                      .features = PositionsIn(own, transfer->features),
                      .stride = transfer->stride,
                      .wire = transfer->wire,
                      .with_next = PlanOf(value)->with_next};
    shard_.ops.push_back({fmt::format("{}@send{}", NameOf(value), transfer->to),
                          OpType::kSend,
                          std::move(params),
                          {local_.at(value)},
                          {}});
  }
}

// Receives stand in the order of the traffic: a stream between two nodes delivers in order, so to
// wait for an earlier value first costs nothing.
const ShardBuilder::Arrival& ShardBuilder::Arrive(ValueId wanted) {
  while (!arrived_.contains(wanted)) EmitReceive(receive_order_[received_++]);
  return arrived_.at(wanted);
}

// An op that needs the whole value reads it together in any case. What was thinned out by a stride
// has no place beside the local part.
bool ShardBuilder::Joins(ValueId value) const {
  const bool thinned = !incoming_.at(value).front()->stride.empty();
  const bool gathered = !context_.ops.readers(value).replicated.empty();
  const bool fused = PlanOf(value)->call == MixingCall::kFused;
  return !thinned && (gathered || fused) && local_.contains(value);
}

void ShardBuilder::EmitReceive(ValueId value) {
  ReceiveParams params{.axis = PlanOf(value)->axis};
  Arrival arrival;
  std::vector<ValueId> inputs;
  if (Joins(value)) {
    arrival.features = PlanOf(value)->Owned(node_);
    inputs = {local_.at(value)};
  }
  for (const Transfer* transfer : incoming_.at(value)) {
    const auto count = static_cast<int64_t>(transfer->features.size());
    params.sources.push_back({transfer->from, transfer->id, count});
    params.shape = transfer->shape;
    params.wire.type = transfer->wire.type;
    params.wire.scales.insert(params.wire.scales.end(), transfer->wire.scales.begin(),
                              transfer->wire.scales.end());
    arrival.features.insert(arrival.features.end(), transfer->features.begin(),
                            transfer->features.end());
    arrival.stride = transfer->stride;
  }
  params.shape[params.axis] = static_cast<int64_t>(arrival.features.size());
  const std::string name = names_.Fresh(NameOf(value) + (inputs.empty() ? "@received" : "@joined"));
  arrival.value = shard_.AddOp(OpType::kReceive, name, std::move(inputs), std::move(params));
  arrived_[value] = std::move(arrival);
}

Result<ValueId> ShardBuilder::Whole(const Op& reader, ValueId value) {
  if (const auto known = whole_.find(value); known != whole_.end()) return known->second;
  if (context_.graph.IsConstant(value)) return Constant(value);
  const ValuePlan* part = PlanOf(value);
  if (part == nullptr) {  // an input of the network
    const auto& inputs = context_.graph.inputs;
    const Value& input = context_.graph.value(value);
    network_inputs_.push_back(
        static_cast<size_t>(std::find(inputs.begin(), inputs.end(), value) - inputs.begin()));
    shard_.inputs.push_back(shard_.AddValue(input.name, input.dtype, input.shape));
    return whole_[value] = shard_.inputs.back();
  }
  const bool received = incoming_.contains(value);
  const std::vector<int64_t> features = received ? Arrive(value).features : part->Owned(node_);
  if (features.size() != part->owner.size()) {
    return OpError(reader, ErrorKind::kInvalid, "it needs all of '{}', but the plan prunes it",
                   NameOf(value));
  }
  ValueId whole = received ? arrived_.at(value).value : local_.at(value);
  if (!std::is_sorted(features.begin(), features.end())) {
    std::vector<int64_t> order(features.size());
    for (size_t i = 0; i < features.size(); ++i)
      order[static_cast<size_t>(features[i])] = static_cast<int64_t>(i);
    whole = EmitGather(NameOf(value) + "@whole", whole, part->axis, order);
  }
  return whole_[value] = whole;
}

ValueId ShardBuilder::Constant(ValueId value) {
  const auto [place, fresh] = constants_.try_emplace(value, kNoValue);
  if (fresh)
    place->second = shard_.AddConstant(NameOf(value), *context_.graph.value(value).constant);
  return place->second;
}

ValueId ShardBuilder::Emit(const Op& op, const std::string& name, std::vector<ValueId> inputs,
                           OpParams params) {
  return shard_.AddOp(op.type, name, std::move(inputs), std::move(params));
}

ValueId ShardBuilder::EmitGather(std::string name, ValueId input, int axis,
                                 const std::vector<int64_t>& indices) {
  name = names_.Fresh(std::move(name));
  const ValueId list = AddConstant(name + "@indices", Tensor::Indices(indices));
  return shard_.AddOp(OpType::kGather, name, {input, list}, AxisParams{axis});
}

Status ShardBuilder::AppendOutputs(std::vector<OutputSource>& sources) {
  for (size_t i = 0; i < context_.graph.outputs.size(); ++i) {
    const ValueId output = context_.graph.outputs[i];
    const ValuePlan* part = PlanOf(output);
    if (part == nullptr) {
      if (node_ != kReturningNode) continue;
      DISCO_ASSIGN(const ValueId whole, Whole(Op{.name = NameOf(output)}, output));
      sources[i].parts.push_back({node_, shard_.outputs.size(), {}});
      shard_.outputs.push_back(whole);
      continue;
    }
    sources[i].axis = part->axis;
    std::vector<int64_t> features = part->Owned(node_);
    if (features.empty()) continue;
    sources[i].parts.push_back({node_, shard_.outputs.size(), std::move(features)});
    shard_.outputs.push_back(local_.at(output));
  }
  return {};
}

}  // namespace disco
