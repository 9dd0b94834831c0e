// SPDX-License-Identifier: Apache-2.0
#include "disco/train/wire_program.h"

#include <algorithm>
#include <map>
#include <set>

#include "disco/op/work.h"
#include "disco/plan/mask.h"
#include "disco/train/torch_tensor.h"
#include "disco/train/torch_wire.h"

namespace disco {
namespace {

bool Contains(const auto& range, const auto& element) {
  return std::ranges::find(range, element) != std::ranges::end(range);
}

class Builder {
 public:
  Builder(const BoundPlan& bound, const TorchProgram& whole)
      : bound_(bound), graph_(bound.graph()), whole_(whole) {
    program_.slots = whole.slots;
  }

  TorchProgram Build() {
    for (size_t op = 0; op < graph_.ops.size(); ++op) Append(static_cast<OpId>(op));
    for (const ValueId output : whole_.outputs) {
      const bool returned = bound_.part(output) != nullptr && Contains(graph_.outputs, output);
      program_.outputs.push_back(returned ? output : Seen(output, kReturningNode));
    }
    FindLastReads(graph_, program_);
    return std::move(program_);
  }

 private:
  // Features of `value` that some node receives, where the wire changes them.
  std::vector<int64_t> Travelling(ValueId value) const {
    const ValuePlan* part = bound_.part(value);
    if (part == nullptr || part->wire.type == WireType::kF32) return {};
    std::set<int64_t> features;
    for (const auto& kept : part->kept) features.insert(kept.begin(), kept.end());
    return {features.begin(), features.end()};
  }

  ValueId Push(const std::string& name, TorchOp run, std::vector<ValueId> inputs,
               std::optional<ValueId> output = std::nullopt) {
    const ValueId slot = output ? *output : program_.slots++;
    program_.steps.push_back({name, std::move(run), std::move(inputs), slot, {}});
    return slot;
  }

  // The slot of the features that travel, as they arrive.
  ValueId Arrived(ValueId value) {
    const auto [place, fresh] = arrived_.try_emplace(value, kNoValue);
    if (fresh) {
      place->second = Push(graph_.value(value).name + "@wire",
                           MakeArrive(*bound_.part(value), Travelling(value)), {value});
    }
    return place->second;
  }

  // The slot of `value` with all its features as `node` has them.
  ValueId Seen(ValueId value, NodeId node) {
    if (const auto known = seen_.find({value, node}); known != seen_.end()) return known->second;
    const std::vector<int64_t> features = Travelling(value);
    if (features.empty()) return value;
    const ValuePlan& part = *bound_.part(value);
    const std::vector<int64_t>& foreign = part.kept[static_cast<size_t>(node)];
    if (foreign.empty()) return value;
    return seen_[{value, node}] =
               Push(fmt::format("{}@node{}", graph_.value(value).name, node),
                    MakeReplace(part.axis, features, foreign), {value, Arrived(value)});
  }

  std::vector<ValueId> InputsOn(NodeId node, OpId id) {
    std::vector<ValueId> inputs = whole_.steps[static_cast<size_t>(id)].inputs;
    for (ValueId& input : inputs) {
      if (input == kNoValue || graph_.IsConstant(input)) continue;
      // An op that is split reads its own node's features alone.
      const bool own =
          bound_.part(input) != nullptr && !Contains(bound_.readers(input).replicated, id);
      if (!own) input = Seen(input, node);
    }
    return inputs;
  }

  void Append(OpId id) {
    const ValueId input = graph_.op(id).inputs.empty() ? kNoValue : graph_.op(id).inputs[0];
    if (input != kNoValue && Contains(bound_.readers(input).mixing, id) &&
        !Travelling(input).empty()) {
      AppendMixing(id, input);
    } else {
      AppendByNode(id);
    }
  }

  void AppendMixing(OpId id, ValueId input) {
    const Op& op = graph_.op(id);
    const TorchStep& step = whole_.steps[static_cast<size_t>(id)];
    const ForeignPart part{ToTorch(ForeignMask(bound_, op)), MixingWeightsOf(graph_, op)->input,
                           Travelling(input)};
    std::vector<ValueId> inputs = step.inputs;
    inputs.push_back(Arrived(input));
    Push(step.name, MakeOverForeign(step.run, part), std::move(inputs), step.output);
  }

  // Once, where all nodes that run the op see the same; else once for each.
  void AppendByNode(OpId id) {
    const TorchStep& step = whole_.steps[static_cast<size_t>(id)];
    std::vector<NodeId> nodes;
    std::vector<std::vector<ValueId>> inputs;
    for (NodeId node = 0; node < bound_.nodes(); ++node) {
      if (!bound_.Runs(id, node)) continue;
      nodes.push_back(node);
      inputs.push_back(InputsOn(node, id));
    }
    if (nodes.empty()) return;  // nobody needs it
    if (std::ranges::count(inputs, inputs[0]) == std::ssize(inputs)) {
      Push(step.name, step.run, inputs[0], step.output);
      return;
    }
    std::vector<ValueId> made;
    for (size_t i = 0; i < nodes.size(); ++i) {
      made.push_back(Push(step.name, step.run, inputs[i]));
      if (bound_.part(step.output) == nullptr) seen_[{step.output, nodes[i]}] = made.back();
    }
    if (const ValuePlan* part = bound_.part(step.output)) {
      Push(step.name + "@join", MakeJoin(*part, nodes), std::move(made), step.output);
    }
  }

  const BoundPlan& bound_;
  const Graph& graph_;
  const TorchProgram& whole_;
  TorchProgram program_;
  std::map<ValueId, ValueId> arrived_;
  std::map<std::pair<ValueId, NodeId>, ValueId> seen_;  // where it is not the value's own
};

}  // namespace

TorchProgram OverTheWire(const BoundPlan& bound, const TorchProgram& program) {
  return Builder(bound, program).Build();
}

}  // namespace disco
