// SPDX-License-Identifier: Apache-2.0
#include "disco/rewrite/for_kernels.h"

#include "disco/op/infer_shapes.h"
#include "disco/rewrite/early_adds.h"
#include "disco/rewrite/fold_batch_norm.h"
#include "disco/rewrite/skip_concat.h"

namespace disco {

Status RewriteForKernels(Graph& graph) {
  FoldBatchNorm(graph);
  SkipConcats(graph);
  AddEarly(graph);
  return InferShapes(graph);
}

}  // namespace disco
