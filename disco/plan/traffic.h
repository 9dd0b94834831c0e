// SPDX-License-Identifier: Apache-2.0
// Traffic: who sends what to whom during one inference, and how many bytes. Derived once, where a
// plan is bound to its network (BoundPlan::traffic); cost, cut and node all read it, so that a
// predicted byte and a sent byte are the same byte.
//
// A value read by several ops of a node is sent once. Where every op of the receiver that reads it
// is a 1x1 Conv with one stride, only the positions that are read travel. Thread rule: pure.
#pragma once

#include "disco/base/units.h"
#include "disco/plan/plan.h"

namespace disco {

// One message per inference.
struct Transfer {
  int32_t id =
      0;  // position in the traffic: transfers stand in the order in which their values are made
  ValueId value = kNoValue;
  NodeId from = 0, to = 0;
  std::vector<int64_t> features;  // of the value, ascending
  std::vector<int64_t> stride;    // per spatial axis; empty: every position
  Wire wire;                      // scales of `features`
  Shape shape;  // of what travels, features on the value's axis, at the graph's batch
  Bytes size;   // payload without frame

  // Of the same features as float32, as which they are packed and unpacked.
  Bytes float_size() const {
    return Bytes{size.value / static_cast<int64_t>(SizeOf(wire.type)) *
                 static_cast<int64_t>(sizeof(float))};
  }
};

Bytes TotalBytes(const std::vector<Transfer>& traffic);
// Bytes that `node` sends or receives.
Bytes SentBytes(const std::vector<Transfer>& traffic, NodeId node);
Bytes ReceivedBytes(const std::vector<Transfer>& traffic, NodeId node);

}  // namespace disco
