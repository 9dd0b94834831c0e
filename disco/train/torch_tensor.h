// SPDX-License-Identifier: Apache-2.0
// Tensors between disco and LibTorch. Private to the room: shows LibTorch types.
// Thread rule: pure. Errors: none; every element type of disco's has one in LibTorch, or a wider
// one.
#pragma once

#include "disco/tensor/tensor.h"
#include "disco/train/torch_compat.h"

namespace disco {

// A copy, so that training never writes into a graph's constants.
at::Tensor ToTorch(const Tensor& tensor);

// A view without a copy: `tensor` has to outlive it, and nobody may write to either.
at::Tensor ViewAsTorch(const Tensor& tensor);

// Row-major, whatever the memory format. `tensor` is float.
Tensor FromTorch(const at::Tensor& tensor);

}  // namespace disco
