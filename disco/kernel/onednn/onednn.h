// SPDX-License-Identifier: Apache-2.0
// The oneDNN kernels, for x86: primitives, packed weights, buffers and arguments are made at load.
//
// Feature maps lie channels last, Adds and activations are fused into the Conv, Gemm or MatMul
// before them. What no primitive computes runs in the reference kernels; ProgramReport::warnings
// names each such op. Errors: kUnsupported naming the op. Thread rule: as Program; Run computes on
// ProgramOptions::threads threads.
#pragma once

#include <memory>

#include "disco/kernel/program.h"

namespace disco {

namespace onednn {
// Whether ops of this type run in oneDNN, or in steps of our own; if not, in the reference kernels.
bool HasEmitter(OpType type);
}  // namespace onednn

// `graph` has inferred shapes.
Result<std::unique_ptr<Program>> MakeOneDnnProgram(Graph graph, const ProgramOptions& options);

}  // namespace disco
