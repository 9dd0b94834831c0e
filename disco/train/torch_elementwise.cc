// SPDX-License-Identifier: Apache-2.0
#include "disco/op/op_name.h"
#include "disco/train/torch_op.h"

namespace disco {
namespace {

// The number in optional parameter `slot`.
Result<std::optional<double>> ScalarParameter(const Graph& graph, const Op& op, size_t slot) {
  if (!op.HasInput(slot)) return std::nullopt;
  const Tensor* tensor = graph.ConstantInput(op, slot);
  if (tensor == nullptr || tensor->elements() != 1) {
    return OpError(op, ErrorKind::kUnsupported, "input {} has to be one constant number", slot);
  }
  return VisitDType(tensor->dtype(),
                    [&]<class T>() { return static_cast<double>(tensor->Data<T>()[0]); });
}

template <class Function>
TorchOp Unary(Function function) {
  return [function](std::span<const at::Tensor> inputs, const ForwardMode&) {
    return function(inputs[0]);
  };
}

Result<TorchOp> MakeClip(const Graph& graph, const Op& op) {
  DISCO_ASSIGN(const std::optional<double> low, ScalarParameter(graph, op, 1));
  DISCO_ASSIGN(const std::optional<double> high, ScalarParameter(graph, op, 2));
  return Unary([low, high](at::Tensor x) {
    if (low) x = at::clamp_min(x, *low);
    if (high) x = at::clamp_max(x, *high);
    return x;
  });
}

Result<TorchOp> MakeDropout(const Graph& graph, const Op& op) {
  DISCO_ASSIGN(const std::optional<double> ratio, ScalarParameter(graph, op, 1));
  return
      [share = ratio.value_or(0.5)](std::span<const at::Tensor> inputs, const ForwardMode& mode) {
        return at::dropout(inputs[0], share, mode.dropout);
      };
}

}  // namespace

Result<TorchOp> MakeTorchElementwise(const Graph& graph, const Op& op) {
  switch (op.type) {
    case OpType::kAdd:
      return [](std::span<const at::Tensor> inputs, const ForwardMode&) {
        return at::add(inputs[0], inputs[1]);
      };
    case OpType::kMul:
      return [](std::span<const at::Tensor> inputs, const ForwardMode&) {
        return at::mul(inputs[0], inputs[1]);
      };
    case OpType::kClip:
      return MakeClip(graph, op);
    case OpType::kDropout:
      return MakeDropout(graph, op);
    case OpType::kHardSwish:
      return Unary([](const at::Tensor& x) { return at::hardswish(x); });
    case OpType::kLeakyRelu:
      return Unary([alpha = op.as<LeakyReluParams>().alpha](const at::Tensor& x) {
        return at::leaky_relu(x, alpha);
      });
    case OpType::kRelu:
      return Unary([](const at::Tensor& x) { return at::relu(x); });
    case OpType::kSigmoid:
      return Unary([](const at::Tensor& x) { return at::sigmoid(x); });
    default:
      return Unary([](const at::Tensor& x) { return x; });
  }
}

}  // namespace disco
