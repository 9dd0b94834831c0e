// SPDX-License-Identifier: Apache-2.0
#include "disco/kernel/streamed/streamed.h"

#include <algorithm>

#include "disco/kernel/streamed/tile.h"

namespace disco::streamed {
namespace {

// Multiplications of one block for each sum of a tile: with 4 vectors of weights each, a block
// stays in the second cache while all tiles use it.
constexpr size_t kBlockDepth = 512;

size_t CeilDivide(size_t a, size_t b) { return (a + b - 1) / b; }

// Part `index` when `total` is divided into `count` parts that differ by one at most.
struct Part {
  size_t begin, size;
};
Part PartOf(size_t total, size_t count, size_t index) {
  const size_t least = total / count, larger = total % count;
  return {index * least + std::min(index, larger), least + (index < larger ? 1 : 0)};
}

// How target, taps and inputs are divided.
struct Division {
  explicit Division(const Extent& extent)
      : vectors(CeilDivide(extent.outputs, kVector)),
        panels(CeilDivide(vectors, kTileVectors)),
        tiles(CeilDivide(extent.rows, kTileRows)),
        input_blocks(CeilDivide(extent.inputs, kBlockDepth)),
        tap_blocks(CeilDivide(extent.taps, std::max<size_t>(1, kBlockDepth / extent.inputs))),
        depth(extent.taps * extent.inputs) {}

  size_t vectors, panels, tiles, input_blocks, tap_blocks;
  size_t depth;  // multiplications for each element of the target
  size_t blocks() const { return tap_blocks * input_blocks; }
};

// What all tiles of one panel share.
struct Panel {
  const Convolution& convolution;
  const Division& division;
  Part vectors;
  const float* weights;  // [depth, vectors]
};

struct Block {
  Part taps, inputs;
  bool is_first, is_last;
  size_t depth() const { return taps.size * inputs.size; }
};

Block BlockOf(const Extent& extent, const Division& division, size_t index) {
  return {PartOf(extent.taps, division.tap_blocks, index / division.input_blocks),
          PartOf(extent.inputs, division.input_blocks, index % division.input_blocks), index == 0,
          index + 1 == division.blocks()};
}

// Writes [taps, inputs, vectors] of a block and returns its end; outputs that are not there stay 0.
float* PackBlock(const Extent& extent, const Block& block, Part vectors,
                 std::span<const float> weights, float* to) {
  const size_t first = vectors.begin * kVector, width = vectors.size * kVector;
  const size_t outputs = std::min(width, extent.outputs - first);
  for (size_t t = 0; t < block.taps.size; ++t) {
    for (size_t c = 0; c < block.inputs.size; ++c, to += width) {
      const size_t column = (block.inputs.begin + c) * extent.taps + block.taps.begin + t;
      for (size_t m = 0; m < outputs; ++m)
        to[m] = weights[(first + m) * extent.inputs * extent.taps + column];
    }
  }
  return to;
}

void RunBlock(const Panel& panel, const Block& block, const float* weights) {
  const Convolution& all = panel.convolution;
  const Extent& extent = all.extent;
  const size_t first_output = panel.vectors.begin * kVector;
  const size_t width = panel.vectors.size * kVector;
  const size_t lanes = std::min(extent.outputs - first_output, width) - (width - kVector);
  const size_t tiles = panel.division.tiles;
  Tile tile{.rows_of_tap = extent.rows,
            .taps = block.taps.size,
            .inputs = block.inputs.size,
            .first_input = block.inputs.begin,
            .weights = weights,
            .prefetch = reinterpret_cast<const char*>(weights + block.depth() * width),
            .prefetch_step = width * sizeof(float) / tiles,
            .bias = block.is_first ? all.packed + first_output : nullptr,
            .addends = all.addends,
            .is_last = block.is_last,
            .least = all.least,
            .most = all.most,
            .target_stride = extent.outputs,
            .target = all.target,
            .tail = static_cast<uint16_t>((1u << lanes) - 1)};
  for (size_t i = 0; i < tiles; ++i) {
    const Part rows = PartOf(extent.rows, tiles, i);
    tile.sources = all.sources.data() + block.taps.begin * extent.rows + rows.begin;
    tile.offset = rows.begin * extent.outputs + first_output;
    RunTile(tile, rows.size, panel.vectors.size);
    tile.prefetch += tile.prefetch_step * block.depth();
  }
}

void RunPanel(const Panel& panel) {
  const float* weights = panel.weights;
  for (size_t i = 0; i < panel.division.blocks(); ++i) {
    const Block block = BlockOf(panel.convolution.extent, panel.division, i);
    RunBlock(panel, block, weights);
    weights += block.depth() * panel.vectors.size * kVector;
  }
}

}  // namespace

size_t PackedSize(const Extent& extent) {
  const Division division(extent);
  return (1 + division.depth) * division.vectors * kVector;
}

void Pack(const Extent& extent, std::span<const float> weights, std::span<const float> bias,
          std::span<float> packed) {
  const Division division(extent);
  std::fill(packed.begin(), packed.end(), 0.0f);
  std::copy(bias.begin(), bias.end(), packed.begin());
  float* to = packed.data() + division.vectors * kVector;
  for (size_t p = 0; p < division.panels; ++p) {
    const Part vectors = PartOf(division.vectors, division.panels, p);
    for (size_t i = 0; i < division.blocks(); ++i)
      to = PackBlock(extent, BlockOf(extent, division, i), vectors, weights, to);
  }
}

void Convolve(const Convolution& convolution) {
  const Division division(convolution.extent);
  const float* const weights = convolution.packed + division.vectors * kVector;
#pragma omp parallel for schedule(static)
  for (size_t p = 0; p < division.panels; ++p) {
    const Part vectors = PartOf(division.vectors, division.panels, p);
    RunPanel({convolution, division, vectors, weights + vectors.begin * kVector * division.depth});
  }
}

}  // namespace disco::streamed
