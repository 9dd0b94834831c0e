// SPDX-License-Identifier: Apache-2.0
#include "disco/graph/infer_shapes.h"
#include "disco/kernel/onednn/emit.h"

namespace disco::onednn {
namespace {

// W [M, C / group, K...] as oneDNN names its axes: with a group axis in front when there are
// groups.
dnnl::memory::dims WeightDims(const Shape& shape, int64_t group) {
  dnnl::memory::dims dims = shape.dims();
  if (group == 1) return dims;
  dims[0] /= group;
  dims.insert(dims.begin(), group);
  return dims;
}

}  // namespace

Status EmitConv(const Emission& e) {
  if (ShouldStream(e)) return EmitStreamed(e);
  Builder& builder = e.builder;
  DISCO_ASSIGN(const ResolvedWindow resolved, WindowOf(e.graph(), e.op()));
  WindowDims window{resolved.kernel, resolved.strides, resolved.dilations, resolved.pads_begin,
                    resolved.pads_end};
  for (int64_t& dilation : window.dilations) --dilation;
  const Desc source = builder.DescOf(e.input(0)), target = builder.DescOf(e.output());
  const dnnl::memory::dims dims =
      WeightDims(builder.ShapeOf(e.input(1)), e.op().as<ConvParams>().group);
  const Desc any(dims, kFloat, dnnl::memory::format_tag::any),
      plain(dims, kFloat, Shape(dims).strides());
  const Desc bias = e.op().HasInput(2) ? builder.DescOf(e.input(2)) : Desc();

  const int rank = builder.ShapeOf(e.output()).rank();
  Epilogue epilogue;
  AddSums(e, [&](ValueId addend) { return BroadcastDesc(builder, addend, rank); }, epilogue);
  DISCO_TRY(AddActivation(e, epilogue));
  dnnl::primitive_attr attributes = builder.NewAttributes();
  attributes.set_post_ops(epilogue.post_ops);
  const PrimitiveDesc desc =
      MakeConvolution({builder.engine(), attributes}, source, any, bias, target, window);

  std::vector<Argument> arguments = std::move(epilogue.arguments);
  arguments.push_back({DNNL_ARG_SRC, builder.MemoryOf(e.input(0))});
  arguments.push_back({DNNL_ARG_WEIGHTS, builder.Pack(e.op(), e.input(1), plain,
                                                      desc.query_md(dnnl::query::weights_md))});
  if (e.op().HasInput(2)) arguments.push_back({DNNL_ARG_BIAS, builder.MemoryOf(e.input(2))});
  arguments.push_back({DNNL_ARG_DST, builder.MemoryOf(e.output())});
  builder.AddPrimitive(e.op(), desc, std::move(arguments));
  return {};
}

}  // namespace disco::onednn
