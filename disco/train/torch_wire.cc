// SPDX-License-Identifier: Apache-2.0
#include "disco/train/torch_wire.h"

#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "disco/train/torch_tensor.h"

namespace disco {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

at::Tensor IndexOf(const std::vector<int64_t>& indices) {
  return ToTorch(Tensor::Indices(indices));
}

// A value's wire made ready for rows [..., C], features innermost, of which [..., K] arrive.
struct Crossing {
  WireType type = WireType::kF32;
  std::vector<int64_t> features;  // K of C
  std::vector<Int8Code> codes;    // of each of them; kInt8 only

  // What x of feature features[k] arrives as, and whether it was not clipped.
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

// Calls function(wide, narrow, k) with the places of feature features[k] in each row of [..., C]
// and of [..., K]; rows at the same time.
template <class Function>
void ForEachElement(const std::vector<int64_t>& features, int64_t columns, int64_t elements,
                    Function function) {
  constexpr int64_t kRowsPerTask = 1024;
  const auto count = static_cast<int64_t>(features.size());
  at::parallel_for(0, elements / count, kRowsPerTask, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      for (int64_t k = 0; k < count; ++k) {
        const int64_t feature = features[static_cast<size_t>(k)];
        function(row * columns + feature, row * count + k, static_cast<size_t>(k));
      }
    }
  });
}

// One pass each way, where LibTorch's own ops on columns take several.
class StraightThrough : public torch::autograd::Function<StraightThrough> {
 public:
  // `rows` is float and contiguous.
  static at::Tensor forward(AutogradContext* context, const at::Tensor& rows,
                            const std::shared_ptr<const Crossing>& crossing) {
    std::vector<int64_t> sizes = rows.sizes().vec();
    const int64_t columns = std::exchange(sizes.back(), std::ssize(crossing->features));
    const at::Tensor arrived = at::empty(sizes, at::kFloat), passed = at::empty(sizes, at::kBool);
    ForEachElement(crossing->features, columns, arrived.numel(),
                   [&, from = rows.data_ptr<float>(), to = arrived.data_ptr<float>(),
                    pass = passed.data_ptr<bool>()](int64_t wide, int64_t narrow, size_t k) {
                     std::tie(to[narrow], pass[narrow]) = crossing->Carry(from[wide], k);
                   });
    context->save_for_backward({passed});
    context->saved_data["columns"] = columns;
    context->saved_data["features"] = crossing->features;
    return arrived;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const at::Tensor narrow_gradient = gradients[0].contiguous();
    const at::Tensor passed = context->get_saved_variables()[0];
    std::vector<int64_t> sizes = passed.sizes().vec();
    sizes.back() = context->saved_data["columns"].toInt();
    const at::Tensor gradient = at::zeros(sizes, at::kFloat);
    ForEachElement(context->saved_data["features"].toIntVector(), sizes.back(), passed.numel(),
                   [from = narrow_gradient.data_ptr<float>(), to = gradient.data_ptr<float>(),
                    pass = passed.data_ptr<bool>()](int64_t wide, int64_t narrow, size_t) {
                     if (pass[narrow]) to[wide] = from[narrow];
                   });
    return {gradient, at::Tensor()};
  }
};

}  // namespace

TorchOp MakeArrive(const ValuePlan& part, const std::vector<int64_t>& features) {
  Crossing crossing{.type = part.wire.type, .features = features};
  for (const int64_t feature : features) {
    if (crossing.type != WireType::kInt8) break;
    crossing.codes.emplace_back(part.wire.scales[static_cast<size_t>(feature)]);
  }
  return [axis = part.axis, shared = std::make_shared<const Crossing>(std::move(crossing))](
             std::span<const at::Tensor> inputs, const ForwardMode&) {
    const at::Tensor rows = inputs[0].movedim(axis, -1).to(at::kFloat).contiguous();
    return StraightThrough::apply(rows, shared).movedim(-1, axis);
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
