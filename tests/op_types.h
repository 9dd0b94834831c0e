// SPDX-License-Identifier: Apache-2.0
// For tests that ask something of every op.
#pragma once

#include <vector>

#include "disco/graph/op.h"

namespace disco {

inline std::vector<OpType> AllOpTypes() {
  std::vector<OpType> types;
  for (int i = 0; i <= static_cast<int>(OpType::kUnsqueeze); ++i)  // the last of the list
    types.push_back(static_cast<OpType>(i));
  return types;
}

}  // namespace disco
