// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "disco/kernel/reference/float_watch.h"
#include "disco/kernel/reference/payload.h"
#include "disco/kernel/reference/reference.h"
#include "disco/kernel/throttle.h"
#include "disco/op/op_def.h"
#include "disco/op/op_name.h"
#include "disco/op/work.h"
#include "disco/tensor/slice.h"

namespace disco {
namespace {

Status CheckTensor(const Value& value, const Tensor& tensor, std::string_view what) {
  if (tensor.dtype() == value.dtype && tensor.shape() == value.shape) return {};
  return Fail(ErrorKind::kInvalid, "{} '{}' is {} {}, but the program was made for {} {}", what,
              value.name, Name(tensor.dtype()), ToString(tensor.shape()), Name(value.dtype),
              ToString(value.shape));
}

StepKind KindOf(const Op& op) {
  if (op.type == OpType::kSend) return StepKind::kSend;
  return op.type == OpType::kReceive ? StepKind::kReceive : StepKind::kCompute;
}

class ReferenceProgram : public Program {
 public:
  ReferenceProgram(Graph graph, double throttle)
      : graph_(std::move(graph)), throttle_(throttle), last_readers_(graph_.values.size(), -1) {
    report_.kernels = "reference";
    report_.weights = WeightBytes(graph_);
    for (const Op& op : graph_.ops) {
      times_.push_back({op.name, KindOf(op)});
      for (const ValueId id : op.outputs) {
        if (id != kNoValue) report_.activations += SizeOf(graph_.value(id));
      }
    }
    const GraphIndex index(graph_);
    for (size_t id = 0; id < last_readers_.size(); ++id) {
      const auto& readers = index.readers(static_cast<ValueId>(id));
      if (!readers.empty()) last_readers_[id] = readers.back();
    }
    for (const ValueId id : graph_.outputs) last_readers_[static_cast<size_t>(id)] = -1;
  }

  Status Run(std::span<const Tensor> inputs, std::span<Tensor> outputs,
             Exchange* exchange) override {
    DISCO_TRY(CheckArguments(graph_, inputs, outputs));
    std::vector<Tensor> values(graph_.values.size());
    for (size_t i = 0; i < inputs.size(); ++i)
      values[static_cast<size_t>(graph_.inputs[i])] = inputs[i];
    for (size_t id = 0; id < values.size(); ++id) {
      if (graph_.values[id].constant) values[id] = *graph_.values[id].constant;
    }
    watch_.Begin(HoldNonFinite(inputs, exchange));
    for (size_t op = 0; op < graph_.ops.size(); ++op) {
      times_[op].start = Clock::now();
      if (exchange != nullptr) DISCO_TRY(exchange->GoOn());
      DISCO_TRY(RunOne(graph_.ops[op], values, exchange));
      Watch(graph_.ops[op], values);
      const bool computes = times_[op].kind == StepKind::kCompute;
      times_[op].end = HoldBack(times_[op].start, computes ? throttle_ : 1);
      for (const ValueId id : graph_.ops[op].inputs) {
        const bool done =
            id != kNoValue && last_readers_[static_cast<size_t>(id)] == static_cast<OpId>(op);
        if (done) values[static_cast<size_t>(id)] = Tensor();
      }
    }
    for (size_t i = 0; i < outputs.size(); ++i) {
      std::ranges::copy(values[static_cast<size_t>(graph_.outputs[i])].bytes(),
                        outputs[i].MutableBytes().begin());
    }
    return {};
  }

  const ProgramReport& report() const override { return report_; }
  std::span<const StepTime> steps() const override { return times_; }
  std::optional<std::string_view> overflow() const override { return watch_.overflow(); }

 private:
  void Watch(const Op& op, const std::vector<Tensor>& values) {
    std::span<const float> made;
    if (op.HasOutput(0) && graph_.value(op.outputs[0]).dtype == DType::kF32)
      made = values[static_cast<size_t>(op.outputs[0])].Data<float>();
    watch_.EndStep({op.name, made, true});  // every flag is about an element here
  }

  Status RunOne(const Op& op, std::vector<Tensor>& values, Exchange* exchange) const {
    if (DefOf(op).Is(kExchange)) {
      if (exchange == nullptr) return OpError(op, ErrorKind::kInvalid, "needs an exchange");
      return op.type == OpType::kSend ? Send(op, values, *exchange)
                                      : Receive(op, values, *exchange);
    }
    std::vector<Tensor> inputs;
    for (const ValueId id : op.inputs)
      inputs.push_back(id == kNoValue ? Tensor() : values[static_cast<size_t>(id)]);
    DISCO_ASSIGN(std::vector<Tensor> results, RunOp(graph_, op, inputs, exchange));
    for (size_t slot = 0; slot < op.outputs.size(); ++slot) {
      if (op.HasOutput(slot) && slot >= results.size()) {
        return OpError(op, ErrorKind::kUnsupported, "has no output {}", slot);
      }
      if (op.HasOutput(slot))
        values[static_cast<size_t>(op.outputs[slot])] = std::move(results[slot]);
    }
    return {};
  }

