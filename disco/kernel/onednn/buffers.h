// SPDX-License-Identifier: Apache-2.0
// Which value lies in which buffer. Private to the room. Thread rule: pure.
//
// One buffer per value, with two exceptions: an op that only renames the elements of its input
// shares its buffer, and a fused op writes its sum over an addend that nobody reads any more. All
// buffers lie in one arena, where those that live at different times share memory.
#pragma once

#include <optional>
#include <vector>

#include "disco/kernel/onednn/arena.h"
#include "disco/kernel/onednn/layout.h"
#include "disco/rewrite/fuse.h"

namespace disco::onednn {

struct BufferPlan {
  static constexpr int kNone = -1;
  std::vector<int> buffer;    // of each value; kNone: constants, and what lives inside a fused op
  std::vector<size_t> sizes;  // of each buffer, bytes
  Arena arena;                // where each buffer lies
  // Of each fused op: the position in FusedOp::addends that it overwrites.
  std::vector<std::optional<size_t>> summed_in_place;
};

BufferPlan PlanBuffers(const Graph& graph, const std::vector<Layout>& layouts,
                       const std::vector<FusedOp>& steps);

// Whether output 0 of `op` has the elements of input 0, in the same order.
bool RenamesElements(const Graph& graph, const Op& op);

}  // namespace disco::onednn
