// SPDX-License-Identifier: Apache-2.0
// Which ops kernels compute in one call with what follows them. One answer for the kernels, which
// do it, and for cost models, which count on it. Thread rule: pure.
#pragma once

#include "disco/graph/op.h"

namespace disco {

// An elementwise op of one input that may end a fused call.
bool IsActivation(OpType type);

// Whether Adds and an activation that follow an op of this type may become part of its call.
bool TakesOthers(OpType type);

}  // namespace disco
