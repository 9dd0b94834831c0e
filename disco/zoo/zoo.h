// SPDX-License-Identifier: Apache-2.0
// Built-in networks: builders that give the same graphs a file would.
//
// ResNet in ImageNet form: 7x7 stem, four stages, He et al. 2016, with the stride in the 3x3 of a
// bottleneck
// ("v1.5"); depths 18, 34, 50, 101. ResNet in CIFAR form: 3x3 stem, three stages; depths 6n+2 (8,
// 20, 32, 56). Names of ops and weights are those of torchvision, so that weights trained elsewhere
// can be matched. Thread rule: pure. Errors: kUsage naming what is known.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "disco/graph/graph.h"

namespace disco {

// A width multiplier as a fraction, so that 1/8 of 64 is 8 exactly.
struct Width {
  int64_t numerator = 1, denominator = 1;
};
// "1/8", "2", "0.5": exactly that, in lowest terms. Errors: kUsage.
Result<Width> ParseWidth(std::string_view text);

struct ZooOptions {
  std::string name = "resnet50";  // one of ZooNames()
  Width width;                    // of every layer, relative to the published one
  int64_t classes = 0;            // 0: 1000 for the ImageNet form, 10 for the CIFAR form
  Shape image;                    // [C, H, W]; rank 0: [3, 224, 224] or [3, 32, 32]
  int64_t stem_stride = 0;        // 0: as published
  uint64_t seed = 0;              // of the weights: He-normal fan-out, as is usual for ResNets
};

// Extents of the images that networks are made for.
inline constexpr int64_t kMostChannels = 1024, kLeastSide = 8, kMostSide = 8192;

// Weights of the largest network that is made: 8 GB of them.
inline constexpr double kMostParameters = 2e9;

std::vector<std::string> ZooNames();

// Input "input" [1, C, H, W], output "logits" [1, classes]; shapes inferred.
Result<Graph> MakeZooNetwork(const ZooOptions& options);

}  // namespace disco
