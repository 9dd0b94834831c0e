// SPDX-License-Identifier: Apache-2.0
// Streamed convolutions: those whose weights come from memory, not from the cache.
//
// A network for one input reads each weight once per inference. Where an output map has few
// positions, reading a weight takes about as long as using it, and a kernel that does the one after
// the other is as slow as both. Here the weights lie in the order of their use, and while one block
// of them is multiplied the next is prefetched. Channels last: target [rows, M], a row being one
// position of one image; weights [M, C, K...], K... being the taps.
//
// Thread rule: pure; Convolve shares its work out among OpenMP's threads, and allocates nothing on
// one. Some padding is multiplied, so that an infinite weight may give NaN there. Errors: none;
// where IsSupported says no, nothing may be called.
#pragma once

#include <cstddef>
#include <limits>
#include <span>
#include <vector>

namespace disco::streamed {

// Whether AVX-512 is there and may be used (base/cpu_level.h).
bool IsSupported();

struct Extent {
  size_t rows, taps, inputs, outputs;  // inputs: C, outputs: M; none is 0
};

// Floats that Pack writes: a bias, and the weights in panels of as many outputs as a tile has.
size_t PackedSize(const Extent& extent);
// `weights` [M, C, K...]; `bias` [M] or empty; `packed` at a 64-byte boundary.
void Pack(const Extent& extent, std::span<const float> weights, std::span<const float> bias,
          std::span<float> packed);

inline constexpr float kUnbounded = std::numeric_limits<float>::infinity();

struct Convolution {
  Extent extent;
  // [taps, rows]: where the C features lie that a tap reads for a row; `zeros` for padding.
  std::span<const float* const> sources;
  const float* zeros = nullptr;  // [C]
  const float* packed = nullptr;
  // [rows, M] each; one of them may be the target. Sums begin with them and the bias.
  std::vector<const float*> addends;
  float least = -kUnbounded, most = kUnbounded;  // the activation: a clamp, which NaNs pass
  float* target = nullptr;                       // [rows, M], no part of a source
};

void Convolve(const Convolution& convolution);

}  // namespace disco::streamed
