// SPDX-License-Identifier: Apache-2.0
#include "disco/base/cpu_level.h"
#include "disco/kernel/onednn/emit.h"
#include "disco/op/window.h"

namespace disco::onednn {
namespace {

// W [M, C / group, K...] as oneDNN names its axes: with a group axis in front when there are
// groups.
Desc WeightsDesc(const Builder& builder, ValueId id, int64_t group) {
  dnnl::memory::dims dims = builder.ShapeOf(id).dims(), strides = builder.PackStrides(id);
  if (group == 1) return Desc(dims, kFloat, strides);
  dims[0] /= group;
  strides.insert(strides.begin(), strides[0] * dims[0]);
  dims.insert(dims.begin(), group);
  return Desc(dims, kFloat, strides);
}

// A Conv but for what follows it in the same call.
struct Convolution {
  Desc source, weights, bias, target;  // weights: as given; bias: may be empty
  WindowDims window;
};

Result<Convolution> ConvolutionOf(const Emission& e) {
  const Builder& builder = e.builder;
  DISCO_ASSIGN(const ResolvedWindow resolved, WindowOf(e.graph(), e.op()));
  Convolution result{.source = builder.DescOf(e.input(0)),
                     .weights = WeightsDesc(builder, e.input(1), e.op().as<ConvParams>().group),
                     .bias = e.op().HasInput(2) ? builder.DescOf(e.input(2)) : Desc(),
                     .target = builder.DescOf(e.output()),
                     .window = {resolved.kernel, resolved.strides, resolved.dilations,
                                resolved.pads_begin, resolved.pads_end}};
  for (int64_t& dilation : result.window.dilations) --dilation;
  return result;
}

PrimitiveDesc Make(const Builder& builder, const Convolution& convolution,
                   const dnnl::post_ops& post_ops) {
  const Desc any(DimsOf(convolution.weights), kFloat, dnnl::memory::format_tag::any);
  dnnl::primitive_attr attributes = builder.NewAttributes();
  attributes.set_post_ops(post_ops);
  return MakeConvolution({builder.engine(), attributes}, convolution.source, any, convolution.bias,
                         convolution.target, convolution.window);
}

// `arguments`: those of the post-ops.
Status AddConvolution(const Emission& e, const Convolution& convolution, const PrimitiveDesc& desc,
                      std::vector<Argument> arguments) {
  Builder& builder = e.builder;
  DISCO_TRY(TakeBatches(e, desc));
  arguments.push_back({DNNL_ARG_SRC, builder.MemoryOf(e.input(0))});
  arguments.push_back({DNNL_ARG_WEIGHTS, builder.Pack(e.op(), e.input(1), convolution.weights,
                                                      desc.query_md(dnnl::query::weights_md))});
  if (e.op().HasInput(2)) arguments.push_back({DNNL_ARG_BIAS, builder.MemoryOf(e.input(2))});
  arguments.push_back({DNNL_ARG_DST, builder.MemoryOf(e.output())});
  builder.AddPrimitive(e.op(), desc, std::move(arguments));
  return {};
}

// Whether the convolution adds operands of post-ops from wrong places. oneDNN 2.6 computes
// convolutions by matrix multiplication where it has no other kernel; without AVX2 their post-ops
// run in plain code that does not follow the layout of the target. In groups of one channel, the
// kernel of AVX-512 repeats the first 16 numbers where the target has one position, and that of
// AVX2 mixes up the numbers of a group with several outputs.
bool MisplacesAddends(const Emission& e, const PrimitiveDesc& desc) {
  if (e.op().as<ConvParams>().group > 1) return true;
  const std::string_view kernel = desc.impl_info_str();
  return kernel.find("gemm") != std::string_view::npos && CurrentCpuLevel() < CpuLevel::kAvx2;
}

// The sums that are not made in place and the activation, as calls of their own.
Status AddSumsAfter(const Emission& e) {
  Builder& builder = e.builder;
  const Desc target = builder.DescOf(e.output());
  std::vector<ValueId> addends = e.fused.addends;
  if (const auto in_place = builder.SummedInPlace(e.step))
    addends.erase(addends.begin() + static_cast<std::ptrdiff_t>(*in_place));
  for (size_t i = 0; i < addends.size(); ++i) {  // one value may be added twice
    const ValueId addend = addends[i];
    Epilogue epilogue;
    if (i + 1 == addends.size()) DISCO_TRY(AddActivation(e, epilogue));
    dnnl::primitive_attr attributes = builder.NewAttributes();
    attributes.set_post_ops(epilogue.post_ops);
    const Desc desc = BroadcastDesc(builder, addend, builder.ShapeOf(e.output()).rank());
    builder.AddPrimitive(e.op(),
                         MakeBinary({builder.engine(), attributes}, dnnl::algorithm::binary_add,
                                    target, desc, target),
                         {{DNNL_ARG_SRC_0, builder.MemoryOf(e.output())},
                          {DNNL_ARG_SRC_1, builder.Memory(desc, builder.Data(addend))},
                          {DNNL_ARG_DST, builder.MemoryOf(e.output())}});
  }
  return {};
}

Status EmitConv(const Emission& e) {
  if (ShouldStream(e)) return EmitStreamed(e);
  DISCO_ASSIGN(const Convolution convolution, ConvolutionOf(e));
  const int rank = e.builder.ShapeOf(e.output()).rank();
  Epilogue epilogue;
  AddSums(e, [&](ValueId addend) { return BroadcastDesc(e.builder, addend, rank); }, epilogue);
  DISCO_TRY(AddActivation(e, epilogue));
  const PrimitiveDesc desc = Make(e.builder, convolution, epilogue.post_ops);
  if (epilogue.arguments.empty() || !MisplacesAddends(e, desc))
    return AddConvolution(e, convolution, desc, std::move(epilogue.arguments));
  dnnl::post_ops in_place;
  if (e.builder.SummedInPlace(e.step)) in_place.append_sum(1.0f);
  DISCO_TRY(AddConvolution(e, convolution, Make(e.builder, convolution, in_place), {}));
  return AddSumsAfter(e);
}

}  // namespace

std::span<const EmitterEntry> ConvEmitters() {
  static constexpr EmitterEntry kEntries[] = {
      {OpType::kConv, {EmitConv}},
  };
  return kEntries;
}

}  // namespace disco::onednn
