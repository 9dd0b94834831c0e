// SPDX-License-Identifier: Apache-2.0
#include "disco/graph/for_kernels.h"

#include "disco/graph/early_adds.h"
#include "disco/graph/fold_batch_norm.h"
#include "disco/graph/infer_shapes.h"
#include "disco/graph/skip_concat.h"

namespace disco {

Status RewriteForKernels(Graph& graph) {
  FoldBatchNorm(graph);
  SkipConcats(graph);
  AddEarly(graph);
  return InferShapes(graph);
}

}  // namespace disco
