// SPDX-License-Identifier: Apache-2.0
// What differs between oneDNN 2.6 and 3.x, behind one set of functions. Private to the room.
//
// 2.6 makes a primitive descriptor from an operation descriptor, 3.x from the parameters
// themselves. Errors: dnnl::error is thrown. Thread rule: pure.
#pragma once

#include <dnnl.hpp>
#include <string>

namespace disco::onednn {

using Desc = dnnl::memory::desc;
using PrimitiveDesc = dnnl::primitive_desc_base;
inline constexpr auto kFloat = dnnl::memory::data_type::f32;

struct WindowDims {
  dnnl::memory::dims kernel, strides, dilations, pads_begin,
      pads_end;  // dilations as oneDNN counts: 0 is dense
};
struct Eltwise {
  dnnl::algorithm algorithm;
  float alpha, beta;
};
// Where a primitive is made.
struct Setting {
  const dnnl::engine& engine;
  const dnnl::primitive_attr& attributes;
};

// `weights` may leave its layout open; `bias` may be empty.
PrimitiveDesc MakeConvolution(const Setting& setting, const Desc& source, const Desc& weights,
                              const Desc& bias, const Desc& target, const WindowDims& window);
PrimitiveDesc MakeMatMul(const Setting& setting, const Desc& source, const Desc& weights,
                         const Desc& bias, const Desc& target);
PrimitiveDesc MakePooling(const Setting& setting, dnnl::algorithm algorithm, const Desc& source,
                          const Desc& target, const WindowDims& window);
PrimitiveDesc MakeEltwise(const Setting& setting, const Eltwise& eltwise, const Desc& source,
                          const Desc& target);
PrimitiveDesc MakeBinary(const Setting& setting, dnnl::algorithm algorithm, const Desc& a,
                         const Desc& b, const Desc& target);
PrimitiveDesc MakeSoftmax(const Setting& setting, const Desc& source, const Desc& target, int axis);
struct LrnNumbers {
  int64_t size;
  float alpha, beta, bias;
};
PrimitiveDesc MakeLrn(const Setting& setting, const Desc& source, const Desc& target,
                      const LrnNumbers& numbers);
// With scale and shift. Over the batch and positions: by given statistics; over the last axis: by
// those of the data.
enum class Normalization { kBatch, kLayer };
PrimitiveDesc MakeNormalization(const Setting& setting, Normalization normalization,
                                const Desc& source, const Desc& target, float epsilon);
PrimitiveDesc MakeMean(const Setting& setting, const Desc& source, const Desc& target);

// That a primitive was made by.
PrimitiveDesc OwnDescOf(const dnnl::primitive& primitive);

void AppendEltwise(dnnl::post_ops& post_ops, const Eltwise& eltwise);

dnnl::memory::dims DimsOf(const Desc& desc);

std::string LibraryName();  // "oneDNN 2.6.3"

}  // namespace disco::onednn
