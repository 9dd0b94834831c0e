// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <numeric>

#include "disco/kernel/reference/ops.h"
#include "disco/op/parameters.h"

namespace disco::reference {
namespace {

// Means over `axes` of x; the other axes keep their order. An empty set of elements has no mean:
// NaN.
Tensor MeanOver(const Tensor& x, const std::vector<int>& axes, Tensor result) {
  const int rank = x.shape().rank();
  std::vector<int64_t> strides(static_cast<size_t>(rank),
                               0);  // in the result; 0 for what is summed over
  int64_t stride = 1, count = 1;
  for (int axis = rank; axis-- > 0;) {
    if (std::binary_search(axes.begin(), axes.end(), axis)) {
      count *= x.shape()[axis];
    } else {
      strides[static_cast<size_t>(axis)] = stride;
      stride *= x.shape()[axis];
    }
  }
  std::vector<double> sums(static_cast<size_t>(result.elements()), 0.0);
  const auto values = x.Data<float>();
  for (int64_t index = 0; index < x.elements(); ++index) {
    int64_t rest = index, to = 0;
    for (int axis = rank; axis-- > 0;) {
      to += rest % x.shape()[axis] * strides[static_cast<size_t>(axis)];
      rest /= x.shape()[axis];
    }
    sums[static_cast<size_t>(to)] += static_cast<double>(values[static_cast<size_t>(index)]);
  }
  std::transform(
      sums.begin(), sums.end(), result.MutableData<float>().begin(),
      [count](double sum) { return static_cast<float>(sum / static_cast<double>(count)); });
  return result;
}

Outputs GlobalAveragePool(const Call& call) {
  DISCO_TRY(RequireFloat(call));
  std::vector<int> axes(static_cast<size_t>(call.in(0).shape().rank() - 2));
  std::iota(axes.begin(), axes.end(), 2);
  return std::vector{MeanOver(call.in(0), axes, call.NewOutput())};
}

Outputs ReduceMean(const Call& call) {
  const int rank = call.in(0).shape().rank();
  DISCO_ASSIGN(std::vector<int> axes, AxesOf(call.graph, call.op, rank));
  if (axes.empty() && call.op.as<ReduceParams>().nothing_without_axes)
    return std::vector{call.in(0)};
  DISCO_TRY(RequireFloat(call));
  if (axes.empty()) {
    axes.resize(static_cast<size_t>(rank));
    std::iota(axes.begin(), axes.end(), 0);
  }
  return std::vector{MeanOver(call.in(0), axes, call.NewOutput())};
}

}  // namespace

std::span<const KernelEntry> ReduceKernels() {
  static constexpr KernelEntry kEntries[] = {
      {OpType::kGlobalAveragePool, {GlobalAveragePool}},
      {OpType::kReduceMean, {ReduceMean}},
  };
  return kEntries;
}

}  // namespace disco::reference
