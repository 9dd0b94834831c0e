// SPDX-License-Identifier: Apache-2.0
// Guarded memory (tensor/guarded_memory.h) for LibTorch. A block, too, holds bytes that are no
// numbers at first.
//
// Thread rule: any thread. Errors: those of guarded memory, which end the process.
#pragma once

namespace disco {

// From now on, for all of LibTorch's tensors and the scratchpads of its oneDNN. Before the first.
void UseGuardPages();

}  // namespace disco
