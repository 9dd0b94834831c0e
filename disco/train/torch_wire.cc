// SPDX-License-Identifier: Apache-2.0
#include "disco/train/torch_wire.h"

#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <tuple>

#include "disco/train/torch_tensor.h"

namespace disco {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

at::Tensor IndexOf(const std::vector<int64_t>& indices) {
  return ToTorch(Tensor::Indices(indices));
}

// A wire made ready for payloads [..., K], features innermost.
struct Codes {
  WireType type = WireType::kF32;
  std::vector<Int8Code> codes;  // of each feature; kInt8 only

  // What x of feature k arrives as, and whether it was not clipped.
  std::pair<float, bool> Carry(float x, size_t k) const {
    switch (type) {
      case WireType::kF32:
        break;
      case WireType::kF16:
        return {DecodeHalf(EncodeHalf(x)), std::abs(x) <= kMostHalf};
      case WireType::kInt8:
        return {codes[k].Decode(codes[k].Encode(x)), codes[k].Covers(x)};
    }
    return {x, true};
  }
};

// `payload` is float and contiguous; `passed` is bool, of its shape.
at::Tensor Carry(const at::Tensor& payload, const Codes& codes, const at::Tensor& passed) {
  constexpr int64_t kRowsPerTask = 1024;
  const at::Tensor arrived = at::empty_like(payload);
  const int64_t features = payload.size(-1);
  const int64_t rows = features == 0 ? 0 : payload.numel() / features;
  const float* const from = payload.data_ptr<float>();
  float* const to = arrived.data_ptr<float>();
  bool* const pass = passed.data_ptr<bool>();
  at::parallel_for(0, rows, kRowsPerTask, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      for (int64_t k = 0; k < features; ++k) {
        const int64_t i = row * features + k;
        std::tie(to[i], pass[i]) = codes.Carry(from[i], static_cast<size_t>(k));
      }
    }
  });
  return arrived;
}

class StraightThrough : public torch::autograd::Function<StraightThrough> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& payload,
                            const std::shared_ptr<const Codes>& codes) {
    const at::Tensor passed = at::empty_like(payload, at::kBool);
    context->save_for_backward({passed});
    return Carry(payload, *codes, passed);
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    return {gradients[0] * context->get_saved_variables()[0], at::Tensor()};
  }
};

}  // namespace

TorchOp MakeArrive(const ValuePlan& part, const std::vector<int64_t>& features) {
  Codes codes{.type = part.wire.type};
  for (const int64_t feature : features) {
    if (codes.type != WireType::kInt8) break;
    codes.codes.emplace_back(part.wire.scales[static_cast<size_t>(feature)]);
  }
  return [axis = part.axis, index = IndexOf(features),
          shared = std::make_shared<const Codes>(std::move(codes))](
             std::span<const at::Tensor> inputs, const ForwardMode&) {
    const at::Tensor payload =
        inputs[0].movedim(axis, -1).index_select(-1, index).to(at::kFloat).contiguous();
    return StraightThrough::apply(payload, shared).movedim(-1, axis);
  };
}

TorchOp MakeReplace(int axis, const std::vector<int64_t>& features,
                    const std::vector<int64_t>& foreign) {
  std::vector<int64_t> places;
  for (const int64_t feature : foreign) {
    places.push_back(std::ranges::lower_bound(features, feature) - features.begin());
  }
  return [axis, from = IndexOf(places), to = IndexOf(foreign)](std::span<const at::Tensor> inputs,
                                                               const ForwardMode&) {
    const at::Tensor arrived = inputs[1].index_select(axis, from).to(inputs[0].scalar_type());
    return inputs[0].index_copy(axis, to, arrived);
  };
}

TorchOp MakeOverForeign(const TorchOp& op, const ForeignPart& part) {
  const at::Tensor index = IndexOf(part.features);
  return [op, axis = part.weight_axis, index, own = 1 - part.mask,
          foreign = part.mask.index_select(part.weight_axis, index)](
             std::span<const at::Tensor> inputs, const ForwardMode& mode) {
    const at::Tensor& weights = inputs[1];
    std::vector<at::Tensor> with_own(inputs.begin(), inputs.end() - 1);
    with_own[1] = weights * own;
    const std::vector<at::Tensor> with_foreign = {inputs.back(),
                                                  weights.index_select(axis, index) * foreign};
    return op(with_own, mode) + op(with_foreign, mode);
  };
}

TorchOp MakeJoin(const ValuePlan& part, const std::vector<NodeId>& nodes) {
  std::vector<at::Tensor> owned;
  for (const NodeId node : nodes) owned.push_back(IndexOf(part.Owned(node)));
  return [axis = part.axis, owned](std::span<const at::Tensor> inputs, const ForwardMode&) {
    at::Tensor joined = inputs[0];
    for (size_t i = 1; i < owned.size(); ++i) {
      joined = joined.index_copy(axis, owned[i], inputs[i].index_select(axis, owned[i]));
    }
    return joined;
  };
}

}  // namespace disco
