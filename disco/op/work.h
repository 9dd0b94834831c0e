// SPDX-License-Identifier: Apache-2.0
// Work: what a network costs to hold and to compute.
//
// MACs are counted for Conv, Gemm and MatMul, the ops that multiply; the others are smaller by the
// kernel size. Parameters are what training learns: weights, biases, scales; running statistics are
// not. Thread rule: pure; the graph's shapes have to be inferred.
#pragma once

#include "disco/base/units.h"
#include "disco/op/op_def.h"

namespace disco {

Macs MacsOf(const Graph& graph, const Op& op);
Macs MacsOf(const Graph& graph);

// Refuses a network of more than 2^60 MACs, so that no sum of work overflows. Errors: kInvalid
// naming the op.
Status CheckWork(const Graph& graph);

int64_t ParameterCount(const Graph& graph);

// Of its elements, in bytes.
Bytes SizeOf(const Value& value);

// All constants that are data of ops, in bytes.
Bytes WeightBytes(const Graph& graph);

// All other values in bytes, as if none shared its memory with another; INT64_MAX if it is more.
Bytes FeatureBytes(const Graph& graph);

// What kernels keep, at most, to know where the elements are that `op` moves or exchanges.
Bytes PlaceBytes(const Graph& graph, const Op& op);

// Of all that is sent in one inference, at most; INT64_MAX if it is more.
Bytes PayloadBytes(const Graph& graph);

// All constants, in bytes; those that share their elements are counted once.
Bytes DistinctConstantBytes(const Graph& graph);

// What the graph itself takes, with its constants, at most.
Bytes GraphBytes(const Graph& graph);

// Whether every output feature of `op` may depend on every feature of its first input, through
// constant weights (OpDef::mixing).
bool IsMixing(const Graph& graph, const Op& op);
// The axes of those weights; nothing where it does not mix.
std::optional<MixingWeights> MixingWeightsOf(const Graph& graph, const Op& op);

}  // namespace disco
