// SPDX-License-Identifier: Apache-2.0
// ConvCase: one convolution of the sweep, numbered, so that a finding can be run again. The numbers
// walk a grid of features, strides, kernels and layouts in an order that spreads any first part of
// them over all of it; the rest is drawn from the number. One in four is a strided 1x1 convolution.
// Thread rule: pure. Errors: none.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace disco {

struct ConvCase {
  int64_t batch = 1, in = 1, out = 1, group = 1;          // in, out: features
  std::vector<int64_t> extents;                           // D... of the input [N, C, D...]
  std::vector<int64_t> kernel, strides, pads, dilations;  // per spatial axis
  bool channels_last = false, bias = false, bf16 = false;

  std::vector<int64_t> InputShape() const;
  std::vector<int64_t> WeightShape() const;
  std::vector<int64_t> OutputShape() const;
};

// How many numbers make the whole sweep.
extern const int64_t kConvCases;

// bfloat16 is drawn only where `with_bf16`.
ConvCase MakeConvCase(int64_t number, bool with_bf16);

std::string ToString(const ConvCase& drawn);

}  // namespace disco
