// SPDX-License-Identifier: Apache-2.0
// Sample: an image and its target, which move together. Thread rule: plain values. Errors: none.
#pragma once

#include "disco/data/geometry.h"
#include "disco/data/target.h"

namespace disco {

struct Sample {
  Image image;
  Target target;
};

Sample Apply(const Geometry& geometry, Sample sample);

}  // namespace disco
