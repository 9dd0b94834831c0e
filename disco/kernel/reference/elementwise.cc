// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

#include "disco/kernel/reference/ops.h"
#include "disco/op/op_name.h"
#include "disco/tensor/slice.h"

namespace disco::reference {
namespace {

// Whole numbers wrap around, as in NumPy.
struct Plus {
  template <class T>
  T operator()(T a, T b) const {
    if constexpr (std::is_floating_point_v<T>)
      return a + b;
    else
      return static_cast<T>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
  }
};
struct Times {
  template <class T>
  T operator()(T a, T b) const {
    if constexpr (std::is_floating_point_v<T>)
      return a * b;
    else
      return static_cast<T>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
  }
};

// y = function(a, b), both broadcast to the shape of y.
template <class T, class Function>
void Combine(const Tensor& a, const Tensor& b, Tensor& y, Function&& function) {
  const Shape& shape = y.shape();
  const auto to = y.MutableData<T>();
  const auto from_a = a.Data<T>(), from_b = b.Data<T>();
  const std::vector<int64_t> a_strides = BroadcastStrides(a.shape(), shape);
  const std::vector<int64_t> b_strides = BroadcastStrides(b.shape(), shape);
  for (int64_t index = 0; index < shape.elements(); ++index) {
    int64_t rest = index, at_a = 0, at_b = 0;
    for (int axis = shape.rank(); axis-- > 0;) {
      const int64_t along = rest % shape[axis];
      rest /= shape[axis];
      at_a += along * a_strides[static_cast<size_t>(axis)];
      at_b += along * b_strides[static_cast<size_t>(axis)];
    }
    to[static_cast<size_t>(index)] =
        function(from_a[static_cast<size_t>(at_a)], from_b[static_cast<size_t>(at_b)]);
  }
}

template <class Function>
Outputs Binary(const Call& call) {
  Tensor result = call.NewOutput();
  VisitDType(call.in(0).dtype(),
             [&]<class T>() { Combine<T>(call.in(0), call.in(1), result, Function()); });
  return std::vector{result};
}

template <class T, class Function>
Tensor Map(const Tensor& x, Function&& function) {
  Tensor y(x.dtype(), x.shape());
  const auto from = x.Data<T>();
  std::transform(from.begin(), from.end(), y.MutableData<T>().begin(), function);
  return y;
}

template <class T>
Result<T> Bound(const Call& call, size_t slot, T fallback) {
  if (!call.Has(slot)) return fallback;
  const Tensor& bound = call.in(slot);
  if (bound.elements() != 1 || bound.dtype() != DTypeOf<T>()) {
    return OpError(call.op, ErrorKind::kInvalid, "input {} has to be one {}", slot,
                   Name(DTypeOf<T>()));
  }
  return bound.Data<T>()[0];
}

template <class T>
Outputs ClipAs(const Call& call) {
  // Without a bound infinity becomes the largest number, as ONNX has it.
  DISCO_ASSIGN(const T least, Bound<T>(call, 1, std::numeric_limits<T>::lowest()));
  DISCO_ASSIGN(const T most, Bound<T>(call, 2, std::numeric_limits<T>::max()));
  return std::vector{Map<T>(call.in(0), [=](T x) { return std::min(std::max(x, least), most); })};
}

Outputs Clip(const Call& call) {
  return VisitDType(call.in(0).dtype(), [&]<class T>() -> Outputs { return ClipAs<T>(call); });
}

Outputs Relu(const Call& call) {
  return VisitDType(call.in(0).dtype(), [&]<class T>() -> Outputs {
    return std::vector{Map<T>(call.in(0), [](T x) { return std::max(x, T{}); })};
  });
}

Outputs LeakyRelu(const Call& call) {
  DISCO_TRY(RequireFloat(call));
  const float alpha = call.op.as<LeakyReluParams>().alpha;
  return std::vector{Map<float>(call.in(0), [alpha](float x) { return x < 0 ? alpha * x : x; })};
}

float HardSwish(float x) { return x * std::max(0.0f, std::min(1.0f, x / 6 + 0.5f)); }
// The exponential of no positive number, which would overflow.
float Sigmoid(float x) {
  const float e = std::exp(-std::abs(x));
  return (x >= 0 ? 1 : e) / (1 + e);
}

// An activation of float32 without parameters.
template <float (*kFunction)(float)>
Outputs Activation(const Call& call) {
  DISCO_TRY(RequireFloat(call));
  return std::vector{Map<float>(call.in(0), [](float x) { return kFunction(x); })};
}

}  // namespace

std::span<const KernelEntry> ElementwiseKernels() {
  static constexpr KernelEntry kEntries[] = {
      {OpType::kAdd, {Binary<Plus>}},
      {OpType::kClip, {Clip}},
      {OpType::kHardSwish, {Activation<HardSwish>}},
      {OpType::kLeakyRelu, {LeakyRelu}},
      {OpType::kMul, {Binary<Times>}},
      {OpType::kRelu, {Relu}},
      {OpType::kSigmoid, {Activation<Sigmoid>}},
  };
  return kEntries;
}

}  // namespace disco::reference
