// SPDX-License-Identifier: Apache-2.0
// What LibTorch finds here, and how much of it to use. Thread rule: before training starts.
// Errors: none but TryBf16's.
#pragma once

#include <cstdint>
#include <string>

#include "disco/base/result.h"

namespace disco {

// 0: one per core. LibTorch's own default can be one, whatever the machine has.
void UseThreads(int64_t threads);

// "LibTorch 1.13.1, threads 2 on 2 cores, bfloat16 in hardware (avx512_bf16, amx_bf16)"
std::string DescribeMachine();

// That LibTorch computes in bfloat16 here. It asks the processor, and fails where oneDNN may not
// use all of it (DNNL_MAX_CPU_ISA). Errors: kUnsupported.
Status TryBf16();

// What slows training down here; empty when nothing does.
std::string WarnOfLoad();

}  // namespace disco
