// SPDX-License-Identifier: Apache-2.0
// The innermost loop of a streamed convolution: a tile of target [up to 7 rows, up to 4 vectors]
// that stays in registers while a block of weights passes by. Private to the room.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace disco::streamed {

inline constexpr size_t kVector = 16;                     // floats
inline constexpr size_t kTileRows = 7, kTileVectors = 4;  // 28 sums of the 32 registers

struct Tile {
  const float* const* sources;  // of the first tap and row; one tap after the other
  size_t rows_of_tap;           // from one tap's sources to the next one's
  size_t taps, inputs;          // of this block; sources are read from `first_input` on
  size_t first_input;
  const float* zeros;    // what stands for padding
  const float* weights;  // [taps, inputs, vectors of this tile]
  const char* prefetch;  // what is wanted next; `prefetch_step` bytes of it at each input
  size_t prefetch_step;

  const float* bias;  // of the first block, where the sums begin; null: they go on from the target
  std::span<const float* const> addends;  // of the first block; laid out like the target
  bool is_last;                           // block: the clamp follows
  float least, most;
  size_t offset;         // of the tile in target and addends
  size_t target_stride;  // from row to row
  float* target;
  uint16_t tail;  // lanes of the last vector that exist
};

// Whether a tap reads nothing but padding for `rows` rows; it is left out then.
inline bool IsPadding(const float* const* sources, size_t rows, const float* zeros) {
  return std::all_of(sources, sources + rows, [&](const float* row) { return row == zeros; });
}

// `rows` from 1 to kTileRows, `vectors` from 1 to kTileVectors. Returns where the prefetching goes
// on.
const char* RunTile(const Tile& tile, size_t rows, size_t vectors);

}  // namespace disco::streamed
