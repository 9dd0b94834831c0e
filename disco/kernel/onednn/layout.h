// SPDX-License-Identifier: Apache-2.0
// How the elements of each value lie in memory. Private to the room. Thread rule: pure.
//
// Channels last: [N, C, D...] lies as N, D..., C. Every float32 value of a convolution, pooling or
// normalisation lies so, and what is joined to it element by element; all others are row-major.
#pragma once

#include <vector>

#include "disco/graph/graph.h"

namespace disco::onednn {

enum class Layout : uint8_t { kPlain, kChannelsLast };

// One entry per value.
std::vector<Layout> LayoutsOf(const Graph& graph);

// Elements between neighbours along each axis.
std::vector<int64_t> StridesOf(const Shape& shape, Layout layout);

// Whether elements in this layout lie row-major all the same.
bool LiesPlain(const Shape& shape, Layout layout);

}  // namespace disco::onednn
