// SPDX-License-Identifier: Apache-2.0
// FitSpeed: from measured times of ops to the model of node_speed.h.
//
// For each kind of op separately, the terms >= 0 that minimise the sum of the squares of
// (predicted - measured) / measured: relative, so that short ops count as much as long ones.
// Thread rule: pure.
#pragma once

#include <vector>

#include "disco/cost/node_speed.h"

namespace disco {

// One op, timed. Bytes as in OpWork (op_time.h).
struct OpMeasurement {
  OpKind kind = OpKind::kPoint;
  Macs macs;
  Bytes weight_bytes, activation_bytes;
  Milliseconds milliseconds{0};
};

// `send` and `receive` of the result cost nothing: they are measured on messages. Errors: kInvalid
// when a time is not positive, or naming a kind that nobody measured.
Result<NodeSpeed> FitSpeed(const std::vector<OpMeasurement>& measurements);

}  // namespace disco
