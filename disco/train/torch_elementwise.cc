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

// An op of one input, or of two, and without parameters.
template <auto kFunction>
Result<TorchOp> MakeUnary(const Graph&, const Op&) {
  return Unary(kFunction);
}
template <auto kFunction>
Result<TorchOp> MakeBinary(const Graph&, const Op&) {
  return [](std::span<const at::Tensor> inputs, const ForwardMode&) {
    return kFunction(inputs[0], inputs[1]);
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

Result<TorchOp> MakeLeakyRelu(const Graph&, const Op& op) {
  return Unary([alpha = op.as<LeakyReluParams>().alpha](const at::Tensor& x) {
    return at::leaky_relu(x, alpha);
  });
}

}  // namespace

std::span<const TorchEntry> TorchElementwise() {
  static constexpr TorchEntry kEntries[] = {
      {OpType::kAdd,
       MakeBinary<[](const at::Tensor& a, const at::Tensor& b) { return at::add(a, b); }>},
      {OpType::kClip, MakeClip},
      {OpType::kDropout, MakeDropout},
      {OpType::kHardSwish, MakeUnary<[](const at::Tensor& x) { return at::hardswish(x); }>},
      {OpType::kIdentity, MakeUnary<[](const at::Tensor& x) { return x; }>},
      {OpType::kLeakyRelu, MakeLeakyRelu},
      {OpType::kMul,
       MakeBinary<[](const at::Tensor& a, const at::Tensor& b) { return at::mul(a, b); }>},
      {OpType::kRelu, MakeUnary<[](const at::Tensor& x) { return at::relu(x); }>},
      {OpType::kSigmoid, MakeUnary<[](const at::Tensor& x) { return at::sigmoid(x); }>},
  };
  return kEntries;
}

}  // namespace disco
