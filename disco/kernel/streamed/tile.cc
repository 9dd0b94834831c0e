// SPDX-License-Identifier: Apache-2.0
#include "disco/kernel/streamed/tile.h"

#include "disco/kernel/streamed/streamed.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include <array>
#include <utility>

#include "disco/base/cpu_level.h"

namespace disco::streamed {
namespace {

constexpr size_t kLine = 64;  // bytes that a prefetch brings

// Clang and GCC unroll these loops whole: their bounds are constants.
template <size_t kRows, size_t kVectors>
struct Sums {
  __m512 at[kRows][kVectors];
};

// Lanes of vector `v` of `kVectors` that exist.
template <size_t kVectors>
__mmask16 Lanes(const Tile& tile, size_t v) {
  return v + 1 == kVectors ? tile.tail : uint16_t{0xFFFF};
}

template <size_t kRows, size_t kVectors>
[[gnu::target("avx512f")]] inline void Begin(const Tile& tile, Sums<kRows, kVectors>& sums) {
  for (size_t r = 0; r < kRows; ++r) {
    for (size_t v = 0; v < kVectors; ++v) {
      const size_t at = tile.offset + r * tile.target_stride + v * kVector;
      const __mmask16 lanes = Lanes<kVectors>(tile, v);
      if (tile.bias == nullptr) {
        sums.at[r][v] = _mm512_maskz_loadu_ps(lanes, tile.target + at);
        continue;
      }
      sums.at[r][v] = _mm512_load_ps(tile.bias + v * kVector);
      for (const float* addend : tile.addends)
        sums.at[r][v] += _mm512_maskz_loadu_ps(lanes, addend + at);
    }
  }
}

template <size_t kRows, size_t kVectors>
[[gnu::target("avx512f")]] inline const char* Multiply(const Tile& tile,
                                                       Sums<kRows, kVectors>& sums) {
  const float* weights = tile.weights;
  const char* prefetch = tile.prefetch;
  for (size_t tap = 0; tap < tile.taps; ++tap) {
    const float* const* rows = tile.sources + tap * tile.rows_of_tap;
    if (IsPadding(rows, kRows, tile.zeros)) {
      weights += tile.inputs * kVectors * kVector;
      continue;
    }
    const float* sources[kRows];
    for (size_t r = 0; r < kRows; ++r) sources[r] = rows[r] + tile.first_input;
    for (size_t input = 0; input < tile.inputs; ++input) {
      for (const char* line = prefetch; line < prefetch + tile.prefetch_step; line += kLine)
        __builtin_prefetch(line, 0, 2);  // to read, into the second cache
      prefetch += tile.prefetch_step;
      __m512 weight[kVectors];
      for (size_t v = 0; v < kVectors; ++v) weight[v] = _mm512_load_ps(weights + v * kVector);
      weights += kVectors * kVector;
      for (size_t r = 0; r < kRows; ++r) {
        const __m512 source = _mm512_set1_ps(sources[r][input]);
        for (size_t v = 0; v < kVectors; ++v)
          sums.at[r][v] = _mm512_fmadd_ps(source, weight[v], sums.at[r][v]);
      }
    }
  }
  return prefetch;
}

template <size_t kRows, size_t kVectors>
[[gnu::target("avx512f")]] inline void End(const Tile& tile, const Sums<kRows, kVectors>& sums) {
  const __m512 least = _mm512_set1_ps(tile.least), most = _mm512_set1_ps(tile.most);
  for (size_t r = 0; r < kRows; ++r) {
    for (size_t v = 0; v < kVectors; ++v) {
      __m512 sum = sums.at[r][v];
      if (tile.is_last) {  // NaNs pass
        sum = sum < least ? least : sum;
        sum = sum > most ? most : sum;
      }
      _mm512_mask_storeu_ps(tile.target + tile.offset + r * tile.target_stride + v * kVector,
                            Lanes<kVectors>(tile, v), sum);
    }
  }
}

template <size_t kRows, size_t kVectors>
[[gnu::target("avx512f"), gnu::flatten]] const char* RunSized(const Tile& tile) {
  Sums<kRows, kVectors> sums;
  Begin(tile, sums);
  const char* const prefetch = Multiply(tile, sums);
  End(tile, sums);
  return prefetch;
}

// [rows - 1][vectors - 1]
template <size_t... kIndices>
constexpr auto AllSizes(std::index_sequence<kIndices...>) {
  return std::array{&RunSized<kIndices / kTileVectors + 1, kIndices % kTileVectors + 1>...};
}

}  // namespace

bool IsSupported() { return CurrentCpuLevel() >= CpuLevel::kAvx512; }

const char* RunTile(const Tile& tile, size_t rows, size_t vectors) {
  static constexpr auto kSizes = AllSizes(std::make_index_sequence<kTileRows * kTileVectors>());
  return kSizes[(rows - 1) * kTileVectors + vectors - 1](tile);
}

}  // namespace disco::streamed

#else

namespace disco::streamed {
bool IsSupported() { return false; }
const char* RunTile(const Tile&, size_t, size_t) { return nullptr; }
}  // namespace disco::streamed

#endif
