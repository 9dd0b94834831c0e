// SPDX-License-Identifier: Apache-2.0
// How many inputs and outputs an op of each type may have. Private to the room.
// Errors: kInvalid naming the op.
#pragma once

#include "disco/graph/graph.h"

namespace disco {

Status CheckSignature(const Op& op);

}  // namespace disco
