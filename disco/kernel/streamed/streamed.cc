// SPDX-License-Identifier: Apache-2.0
#include "disco/kernel/streamed/streamed.h"

#include <omp.h>

#include <algorithm>
#include <numeric>

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

// What one thread computes at a stretch: some tiles of one panel.
struct Piece {
  const Convolution& convolution;
  const Division& division;
  Part vectors, tiles;
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

// The sources that the tiles of a piece begin with, at the first tap of a block.
const float* const* SourcesOf(const Piece& piece, const Block& block, const Part& rows) {
  const Convolution& all = piece.convolution;
  return all.sources.data() + block.taps.begin * all.extent.rows + rows.begin;
}

// Bytes to prefetch at each input, so that the block after `block`, of the same size, is there when
// this one is done.
size_t PrefetchStep(const Piece& piece, const Block& block) {
  const Extent& extent = piece.convolution.extent;
  size_t taps = 0;
  for (size_t i = piece.tiles.begin; i < piece.tiles.begin + piece.tiles.size; ++i) {
    const Part rows = PartOf(extent.rows, piece.division.tiles, i);
    const float* const* sources = SourcesOf(piece, block, rows);
    for (size_t tap = 0; tap < block.taps.size; ++tap, sources += extent.rows)
      taps += IsPadding(sources, rows.size, piece.convolution.zeros) ? 0 : 1;
  }
  const size_t bytes = block.depth() * piece.vectors.size * kVector * sizeof(float);
  return taps == 0 ? 0 : CeilDivide(bytes, taps * block.inputs.size);
}

void RunBlock(const Piece& piece, const Block& block, const float* weights) {
  const Convolution& all = piece.convolution;
  const Extent& extent = all.extent;
  const size_t first_output = piece.vectors.begin * kVector;
  const size_t width = piece.vectors.size * kVector;
  const size_t lanes = std::min(extent.outputs - first_output, width) - (width - kVector);
  Tile tile{.rows_of_tap = extent.rows,
            .taps = block.taps.size,
            .inputs = block.inputs.size,
            .first_input = block.inputs.begin,
            .zeros = all.zeros,
            .weights = weights,
            .prefetch = reinterpret_cast<const char*>(weights + block.depth() * width),
            .prefetch_step = PrefetchStep(piece, block),
            .bias = block.is_first ? all.packed + first_output : nullptr,
            .addends = all.addends,
            .is_last = block.is_last,
            .least = all.least,
            .most = all.most,
            .target_stride = extent.outputs,
            .target = all.target,
            .tail = static_cast<uint16_t>((1u << lanes) - 1)};
  for (size_t i = piece.tiles.begin; i < piece.tiles.begin + piece.tiles.size; ++i) {
    const Part rows = PartOf(extent.rows, piece.division.tiles, i);
    tile.sources = SourcesOf(piece, block, rows);
    tile.offset = rows.begin * extent.outputs + first_output;
    tile.prefetch = RunTile(tile, rows.size, piece.vectors.size);
  }
}

void RunPiece(const Piece& piece) {
  const float* weights = piece.weights;
  for (size_t i = 0; i < piece.division.blocks(); ++i) {
    const Block block = BlockOf(piece.convolution.extent, piece.division, i);
    RunBlock(piece, block, weights);
    weights += block.depth() * piece.vectors.size * kVector;
  }
}

// Piece `index` of `division.panels` times `cuts`.
void RunPiece(const Convolution& convolution, const Division& division, size_t cuts, size_t index) {
  const Part vectors = PartOf(division.vectors, division.panels, index / cuts);
  const float* const weights = convolution.packed + division.vectors * kVector;
  RunPiece({convolution, division, vectors, PartOf(division.tiles, cuts, index % cuts),
            weights + vectors.begin * kVector * division.depth});
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
  const auto threads = static_cast<size_t>(omp_get_max_threads());
  // As many cuts of each panel as give every thread the same number of pieces.
  const size_t cuts = std::min(division.tiles, threads / std::gcd(threads, division.panels));
  const size_t pieces = division.panels * cuts;
  if (threads == 1) {  // a team of one would allocate
    for (size_t i = 0; i < pieces; ++i) RunPiece(convolution, division, cuts, i);
    return;
  }
#pragma omp parallel for schedule(static)
  for (size_t i = 0; i < pieces; ++i) RunPiece(convolution, division, cuts, i);
}

}  // namespace disco::streamed
