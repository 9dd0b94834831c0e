// SPDX-License-Identifier: Apache-2.0
// A convolution and its gradients as plain sums in double: the oracle of the sweep.
// Thread rule: pure. Errors: none.
#pragma once

#include <vector>

#include "tests/conv_sweep/conv_case.h"

namespace disco {

// Row-major, in the shapes of the case.
struct ConvData {
  std::vector<float> input, weight, bias, output_gradient;
};

struct ConvResults {
  std::vector<double> output, input_gradient, weight_gradient, bias_gradient;
};

// Eighths from -1 to 1. Their products and sums of a few thousand of them are exact in float, in
// any order: what differs at all from the plain sums is wrong.
ConvData MakeConvData(const ConvCase& drawn, uint64_t seed);

ConvResults PlainConv(const ConvCase& drawn, const ConvData& data);

}  // namespace disco
