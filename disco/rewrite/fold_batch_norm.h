// SPDX-License-Identifier: Apache-2.0
// Folds BatchNormalization into the Conv before it: exact in real arithmetic, one op less per
// layer.
//
//   w' = w * scale / sqrt(variance + epsilon)      b' = (b - mean) * scale / sqrt(variance +
//   epsilon) + bias
//
// Only where the Conv's output is read by the BatchNormalization alone. Thread rule: pure.
#pragma once

#include "disco/graph/graph.h"

namespace disco {

// Value names that other ops read stay as they are.
void FoldBatchNorm(Graph& graph);

}  // namespace disco
