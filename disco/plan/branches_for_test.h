// SPDX-License-Identifier: Apache-2.0
// A network with branches, for tests of the exchange order. Thread rule: pure.
#pragma once

#include "disco/plan/sketch_for_test.h"

namespace disco {

// A block of four branches as in Inception, written one branch after the other. Sent are `in`,
// both `squeeze`s and `out`.
inline Graph Branches() {
  Sketch sketch;
  const ValueId in = sketch.Conv("in", sketch.Input({1, 3, 6, 6}), 4);
  const ValueId point = sketch.Relu("point.relu", sketch.Conv("point", in, 4));
  const ValueId three = sketch.Conv("three", sketch.Conv("three.squeeze", in, 4), 4, {.kernel = 3});
  const ValueId five = sketch.Conv(
      "five", sketch.Relu("five.relu", sketch.Conv("five.squeeze", in, 4)), 4, {.kernel = 5});
  const ValueId pooled = sketch.Op(
      OpType::kMaxPool, "pool", {in},
      PoolParams{{.kernel = {3, 3}, .strides = {1, 1}, .pads_begin = {1, 1}, .pads_end = {1, 1}}});
  const ValueId projected = sketch.Conv("projected", pooled, 4);
  const ValueId joined =
      sketch.Op(OpType::kConcat, "joined", {point, three, five, projected}, AxisParams{1});
  return sketch.Finish({sketch.Conv("out", joined, 4)});
}

}  // namespace disco
