// SPDX-License-Identifier: Apache-2.0
// Sparsify of train.h with other functions than DISCO's. Private to the module: shows LibTorch
// types. Thread rule and errors: see train.h.
#pragma once

#include "disco/train/pruning.h"
#include "disco/train/train.h"

namespace disco {

Result<RunReport> SparsifyBy(const Pruning& pruning, const Recipe& recipe,
                             const RunOptions& options);

}  // namespace disco
