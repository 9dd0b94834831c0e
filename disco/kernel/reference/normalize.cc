// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "disco/kernel/reference/ops.h"
#include "disco/tensor/slice.h"

namespace disco::reference {
namespace {

// A tensor seen as [outer, extent, inner] around one axis.
struct AxisView {
  int64_t outer, extent, inner;
  size_t At(int64_t o, int64_t e, int64_t i) const {
    return static_cast<size_t>((o * extent + e) * inner + i);
  }
};

AxisView FeaturesOf(const Shape& shape) {
  return {shape[0], shape[1], shape.elements(2, shape.rank())};
}

// Applies function(c, at) to every element of every feature c.
template <class Function>
void ForEachInFeature(const AxisView& view, int64_t c, Function&& function) {
  for (int64_t n = 0; n < view.outer; ++n) {
    for (int64_t i = 0; i < view.inner; ++i) function(view.At(n, c, i));
  }
}

// Of one shape broadcast to another.
Tensor Broadcast(const Tensor& tensor, const Shape& to) {
  const std::vector<int64_t> strides = BroadcastStrides(tensor.shape(), to);
  Tensor result(DType::kF32, to);
  const auto from = tensor.Data<float>();
  const auto into = result.MutableData<float>();
  for (size_t element = 0; element < into.size(); ++element) {
    auto rest = static_cast<int64_t>(element);
    int64_t at = 0;
    for (int axis = to.rank(); axis-- > 0; rest /= to[axis])
      at += rest % to[axis] * strides[static_cast<size_t>(axis)];
    into[element] = from[static_cast<size_t>(at)];
  }
  return result;
}

struct Statistics {
  std::vector<double> mean, variance;
};

// Over batch and positions; the variance is that of the population, as ONNX asks.
Statistics StatisticsOf(std::span<const float> x, const AxisView& view) {
  Statistics statistics;
  const auto count = static_cast<double>(view.outer * view.inner);
  for (int64_t c = 0; c < view.extent; ++c) {
    double sum = 0, squares = 0;
    ForEachInFeature(view, c, [&](size_t at) { sum += static_cast<double>(x[at]); });
    const double mean = sum / count;
    ForEachInFeature(view, c, [&](size_t at) {
      squares += (static_cast<double>(x[at]) - mean) * (static_cast<double>(x[at]) - mean);
    });
    statistics.mean.push_back(mean);
    statistics.variance.push_back(squares / count);
  }
  return statistics;
}

Statistics GivenStatistics(const Tensor& mean, const Tensor& variance) {
  const auto m = mean.Data<float>(), v = variance.Data<float>();
  return {{m.begin(), m.end()}, {v.begin(), v.end()}};
}

// old * momentum + now * (1 - momentum)
Tensor Blend(const Tensor& old, const std::vector<double>& now, float momentum) {
  Tensor result(DType::kF32, old.shape());
  const auto to = result.MutableData<float>();
  const auto from = old.Data<float>();
  const auto share = static_cast<double>(momentum);
  for (size_t c = 0; c < to.size(); ++c) {
    to[c] = static_cast<float>(static_cast<double>(from[c]) * share + now[c] * (1 - share));
  }
  return result;
}

Outputs BatchNormalization(const Call& call) {
  DISCO_TRY(RequireFloat(call));
  const auto& params = call.op.as<BatchNormParams>();
  const auto x = call.in(0).Data<float>();
  const auto scale = call.in(1).Data<float>(), bias = call.in(2).Data<float>();
  const AxisView view = FeaturesOf(call.in(0).shape());
  const Statistics statistics =
      params.training ? StatisticsOf(x, view) : GivenStatistics(call.in(3), call.in(4));
  std::vector<Tensor> results = {call.NewOutput()};
  const auto y = results[0].MutableData<float>();
  for (int64_t c = 0; c < view.extent; ++c) {
    const auto i = static_cast<size_t>(c);
    const double factor = static_cast<double>(scale[i]) /
                          std::sqrt(statistics.variance[i] + static_cast<double>(params.epsilon));
    ForEachInFeature(view, c, [&](size_t at) {
      y[at] = static_cast<float>((static_cast<double>(x[at]) - statistics.mean[i]) * factor +
                                 static_cast<double>(bias[i]));
    });
  }
  if (call.op.outputs.size() > 1)
    results.push_back(Blend(call.in(3), statistics.mean, params.momentum));
  if (call.op.outputs.size() > 2)
    results.push_back(Blend(call.in(4), statistics.variance, params.momentum));
  return results;
}

// The statistics of each row, which is all that lies from the axis on; the variance is that of the
// population.
Outputs LayerNormalization(const Call& call) {
  DISCO_TRY(RequireFloat(call));
  const auto& params = call.op.as<LayerNormParams>();
  const Shape& shape = call.in(0).shape();
  DISCO_ASSIGN(const int axis, NormalizeAxis(params.axis, shape.rank()));
  const int64_t rows = shape.elements(0, axis), extent = shape.elements(axis, shape.rank());
  std::vector<Tensor> results = {call.NewOutput()};
  Shape one_per_row = shape;
  for (int i = axis; i < shape.rank(); ++i) one_per_row[i] = 1;
  for (int i = 0; i < 2; ++i) results.emplace_back(DType::kF32, one_per_row);
  const auto x = call.in(0).Data<float>();
  const auto y = results[0].MutableData<float>(), means = results[1].MutableData<float>(),
             inverses = results[2].MutableData<float>();
  const Tensor scale = Broadcast(call.in(1), shape);
  const Tensor bias = call.Has(2) ? Broadcast(call.in(2), shape) : Tensor(DType::kF32, shape);
  const auto s = scale.Data<float>(), b = bias.Data<float>();
  for (int64_t row = 0; row < rows; ++row) {
    DISCO_TRY(call.GoOn());
    const auto first = static_cast<size_t>(row * extent), count = static_cast<size_t>(extent);
    double sum = 0, squares = 0;
    for (size_t at = first; at < first + count; ++at) sum += static_cast<double>(x[at]);
    const double mean = sum / static_cast<double>(extent);
    for (size_t at = first; at < first + count; ++at)
      squares += (static_cast<double>(x[at]) - mean) * (static_cast<double>(x[at]) - mean);
    const double inverse =
        1 / std::sqrt(squares / static_cast<double>(extent) + static_cast<double>(params.epsilon));
    for (size_t at = first; at < first + count; ++at)
      y[at] = static_cast<float>((static_cast<double>(x[at]) - mean) * inverse *
                                     static_cast<double>(s[at]) +
                                 static_cast<double>(b[at]));
    means[static_cast<size_t>(row)] = static_cast<float>(mean);
    inverses[static_cast<size_t>(row)] = static_cast<float>(inverse);
  }
  return results;
}

// Y = X / (bias + alpha / size * sum of squares over c - (size-1)/2 ... c + size/2) ^ beta
Outputs Lrn(const Call& call) {
  DISCO_TRY(RequireFloat(call));
  const auto& params = call.op.as<LrnParams>();
  const AxisView view = FeaturesOf(call.in(0).shape());
  Tensor result = call.NewOutput();
  const auto x = call.in(0).Data<float>();
  const auto y = result.MutableData<float>();
  for (int64_t c = 0; c < view.extent; ++c) {
    DISCO_TRY(call.GoOn());
    const int64_t first = std::max<int64_t>(0, c - (params.size - 1) / 2);
    const int64_t last = std::min(view.extent - 1, c + params.size / 2);
    for (int64_t n = 0; n < view.outer; ++n) {
      for (int64_t i = 0; i < view.inner; ++i) {
        double squares = 0;
        for (int64_t neighbour = first; neighbour <= last; ++neighbour) {
          const auto value = static_cast<double>(x[view.At(n, neighbour, i)]);
          squares += value * value;
        }
        const double base =
            static_cast<double>(params.bias) +
            static_cast<double>(params.alpha) / static_cast<double>(params.size) * squares;
        const size_t at = view.At(n, c, i);
        y[at] = static_cast<float>(static_cast<double>(x[at]) *
                                   std::pow(base, -static_cast<double>(params.beta)));
      }
    }
  }
  return std::vector{result};
}

Outputs Softmax(const Call& call) {
  DISCO_TRY(RequireFloat(call));
  const auto& params = call.op.as<SoftmaxParams>();
  const Shape& shape = call.in(0).shape();
  DISCO_ASSIGN(const int axis, NormalizeAxis(params.axis, shape.rank()));
  const int end = params.over_all_from_axis ? shape.rank() : axis + 1;
  const AxisView view{shape.elements(0, axis), shape.elements(axis, end),
                      shape.elements(end, shape.rank())};
  Tensor result = call.NewOutput();
  const auto x = call.in(0).Data<float>();
  const auto y = result.MutableData<float>();
  if (view.extent == 0) return std::vector{result};
  for (int64_t o = 0; o < view.outer; ++o) {
    for (int64_t i = 0; i < view.inner; ++i) {
      float largest = x[view.At(o, 0, i)];
      for (int64_t e = 1; e < view.extent; ++e) largest = std::max(largest, x[view.At(o, e, i)]);
      const auto exponential = [&](int64_t e) {
        return std::exp(static_cast<double>(x[view.At(o, e, i)] - largest));
      };
      double sum = 0;
      for (int64_t e = 0; e < view.extent; ++e) sum += exponential(e);
      for (int64_t e = 0; e < view.extent; ++e)
        y[view.At(o, e, i)] = static_cast<float>(exponential(e) / sum);
    }
  }
  return std::vector{result};
}

}  // namespace

std::span<const KernelEntry> NormalizeKernels() {
  static constexpr KernelEntry kEntries[] = {
      {OpType::kBatchNormalization, {BatchNormalization}},
      {OpType::kLayerNormalization, {LayerNormalization}},
      {OpType::kLrn, {Lrn}},
      {OpType::kSoftmax, {Softmax}},
  };
  return kEntries;
}

}  // namespace disco::reference
