// SPDX-License-Identifier: Apache-2.0
// Pictures drawn by the program, so that everything can be tried without a download.
//
// A picture shows two different shapes out of five, each of any size, colour and angle, brighter or
// darker than what is behind it, over a textured background with strokes and noise. The class is
// the pair: 10 pairs of 5 shapes. No class can be told from one shape alone, so a network whose
// halves do not talk must find all five shapes twice. Measured with ResNet-8 (widths 32, 64, 128)
// on 15000 pictures of 32 x 32 pixels, 5 to 6 epochs: dense 91 %, two independent branches of half
// the width 79 to 80 %.
//
// Only arithmetic that IEEE 754 rounds exactly is used (no sine, no logarithm): the same key gives
// the same bytes on every machine, up to a grey level where the compiler fuses multiplications with
// additions. Private to the module. Thread rule: pure. Errors: none.
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
