// SPDX-License-Identifier: Apache-2.0
// The definitions of each family, in the source of its name. Private to the module.
#pragma once

#include "disco/op/op_def.h"

namespace disco {

std::span<const OpDef> ConcatOps();       // Concat
std::span<const OpDef> ConvOps();         // Conv
std::span<const OpDef> ElementwiseOps();  // Add, Mul, activations, Identity, Dropout
std::span<const OpDef> ExchangeOps();     // Send, Receive
std::span<const OpDef> FillOps();         // ConstantOfShape, Pad
std::span<const OpDef> GatherOps();       // Gather
std::span<const OpDef> MatrixOps();       // Gemm, MatMul
std::span<const OpDef> NormalizeOps();    // BatchNormalization, LayerNormalization, LRN, Softmax
std::span<const OpDef> PoolOps();         // AveragePool, MaxPool
std::span<const OpDef> ReduceOps();       // GlobalAveragePool, ReduceMean
std::span<const OpDef> ReshapeOps();      // Flatten, Reshape, Squeeze, Transpose, Unsqueeze
std::span<const OpDef> SelectOps();       // Slice, Split

}  // namespace disco
