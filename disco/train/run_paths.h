// SPDX-License-Identifier: Apache-2.0
// OpenPaths: where a run writes, checked before the first picture is read. Private to the room.
// Errors: kUsage for outputs that would destroy an input or each other, and for a checkpoint that
// is there without resume or missing with it; kIo for what cannot be written.
#pragma once

#include "disco/train/train.h"

namespace disco {

// `given` with every path filled in. `inputs`: files that the run reads; empty ones are none.
Result<RunOptions> OpenPaths(const RunOptions& given, const std::vector<Path>& inputs);

}  // namespace disco
