// SPDX-License-Identifier: Apache-2.0
// The definitions of each family, in the source of its name. Private to the module.
#pragma once

#include "disco/op/op_def.h"

namespace disco {

std::span<const OpDef> ConvOps();         // Conv
std::span<const OpDef> ElementwiseOps();  // Add, Mul, activations, Identity, Dropout
std::span<const OpDef> ExchangeOps();     // Send, Receive
std::span<const OpDef> MatrixOps();       // Gemm, MatMul
std::span<const OpDef> NormalizeOps();    // BatchNormalization, LRN, Softmax
std::span<const OpDef> PoolOps();         // pools with a window
std::span<const OpDef> ReshapeOps();      // all elements under a new shape
std::span<const OpDef> SelectOps();       // Concat, Gather, Pad and others that join, pick and fill
std::span<const OpDef> ReduceOps();       // GlobalAveragePool, ReduceMean

}  // namespace disco
