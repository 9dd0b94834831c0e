// SPDX-License-Identifier: Apache-2.0
// Pictures drawn by the program, so that everything can be tried without a download.
//
// A picture shows two different shapes out of five, of any size, colour and angle, half of them
// darker than what is behind them, over a textured background with strokes and noise. The class is
// the pair: 10 pairs of 5 shapes. No class can be told from one shape alone, so a network whose
// halves do not talk must find all five shapes twice.
//
// Only arithmetic that IEEE 754 rounds exactly is used (no sine, no logarithm): the same (seed,
// stream) gives the same bytes on every machine. Thread rule: pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "disco/data/image.h"

namespace disco {

struct SyntheticKey {
  uint64_t seed = 0;
  uint64_t stream = 0;  // one per picture
};

// `label` in [0, 10); side x side pixels, side >= 8.
Image DrawSynthetic(const SyntheticKey& key, int side, int label);

// "disc+ring", ... in the order of the labels.
std::vector<std::string> SyntheticClassNames();

}  // namespace disco
