// SPDX-License-Identifier: Apache-2.0
#include "disco/shard/shard_builder.h"

#include <algorithm>
#include <numeric>

#include "disco/op/op_def.h"
#include "disco/op/op_name.h"
#include "disco/op/work.h"
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

// The input features that output features `wanted` are made of.
std::vector<int64_t> SourcesOf(const FeatureOrigin& origin, const std::vector<int64_t>& wanted) {
  std::vector<int64_t> sources;
  int64_t last = -1;  // of a group, whose features follow one another
  for (const int64_t feature : wanted) {
    const int64_t first = origin.from[static_cast<size_t>(feature)];
    if (first < 0 || first == last) continue;
    for (int64_t i = 0; i < origin.width; ++i) sources.push_back(first + i);
    last = first;
  }
  return sources;
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

ShardBuilder::ShardBuilder(const BoundPlan& bound, NodeId node)
    : bound_(bound), graph_(bound.graph()), node_(node), names_(bound.graph()) {
  for (const Transfer& transfer : bound.traffic()) {
    if (transfer.from == node) outgoing_[transfer.value].push_back(&transfer);
    if (transfer.to != node) continue;
    auto& transfers = incoming_[transfer.value];
    if (transfers.empty()) receive_order_.push_back(transfer.value);
    transfers.push_back(&transfer);
  }
}

Status ShardBuilder::AppendOp(OpId id) {
  if (!bound_.Runs(id, node_)) return {};
  const Op& op = graph_.op(id);
  const FeatureRule& rule = bound_.coupling().rule(id);
  switch (rule.kind) {
    case FeatureRule::Kind::kReplicated:
      return AppendWhole(op);
    case FeatureRule::Kind::kMixing:
      DISCO_TRY(AppendMixing(op, rule.outputs[0]));
      break;
    case FeatureRule::Kind::kGrouped:
    case FeatureRule::Kind::kTied:
      DISCO_TRY(AppendTied(op, rule));
      break;
    case FeatureRule::Kind::kSelected:
      AppendSelected(op, rule);
      break;
  }
  for (const ValueId output : op.outputs) {
    if (output != kNoValue) AppendSends(output);
  }
  return {};
}

void ShardBuilder::AddOutputs(const Op& op, std::map<ValueId, ValueId>& made) {
  made[op.outputs[0]] = shard_.ops.back().outputs[0];
  for (size_t slot = 1; slot < op.outputs.size(); ++slot) {
    if (!op.HasOutput(slot)) continue;
    const ValueId extra = shard_.AddValue(NameOf(op.outputs[slot]));
    shard_.ops.back().outputs.resize(slot, kNoValue);
    shard_.ops.back().outputs.push_back(extra);
    made[op.outputs[slot]] = extra;
  }
}

Status ShardBuilder::AppendWhole(const Op& op) {
  std::vector<ValueId> inputs;
  for (const ValueId input : op.inputs) {
    if (input == kNoValue || graph_.IsConstant(input)) {
      inputs.push_back(input == kNoValue ? kNoValue : Constant(input));
      continue;
    }
    DISCO_ASSIGN(const ValueId whole, Whole(op, input));
    inputs.push_back(whole);
  }
  const ValueId first = Emit(op, op.name, std::move(inputs), op.params);
  AddOutputs(op, whole_);
  shard_.value(first).name = NameOf(op.outputs[0]);
  return {};
}

Status ShardBuilder::AppendMixing(const Op& op, const OutputFeatures& output_features) {
  const MixingPart whole_sum{op, output_features}, rest{op, output_features, false};
  const ValueId input = op.inputs[0], output = op.outputs[0];
  const std::string& name = NameOf(output);
  const ValuePlan* part = bound_.part(input);
  if (part == nullptr || whole_.contains(input)) {
    DISCO_ASSIGN(const ValueId whole, Whole(op, input));
    const MixingWeights axes = *MixingWeightsOf(graph_, op);
    const int64_t features = graph_.value(op.inputs[1]).shape[axes.input];
    local_[output] = EmitMixing(whole_sum, name, whole, EachFeature(features), {});
    return {};
  }
  const std::vector<int64_t> own = part->Owned(node_);
  const bool has_foreign = incoming_.contains(input);
  if (own.empty() && !has_foreign) {
    return OpError(op, ErrorKind::kInvalid,
                   "node {} owns outputs of it and reads no input; the plan makes no sense", node_);
  }
  if (!has_foreign) {
    local_[output] = EmitMixing(whole_sum, name, local_.at(input), own, {});
    return {};
  }
  if (own.empty() || Joins(input)) {
    const Arrival& all = Arrive(input);
    local_[output] = EmitMixing(whole_sum, name, all.value, all.features, all.stride);
    return {};
  }
  const ValueId local =
      EmitMixing(whole_sum, names_.Fresh(name + "@local"), local_.at(input), own, {});
  const Arrival& foreign = Arrive(input);
  const ValueId more = EmitMixing(rest, names_.Fresh(name + "@foreign"), foreign.value,
                                  foreign.features, foreign.stride);
  local_[output] = shard_.AddOp(OpType::kAdd, name, {local, more});
  return {};
}

ValueId ShardBuilder::EmitMixing(const MixingPart& part, const std::string& name, ValueId input,
                                 const std::vector<int64_t>& features,
                                 const std::vector<int64_t>& stride) {
  const Op& op = part.op;
  const std::vector<int64_t> outputs = bound_.part(op.outputs[0])->Owned(node_);
  const MixingWeights axes = *MixingWeightsOf(graph_, op);
  const Tensor weights = Sliced(*graph_.ConstantInput(op, 1), axes.output, outputs);
  std::vector<ValueId> inputs = {
      input, AddConstant(name + "@weight", Sliced(weights, axes.input, features))};
  if (part.with_bias && op.HasInput(2)) {
    const Tensor& bias = *graph_.ConstantInput(op, 2);
    const FeatureOrigin* origin = part.output.OriginOf(2);
    inputs.push_back(AddConstant(name + "@bias",
                                 origin == nullptr ? bias : Sliced(bias, origin->axis, outputs)));
  }
  OpParams params = op.params;
  // Only the positions that the stride reads have travelled.
  if (!stride.empty()) std::get<ConvParams>(params).window.strides.clear();
  return Emit(op, name, std::move(inputs), std::move(params));
}

Status ShardBuilder::AppendTied(const Op& op, const FeatureRule& rule) {
  const std::string& name = NameOf(op.outputs[0]);
  const OpDef& def = DefOf(op);
  const std::vector<int64_t> wanted = bound_.part(op.outputs[0])->Owned(node_);
  std::vector<ValueId> inputs;
  for (size_t slot = 0; slot < op.inputs.size(); ++slot) {
    DISCO_ASSIGN(const ValueId input, TiedInput(op, slot, rule.outputs[0], wanted));
    const bool nothing_of_many = input == kNoValue && def.arity.most_inputs == Arity::kAny;
    if (!nothing_of_many) inputs.push_back(input);
  }
  Narrowed narrowed{op.params};
  if (def.narrow != nullptr) def.narrow({graph_, op, rule, wanted}, narrowed);
  for (auto& [slot, tensor] : narrowed.constants) {
    inputs.resize(std::max(inputs.size(), slot + 1), kNoValue);
    inputs[slot] = AddConstant(name + "@parameter", std::move(tensor));
  }
  Emit(op, name, std::move(inputs), std::move(narrowed.params));
  AddOutputs(op, local_);
  return {};
}

// Each output is a Gather of the features that the node owns.
void ShardBuilder::AppendSelected(const Op& op, const FeatureRule& rule) {
  const std::vector<int64_t> own = bound_.part(op.inputs[0])->Owned(node_);
  for (size_t slot = 0; slot < op.outputs.size(); ++slot) {
    if (!op.HasOutput(slot)) continue;
    const FeatureOrigin& origin = rule.outputs[slot].origins[0];
    const std::string& name = NameOf(op.outputs[slot]);
    std::vector<int64_t> sources;
    for (const int64_t feature : bound_.part(op.outputs[slot])->Owned(node_))
      sources.push_back(origin.from[static_cast<size_t>(feature)]);
    if (sources.empty()) continue;
    const ValueId list =
        AddConstant(name + "@parameter", Tensor::Indices(PositionsIn(own, sources)));
    local_[op.outputs[slot]] = shard_.AddOp(OpType::kGather, name, {local_.at(op.inputs[0]), list},
                                            AxisParams{origin.axis});
  }
}

Result<ValueId> ShardBuilder::TiedInput(const Op& op, size_t slot, const OutputFeatures& output,
                                        const std::vector<int64_t>& wanted) {
  const ValueId input = op.inputs[slot];
  if (input == kNoValue) return kNoValue;
  const FeatureOrigin* origin = output.OriginOf(slot);
  if (graph_.IsConstant(input)) return NarrowedConstant(op, slot, origin, wanted);
  if (bound_.part(input) == nullptr)
    return origin == nullptr ? Whole(op, input) : NarrowedInput(op, slot, *origin, wanted);
  const auto local = local_.find(input);
  return local == local_.end() ? kNoValue : local->second;
}

ValueId ShardBuilder::NarrowedConstant(const Op& op, size_t slot, const FeatureOrigin* origin,
                                       const std::vector<int64_t>& wanted) {
  if (origin == nullptr) return Constant(op.inputs[slot]);
  const std::vector<int64_t> features = SourcesOf(*origin, wanted);
  if (features.empty()) return kNoValue;
  return AddConstant(fmt::format("{}@{}", NameOf(op.outputs[0]), slot),
                     Sliced(*graph_.ConstantInput(op, slot), origin->axis, features));
}

Result<ValueId> ShardBuilder::NarrowedInput(const Op& op, size_t slot, const FeatureOrigin& origin,
                                            const std::vector<int64_t>& wanted) {
  const std::vector<int64_t> features = SourcesOf(origin, wanted);
  if (features.empty()) return kNoValue;  // the node may not have it
  DISCO_ASSIGN(const ValueId whole, Whole(op, op.inputs[slot]));
  if (IsAll(features, graph_.value(op.inputs[slot]).shape[origin.axis])) return whole;
  return EmitGather(fmt::format("{}@{}", NameOf(op.outputs[0]), slot), whole, origin.axis,
                    features);
}

void ShardBuilder::AppendSends(ValueId value) {
  const auto transfers = outgoing_.find(value);
  if (transfers == outgoing_.end()) return;
  const std::vector<int64_t> own = bound_.part(value)->Owned(node_);
  for (const Transfer* transfer : transfers->second) {
    SendParams params{.to = transfer->to,
                      .transfer = transfer->id,
                      .axis = bound_.part(value)->axis,
                      .features = PositionsIn(own, transfer->features),
                      .stride = transfer->stride,
                      .wire = transfer->wire,
                      .with_next = bound_.part(value)->with_next};
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
  const bool gathered = !bound_.readers(value).replicated.empty();
  const bool fused = bound_.part(value)->call == MixingCall::kFused;
  return !thinned && (gathered || fused) && local_.contains(value);
}

void ShardBuilder::EmitReceive(ValueId value) {
  ReceiveParams params{.axis = bound_.part(value)->axis};
  Arrival arrival;
  std::vector<ValueId> inputs;
  if (Joins(value)) {
    arrival.features = bound_.part(value)->Owned(node_);
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
  if (graph_.IsConstant(value)) return Constant(value);
  const ValuePlan* part = bound_.part(value);
  if (part == nullptr) {  // an input of the network
    const auto& inputs = graph_.inputs;
    const Value& input = graph_.value(value);
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
  if (fresh) place->second = shard_.AddConstant(NameOf(value), *graph_.value(value).constant);
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
  for (size_t i = 0; i < graph_.outputs.size(); ++i) {
    const ValueId output = graph_.outputs[i];
    const ValuePlan* part = bound_.part(output);
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
