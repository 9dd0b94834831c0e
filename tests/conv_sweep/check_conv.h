// SPDX-License-Identifier: Apache-2.0
// One case of the sweep under LibTorch, held against plain sums. Shows no LibTorch types.
// Thread rule: one thread. Errors: what LibTorch throws is a verdict.
#pragma once

#include <string>

#include "tests/conv_sweep/conv_case.h"

namespace disco {

enum class ConvRoute {
  kDisco,     // as disco trains a Conv
  kLibTorch,  // straight to LibTorch: what disco has to keep away from
};

// Empty when output and gradients are right; otherwise which are wrong, and by how much.
std::string CheckConv(const ConvCase& drawn, ConvRoute route);

}  // namespace disco
