// SPDX-License-Identifier: Apache-2.0
// The reference kernels: plain C++, one function per op, meant to be read and believed. They are
// the oracle of the tests, and what a faster kernel falls back to for an op it has no primitive
// for.
//
// Conv, Gemm, MatMul, means and norms add up in double and round once to float32.
// Errors: kUnsupported or kInvalid naming the op. Thread rule: pure; runs on the calling thread.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "disco/kernel/program.h"

namespace disco {

namespace reference {
// Whether RunOp computes ops of this type. Send and Receive are run by a program, by its exchange.
bool HasKernel(OpType type);
}  // namespace reference

// `graph` has inferred shapes and holds the constants of parameter slots; `inputs` holds a tensor
// for every input slot of `op` (anything where the slot is empty). One tensor per output slot. Not
// for Send and Receive; `exchange`, where there is one, may end it early.
Result<std::vector<Tensor>> RunOp(const Graph& graph, const Op& op, std::span<const Tensor> inputs,
                                  Exchange* exchange = nullptr);

// What RunOp takes at most while it runs, its results among it.
Bytes RunBytes(const Graph& graph, const Op& op);

// `graph` has inferred shapes.
Result<std::unique_ptr<Program>> MakeReferenceProgram(Graph graph, const ProgramOptions& options);

// Whether an infinity or NaN is among the network's inputs; an exchange knows of those that a shard
// has not, and of constants.
bool HoldNonFinite(std::span<const Tensor> inputs, const Exchange* exchange);

// Whether the tensors given to Program::Run are those that `graph` asks for. Errors: kInvalid
// naming the value.
Status CheckArguments(const Graph& graph, std::span<const Tensor> inputs,
                      std::span<const Tensor> outputs);

}  // namespace disco
