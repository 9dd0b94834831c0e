// SPDX-License-Identifier: Apache-2.0
#include <limits>
#include <type_traits>

#include "disco/kernel/reference/ops.h"
#include "disco/kernel/reference/window.h"
#include "disco/op/window.h"

namespace disco::reference {
namespace {

constexpr int64_t kSeldom = 16;  // output positions between two questions whether to go on

template <class T>
constexpr T Lowest() {
  if constexpr (std::is_floating_point_v<T>) return -std::numeric_limits<T>::infinity();
  return std::numeric_limits<T>::lowest();
}

// A row-major position over D... counted with the first axis running fastest.
int64_t ColumnMajor(int64_t position, const std::vector<int64_t>& extents) {
  int64_t result = 0, stride = Shape(extents).elements();
  for (size_t axis = extents.size(); axis-- > 0;) {
    stride /= extents[axis];
    result += position % extents[axis] * stride;
    position /= extents[axis];
  }
  return result;
}

template <class T>
Status MaxOver(const Call& call, const WindowTaps& window, Tensor& largest, Tensor* where) {
  const Tensor& input = call.in(0);
  const bool column_major = call.op.as<PoolParams>().column_major;
  const auto x = input.Data<T>();
  const auto y = largest.MutableData<T>();
  const auto indices = where == nullptr ? std::span<int64_t>() : where->MutableData<int64_t>();
  const int64_t planes = input.shape().elements(0, 2);
  std::vector<int64_t> taps(static_cast<size_t>(window.taps()));
  for (int64_t output = 0; output < window.outputs(); ++output) {
    if (output % kSeldom == 0) DISCO_TRY(call.GoOn());
    window.Locate(output, taps);
    for (int64_t plane = 0; plane < planes; ++plane) {
      T best = Lowest<T>();
      int64_t best_at = -1;
      for (const int64_t at : taps) {
        if (at < 0) continue;
        const T candidate = x[static_cast<size_t>(plane * window.inputs() + at)];
        if (best_at >= 0 && !(candidate > best)) continue;
        best = candidate;
        best_at = at;
      }
      const auto to = static_cast<size_t>(plane * window.outputs() + output);
      y[to] = best;
      if (indices.empty()) continue;
      const int64_t in_plane =
          column_major && best_at >= 0 ? ColumnMajor(best_at, window.extents()) : best_at;
      indices[to] = plane * window.inputs() + in_plane;
    }
  }
  return {};
}

Outputs MaxPool(const Call& call) {
  DISCO_ASSIGN(ResolvedWindow resolved, WindowOf(call.graph, call.op));
  const WindowTaps window(std::move(resolved), call.in(0).shape());
  std::vector<Tensor> results;
  for (size_t slot = 0; slot < call.op.outputs.size(); ++slot) {
    results.push_back(call.op.HasOutput(slot) ? call.NewOutput(slot)
                                              : Tensor(DType::kI64, call.out(0).shape));
  }
  DISCO_TRY(VisitDType(call.in(0).dtype(), [&]<class T>() {
    return MaxOver<T>(call, window, results[0], results.size() > 1 ? &results[1] : nullptr);
  }));
  return results;
}

Outputs AveragePool(const Call& call) {
  DISCO_TRY(RequireFloat(call));
  DISCO_ASSIGN(ResolvedWindow resolved, WindowOf(call.graph, call.op));
  const WindowTaps window(std::move(resolved), call.in(0).shape());
  const bool count_padding = call.op.as<PoolParams>().count_include_pad;
  Tensor result = call.NewOutput();
  const auto x = call.in(0).Data<float>();
  const auto y = result.MutableData<float>();
  const int64_t planes = call.in(0).shape().elements(0, 2);
  std::vector<int64_t> taps(static_cast<size_t>(window.taps()));
  for (int64_t output = 0; output < window.outputs(); ++output) {
    if (output % kSeldom == 0) DISCO_TRY(call.GoOn());
    window.Locate(output, taps);
    int64_t count = 0;
    for (const int64_t at : taps)
      count += at >= 0 || (count_padding && at == WindowTaps::kPadding) ? 1 : 0;
    for (int64_t plane = 0; plane < planes; ++plane) {
      double sum = 0;
      for (const int64_t at : taps) {
        if (at >= 0)
          sum += static_cast<double>(x[static_cast<size_t>(plane * window.inputs() + at)]);
      }
      y[static_cast<size_t>(plane * window.outputs() + output)] =
          count == 0 ? 0.0f : static_cast<float>(sum / static_cast<double>(count));
    }
  }
  return std::vector{result};
}

}  // namespace

std::span<const KernelEntry> PoolKernels() {
  static constexpr KernelEntry kEntries[] = {
      {OpType::kAveragePool, {AveragePool, TapBytes}},
      {OpType::kMaxPool, {MaxPool, TapBytes}},
  };
  return kEntries;
}

}  // namespace disco::reference
