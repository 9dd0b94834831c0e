// SPDX-License-Identifier: Apache-2.0
// Concats that need not be: a convolution over joined feature maps is the sum of convolutions over
// the parts, each with its slice of the weights.
//
// Joining copies every element once; the sums read and write the convolution's output once more per
// part. Where that is less, as in front of the 1x1 convolutions that squeeze features, the Concat
// goes. Pooling works feature by feature and moves in front of a Concat, so that it does not stand
// between. Thread rule: pure; shapes have to be inferred before and again after.
#pragma once

#include "disco/graph/graph.h"

namespace disco {

void SkipConcats(Graph& graph);

}  // namespace disco
