// SPDX-License-Identifier: Apache-2.0
// A graph as kernels run it: BatchNormalization folded, Concats skipped, residuals added early.
//
// One answer for the kernels, which run the result, and for cost models, which count it. Errors: of
// shape inference. Thread rule: pure; shapes have to be inferred before, and are after.
#pragma once

#include "disco/graph/graph.h"

namespace disco {

Status RewriteForKernels(Graph& graph);

}  // namespace disco
