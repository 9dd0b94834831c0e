// SPDX-License-Identifier: Apache-2.0
#include "disco/train/torch_network.h"

#include "disco/op/op_def.h"
#include "disco/op/op_name.h"
#include "disco/op/set_batch.h"
#include "disco/train/torch_tensor.h"
#include "disco/train/wire_program.h"

namespace disco {
namespace {

// A batch unlike 1, so that the batch axis cannot be mistaken for one of extent 1, and unlike that
// of the file, so that nothing that is written for that one is left.
int64_t ShapeBatch(const Graph& graph) { return BatchOf(graph) == 2 ? 3 : 2; }

at::Tensor ChannelsLast(const at::Tensor& tensor) {
  return tensor.dim() == 4 ? tensor.contiguous(at::MemoryFormat::ChannelsLast) : tensor;
}

WeightKind KindOf(const Op& op, size_t slot, const Tensor& tensor) {
  if (slot >= DefOf(op).first_statistic) return WeightKind::kStatistic;
  return tensor.shape().rank() >= 2 ? WeightKind::kMatrix : WeightKind::kVector;
}

}  // namespace

Result<TorchNetwork> TorchNetwork::Make(Graph graph) {
  DISCO_TRY(SetBatch(graph, ShapeBatch(graph)));
  TorchNetwork network;
  network.inputs_ = graph.inputs;
  network.whole_ = {.outputs = graph.outputs, .slots = static_cast<ValueId>(graph.values.size())};
  DISCO_TRY(Guarded([&]() -> Status {
    network.AddWeights(graph);
    return network.AddSteps(graph);
  }));
  network.program_ = network.whole_;
  FindLastReads(graph, network.program_);
  return network;
}

void TorchNetwork::AddWeights(const Graph& graph) {
  constants_.resize(graph.values.size());
  for (const Op& op : graph.ops) {
    for (size_t slot = 0; slot < op.inputs.size(); ++slot) {
      const Tensor* constant = graph.ConstantInput(op, slot);
      if (constant == nullptr || IsParameterSlot(op.type, slot)) continue;
      const ValueId value = op.inputs[slot];
      at::Tensor& tensor = constants_[static_cast<size_t>(value)];
      if (tensor.defined()) continue;
      tensor = ChannelsLast(ToTorch(*constant));
      if (constant->dtype() != DType::kF32) continue;
      const WeightKind kind = KindOf(op, slot, *constant);
      tensor.set_requires_grad(kind != WeightKind::kStatistic);
      weights_.push_back({graph.value(value).name, value, kind, tensor});
    }
  }
}

Status TorchNetwork::AddSteps(const Graph& graph) {
  for (const Op& op : graph.ops) {
    DISCO_ASSIGN(TorchOp run, MakeTorchOp(graph, op));
    if (!op.HasOutput(0)) return OpError(op, ErrorKind::kInvalid, "has no output");
    TorchStep step{
        .name = op.name, .run = std::move(run), .inputs = op.inputs, .output = op.outputs[0]};
    for (size_t slot = 0; slot < step.inputs.size(); ++slot) {
      if (IsParameterSlot(op.type, slot)) step.inputs[slot] = kNoValue;
    }
    whole_.steps.push_back(std::move(step));
  }
  return {};
}

Status TorchNetwork::RunStep(const TorchStep& step, const ForwardMode& mode,
                             std::vector<at::Tensor>& slots) const {
  std::vector<at::Tensor> arguments;
  for (const ValueId input : step.inputs) {
    arguments.push_back(input == kNoValue ? at::Tensor() : slots[static_cast<size_t>(input)]);
  }
  const auto status = Guarded([&]() -> Status {
    slots[static_cast<size_t>(step.output)] = step.run(arguments, mode);
    return {};
  });
  if (!status) return At(fmt::format("op '{}'", step.name), status.error());
  for (const ValueId slot : step.last_reads) slots[static_cast<size_t>(slot)].reset();
  return {};
}

Result<std::vector<at::Tensor>> TorchNetwork::Forward(const std::vector<at::Tensor>& inputs,
                                                      const ForwardMode& mode) const {
  std::vector<at::Tensor> slots = constants_;
  slots.resize(static_cast<size_t>(program_.slots));
  for (size_t i = 0; i < inputs_.size(); ++i) {
    slots[static_cast<size_t>(inputs_[i])] = ChannelsLast(inputs[i]);
  }
  for (const TorchStep& step : program_.steps) DISCO_TRY(RunStep(step, mode, slots));
  std::vector<at::Tensor> outputs;
  for (const ValueId output : program_.outputs)
    outputs.push_back(slots[static_cast<size_t>(output)]);
  return outputs;
}

void TorchNetwork::SetWeights(const std::vector<at::Tensor>& tensors) {
  const at::NoGradGuard no_gradients;
  for (size_t i = 0; i < weights_.size(); ++i) weights_[i].tensor.copy_(tensors[i]);
}

void TorchNetwork::SetPlan(const BoundPlan& bound) { program_ = OverTheWire(bound, whole_); }

void TorchNetwork::WriteBack(Graph& graph) const {
  for (const Weight& weight : weights_) {
    graph.value(weight.value).constant = FromTorch(weight.tensor);
  }
}

}  // namespace disco