  Status Send(const Op& op, const std::vector<Tensor>& values, Exchange& exchange) const {
    const Tensor& value = values[static_cast<size_t>(op.inputs[0])];
    DISCO_ASSIGN(const PayloadIndex index, SendIndex(graph_, op, value.shape().strides()));
    std::vector<std::byte> payload(index.size_bytes());
    Pack(index, value.Data<float>().data(), payload);
    return exchange.Send(op.as<SendParams>(), payload);
  }

  Status Receive(const Op& op, std::vector<Tensor>& values, Exchange& exchange) const {
    Tensor value(DType::kF32, graph_.value(op.outputs[0]).shape);
    if (op.HasInput(0)) {
      const Tensor& own = values[static_cast<size_t>(op.inputs[0])];
      const int axis = op.as<ReceiveParams>().axis;
      std::vector<int64_t> first(static_cast<size_t>(own.shape()[axis]));
      std::iota(first.begin(), first.end(), 0);
      Scatter(own, axis, first, value);
    }
    DISCO_ASSIGN(const std::vector<PayloadIndex> indices,
                 ReceiveIndices(graph_, op, value.shape().strides()));
    float* elements = value.MutableData<float>().data();
    for (size_t i = 0; i < indices.size(); ++i) {
      std::vector<std::byte> payload(indices[i].size_bytes());
      DISCO_TRY(exchange.Receive(op.as<ReceiveParams>().sources[i], payload));
      Unpack(indices[i], payload, elements);
    }
    values[static_cast<size_t>(op.outputs[0])] = std::move(value);
    return {};
  }

  Graph graph_;
  double throttle_;
  FloatWatch watch_;
  std::vector<OpId> last_readers_;  // -1: never dropped
  std::vector<StepTime> times_;     // of each op
  ProgramReport report_;
};

}  // namespace

bool HoldNonFinite(std::span<const Tensor> inputs, const Exchange* exchange) {
  if (exchange != nullptr) return exchange->NetworkIsNotFinite();
  return std::ranges::any_of(inputs, [](const Tensor& input) { return HoldsNonFinite(input); });
}

Status CheckArguments(const Graph& graph, std::span<const Tensor> inputs,
                      std::span<const Tensor> outputs) {
  if (inputs.size() != graph.inputs.size() || outputs.size() != graph.outputs.size()) {
    return Fail(ErrorKind::kInvalid, "'{}' takes {} inputs and {} outputs, not {} and {}",
                graph.name, graph.inputs.size(), graph.outputs.size(), inputs.size(),
                outputs.size());
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    DISCO_TRY(CheckTensor(graph.value(graph.inputs[i]), inputs[i], "input"));
  }
  for (size_t i = 0; i < outputs.size(); ++i) {
    DISCO_TRY(CheckTensor(graph.value(graph.outputs[i]), outputs[i], "output"));
  }
  return {};
}

namespace {

// All values at once, and what the largest op needs beside them.
Bytes ProgramBytes(const Graph& graph) {
  constexpr int64_t kOpBytes = 1024;
  Bytes of_ops, largest;
  for (const Op& op : graph.ops) {
    of_ops += Bytes{kOpBytes + 2 * std::ssize(op.name)};
    largest = std::max(largest, RunBytes(graph, op));
  }
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  const Bytes features = FeatureBytes(graph), others = of_ops + largest;
  return features.value > kMost - others.value ? Bytes{kMost} : features + others;
}

}  // namespace

Result<std::unique_ptr<Program>> MakeReferenceProgram(Graph graph, const ProgramOptions& options) {
  DISCO_TRY(Take(options.memory, ProgramBytes(graph), "what the network computes"));
  for (const Op& op : graph.ops) {  // what an exchange would fail on is found now
    if (op.type == OpType::kSend) {
      DISCO_TRY(SendIndex(graph, op, graph.value(op.inputs[0]).shape.strides()));
    } else if (op.type == OpType::kReceive) {
      DISCO_TRY(ReceiveIndices(graph, op, graph.value(op.outputs[0]).shape.strides()));
    }
  }
  return std::make_unique<ReferenceProgram>(std::move(graph), options.throttle);
}

}  // namespace disco
