// SPDX-License-Identifier: Apache-2.0
#include "disco/op/op_name.h"

#include "disco/op/op_def.h"

namespace disco {

std::string_view Name(OpType type) { return DefOf(type).name; }

std::optional<OpType> FindOpType(std::string_view name) {
  for (const OpDef& def : AllOps()) {
    if (def.name == name) return def.type;
  }
  return std::nullopt;
}

}  // namespace disco
