// SPDX-License-Identifier: Apache-2.0
#include "disco/op/op_def.h"

#include <algorithm>

#include "disco/op/families.h"

namespace disco {
namespace {

std::vector<OpDef> Collect() {
  std::vector<OpDef> defs;
  for (const auto& family : {ConcatOps, ConvOps, ElementwiseOps, ExchangeOps, FillOps, GatherOps,
                             MatrixOps, NormalizeOps, PoolOps, ReduceOps, ReshapeOps, SelectOps}) {
    const std::span<const OpDef> ops = family();
    defs.insert(defs.end(), ops.begin(), ops.end());
  }
  std::ranges::sort(defs, {}, &OpDef::type);
  return defs;
}

}  // namespace

Arity OpDef::ArityOf(const Op& op) const {
  Arity result = arity;
  if (arity_of != nullptr) arity_of(op, result);
  return result;
}

std::span<const OpDef> AllOps() {
  static const std::vector<OpDef> defs = Collect();
  return defs;
}

// Every type is defined, once, so that its definition stands at its value (op_def_test).
const OpDef& DefOf(OpType type) { return AllOps()[static_cast<size_t>(type)]; }

}  // namespace disco
