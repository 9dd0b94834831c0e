// SPDX-License-Identifier: Apache-2.0
#include "disco/kernel/onednn/dnnl_api.h"

#include <fmt/core.h>

namespace disco::onednn {
namespace {

constexpr auto kInference = dnnl::prop_kind::forward_inference;

// A primitive descriptor of `Primitive` from the parameters that both versions take in the same
// order.
template <class Primitive, class... Parameters>
PrimitiveDesc Make(const Setting& setting, const Parameters&... parameters) {
#if DNNL_VERSION_MAJOR >= 3
  return typename Primitive::primitive_desc(setting.engine, parameters..., setting.attributes);
#else
  return typename Primitive::primitive_desc(typename Primitive::desc(parameters...),
                                            setting.attributes, setting.engine);
#endif
}

template <class Primitive>
PrimitiveDesc MakeNormalizing(const Setting& setting, const Desc& source,
                              [[maybe_unused]] const Desc& target, float epsilon,
                              dnnl::normalization_flags flags) {
#if DNNL_VERSION_MAJOR >= 3
  return Make<Primitive>(setting, kInference, source, target, epsilon, flags);
#else
  return Make<Primitive>(setting, kInference, source, epsilon, flags);
#endif
}

#if DNNL_VERSION_MAJOR >= 3
using Pooling = dnnl::pooling_forward;
using Softmax = dnnl::softmax_forward;
#else
using Pooling = dnnl::pooling_v2_forward;
using Softmax = dnnl::softmax_v2_forward;
#endif

}  // namespace

PrimitiveDesc MakeConvolution(const Setting& setting, const Desc& source, const Desc& weights,
                              const Desc& bias, const Desc& target, const WindowDims& window) {
  return Make<dnnl::convolution_forward>(setting, kInference, dnnl::algorithm::convolution_direct,
                                         source, weights, bias, target, window.strides,
                                         window.dilations, window.pads_begin, window.pads_end);
}

PrimitiveDesc MakeMatMul(const Setting& setting, const Desc& source, const Desc& weights,
                         const Desc& bias, const Desc& target) {
  return Make<dnnl::matmul>(setting, source, weights, bias, target);
}

PrimitiveDesc MakePooling(const Setting& setting, dnnl::algorithm algorithm, const Desc& source,
                          const Desc& target, const WindowDims& window) {
  return Make<Pooling>(setting, kInference, algorithm, source, target, window.strides,
                       window.kernel, window.dilations, window.pads_begin, window.pads_end);
}

PrimitiveDesc MakeEltwise(const Setting& setting, const Eltwise& eltwise, const Desc& source,
                          [[maybe_unused]] const Desc& target) {
#if DNNL_VERSION_MAJOR >= 3
  return Make<dnnl::eltwise_forward>(setting, kInference, eltwise.algorithm, source, target,
                                     eltwise.alpha, eltwise.beta);
#else
  return Make<dnnl::eltwise_forward>(setting, kInference, eltwise.algorithm, source, eltwise.alpha,
                                     eltwise.beta);
#endif
}

PrimitiveDesc MakeBinary(const Setting& setting, dnnl::algorithm algorithm, const Desc& a,
                         const Desc& b, const Desc& target) {
  return Make<dnnl::binary>(setting, algorithm, a, b, target);
}

PrimitiveDesc MakeSoftmax(const Setting& setting, const Desc& source, const Desc& target,
                          int axis) {
  return Make<Softmax>(setting, kInference, dnnl::algorithm::softmax_accurate, source, target,
                       axis);
}

PrimitiveDesc MakeLrn(const Setting& setting, const Desc& source,
                      [[maybe_unused]] const Desc& target, const LrnNumbers& numbers) {
  const auto across = dnnl::algorithm::lrn_across_channels;
#if DNNL_VERSION_MAJOR >= 3
  return Make<dnnl::lrn_forward>(setting, kInference, across, source, target, numbers.size,
                                 numbers.alpha, numbers.beta, numbers.bias);
#else
  return Make<dnnl::lrn_forward>(setting, kInference, across, source, numbers.size, numbers.alpha,
                                 numbers.beta, numbers.bias);
#endif
}

PrimitiveDesc MakeNormalization(const Setting& setting, Normalization normalization,
                                const Desc& source, const Desc& target, float epsilon) {
  const auto flags = dnnl::normalization_flags::use_scale | dnnl::normalization_flags::use_shift;
  if (normalization == Normalization::kLayer)
    return MakeNormalizing<dnnl::layer_normalization_forward>(setting, source, target, epsilon,
                                                              flags);
  return MakeNormalizing<dnnl::batch_normalization_forward>(
      setting, source, target, epsilon, flags | dnnl::normalization_flags::use_global_stats);
}

PrimitiveDesc MakeMean(const Setting& setting, const Desc& source, const Desc& target) {
  return Make<dnnl::reduction>(setting, dnnl::algorithm::reduction_mean, source, target, 0.0f,
                               0.0f);
}

PrimitiveDesc OwnDescOf(const dnnl::primitive& primitive) {
  dnnl_primitive_desc_t own = nullptr;
  dnnl::error::wrap_c_api(dnnl_primitive_desc_clone(&own, primitive.get_primitive_desc()),
                          "a primitive has no description");
  PrimitiveDesc desc;
  desc.reset(own);
  return desc;
}

void AppendEltwise(dnnl::post_ops& post_ops, const Eltwise& eltwise) {
#if DNNL_VERSION_MAJOR >= 3
  post_ops.append_eltwise(eltwise.algorithm, eltwise.alpha, eltwise.beta);
#else
  post_ops.append_eltwise(1.0f, eltwise.algorithm, eltwise.alpha, eltwise.beta);
#endif
}

dnnl::memory::dims DimsOf(const Desc& desc) {
#if DNNL_VERSION_MAJOR >= 3
  return desc.get_dims();
#else
  return desc.dims();
#endif
}

std::string LibraryName() {
  const dnnl_version_t& version = *dnnl_version();
  return fmt::format("oneDNN {}.{}.{}", version.major, version.minor, version.patch);
}

}  // namespace disco::onednn
