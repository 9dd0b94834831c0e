// SPDX-License-Identifier: Apache-2.0
#include "disco/data/sample.h"

namespace disco {
namespace {

// How each alternative of Target moves. A class stays what it is.
ClassLabel Moved(const Geometry&, const ClassLabel& label) { return label; }

}  // namespace

Sample Apply(const Geometry& geometry, Sample sample) {
  sample.target = std::visit([&](const auto& target) -> Target { return Moved(geometry, target); },
                             sample.target);
  sample.image = Apply(geometry, std::move(sample.image));
  return sample;
}

}  // namespace disco
