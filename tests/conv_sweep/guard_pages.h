// SPDX-License-Identifier: Apache-2.0
// Memory for LibTorch that shows who reads or writes outside of it: each block ends at a page that
// cannot be touched and one stands before it; what is left of its pages is filled, as the block is,
// with bytes that are no numbers, and looked at when the block is freed.
//
// Thread rule: any thread. Errors: ends the process with a message when bytes beside a block
// changed; the processor ends it where a page is touched.
#pragma once

namespace disco {

// From now on, for all of LibTorch's tensors and the scratchpads of its oneDNN. Before the first.
void UseGuardPages();

}  // namespace disco
