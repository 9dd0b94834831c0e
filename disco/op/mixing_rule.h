// SPDX-License-Identifier: Apache-2.0
// The feature rule of mixing ops (OpDef::mixing): fresh features, made of all features of input 0
// through constant weights. Private to the module.
#pragma once

#include "disco/op/op_def.h"

namespace disco {

struct MixingAxes {
  int summed_axis = 1;  // of input 0
  int output_axis = 1;  // of output 0
};
// Replicated where the op, as it stands, does not mix, or its features cannot be told apart.
FeatureRule MixingFeatures(const FeatureQuery& query, const MixingAxes& axes);

}  // namespace disco
