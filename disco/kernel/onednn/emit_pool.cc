// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <numeric>

#include "disco/kernel/onednn/emit.h"
#include "disco/op/parameters.h"
#include "disco/op/window.h"

namespace disco::onednn {
namespace {

// Padding at the end so that exactly the output's windows fit; more than the op's own where
// ceil_mode reaches on.
std::vector<int64_t> FittingPads(const ResolvedWindow& window, const Shape& input) {
  std::vector<int64_t> pads;
  for (size_t axis = 0; axis < window.kernel.size(); ++axis) {
    const int64_t reach = (window.output[axis] - 1) * window.strides[axis] +
                          (window.kernel[axis] - 1) * window.dilations[axis] + 1;
    pads.push_back(
        std::max<int64_t>(0, reach - input[static_cast<int>(axis) + 2] - window.pads_begin[axis]));
  }
  return pads;
}

// Means over all of D... .
void EmitSpatialMean(const Emission& e, const Desc& target) {
  Builder& builder = e.builder;
  const Shape& input = builder.ShapeOf(e.input(0));
  const size_t axes = static_cast<size_t>(input.rank()) - 2;
  const dnnl::memory::dims zeros(axes, 0), ones(axes, 1), all(input.begin() + 2, input.end());
  const PrimitiveDesc desc = MakePooling(
      {builder.engine(), builder.NewAttributes()}, dnnl::algorithm::pooling_avg_exclude_padding,
      builder.DescOf(e.input(0)), target, {all, ones, zeros, zeros, zeros});
  builder.AddPrimitive(e.op(), desc,
                       {{DNNL_ARG_SRC, builder.MemoryOf(e.input(0))},
                        {DNNL_ARG_DST, builder.Memory(target, builder.Data(e.output()))}});
}

// The output of a ReduceMean with the axes it reduces kept as 1.
Desc KeptDesc(const Builder& builder, ValueId output, const Shape& input,
              const std::vector<int>& axes) {
  const std::vector<int64_t> own = builder.Strides(output);
  const bool dropped = builder.ShapeOf(output).rank() != input.rank();
  dnnl::memory::dims dims, strides;
  size_t next = 0;
  for (int axis = 0; axis < input.rank(); ++axis) {
    const bool reduced = std::ranges::binary_search(axes, axis);
    dims.push_back(reduced ? 1 : input[axis]);
    strides.push_back(reduced && dropped ? 1 : own[next++]);
  }
  return Desc(dims, kFloat, strides);
}

Status EmitPool(const Emission& e, dnnl::algorithm algorithm) {
  Builder& builder = e.builder;
  DISCO_ASSIGN(const ResolvedWindow resolved, WindowOf(e.graph(), e.op()));
  const std::vector<int64_t> pads_end = FittingPads(resolved, builder.ShapeOf(e.input(0)));
  const bool reaches_on =
      !std::ranges::equal(pads_end, resolved.pads_end, std::ranges::less_equal());
  if (reaches_on && algorithm == dnnl::algorithm::pooling_avg_include_padding)
    return e.Unsupported("windows reach past padding that counts");
  WindowDims window{resolved.kernel, resolved.strides, resolved.dilations, resolved.pads_begin,
                    pads_end};
  for (int64_t& dilation : window.dilations) --dilation;
  const PrimitiveDesc desc =
      MakePooling({builder.engine(), builder.NewAttributes()}, algorithm,
                  builder.DescOf(e.input(0)), builder.DescOf(e.output()), window);
  builder.AddPrimitive(
      e.op(), desc,
      {{DNNL_ARG_SRC, builder.MemoryOf(e.input(0))}, {DNNL_ARG_DST, builder.MemoryOf(e.output())}});
  return {};
}

Status EmitMaxPool(const Emission& e) {
  if (e.op().HasOutput(1)) return e.Unsupported("oneDNN gives no indices");
  return EmitPool(e, dnnl::algorithm::pooling_max);
}

Status EmitAveragePool(const Emission& e) {
  return EmitPool(e, e.op().as<PoolParams>().count_include_pad
                         ? dnnl::algorithm::pooling_avg_include_padding
                         : dnnl::algorithm::pooling_avg_exclude_padding);
}

Status EmitGlobalPool(const Emission& e) {
  EmitSpatialMean(e, e.builder.DescOf(e.output()));
  return {};
}

Status EmitReduceMean(const Emission& e) {
  Builder& builder = e.builder;
  const Shape& input = builder.ShapeOf(e.input(0));
  DISCO_ASSIGN(std::vector<int> axes, AxesOf(e.graph(), e.op(), input.rank()));
  if (axes.empty() && e.op().as<ReduceParams>().nothing_without_axes) return EmitRename(e);
  if (axes.empty()) {
    axes.resize(static_cast<size_t>(input.rank()));
    std::iota(axes.begin(), axes.end(), 0);
  }
  if (input.rank() == 0) return e.Unsupported("a scalar has no axes");
  const Desc target = KeptDesc(builder, e.output(), input, axes);
  const bool spatial = axes.front() == 2 && static_cast<int>(axes.size()) == input.rank() - 2;
  if (spatial && builder.LayoutOf(e.input(0)) == Layout::kChannelsLast) {
    EmitSpatialMean(e, target);
    return {};
  }
  const PrimitiveDesc desc =
      MakeMean({builder.engine(), builder.NewAttributes()}, builder.DescOf(e.input(0)), target);
  builder.AddPrimitive(e.op(), desc,
                       {{DNNL_ARG_SRC, builder.MemoryOf(e.input(0))},
                        {DNNL_ARG_DST, builder.Memory(target, builder.Data(e.output()))}});
  return {};
}

}  // namespace

std::span<const EmitterEntry> PoolEmitters() {
  static constexpr EmitterEntry kEntries[] = {
      {OpType::kAveragePool, {EmitAveragePool}},
      {OpType::kGlobalAveragePool, {EmitGlobalPool}},
      {OpType::kMaxPool, {EmitMaxPool}},
      {OpType::kReduceMean, {EmitReduceMean}},
  };
  return kEntries;
}

}  // namespace disco::onednn
