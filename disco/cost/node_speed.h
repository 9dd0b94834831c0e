// SPDX-License-Identifier: Apache-2.0
// NodeSpeed: how fast one machine runs each kind of op, and how fast it packs messages.
//
//   an op:      overhead + macs / rate + bytes of weights / `weights`
//               + bytes of activations / `activations`
//   a message:  overhead + payload bytes / bandwidth
//
// Measured by a probe, fitted from samples (fit_speed.h) or written by hand (cluster.h). A rate or
// bandwidth that is infinite takes its term out. Thread rule: plain values.
#pragma once

#include <array>
#include <limits>
#include <string_view>

#include "disco/base/units.h"

namespace disco {

enum class OpKind : uint8_t {
  kPoint,      // Conv of one group with a kernel of 1 in every direction
  kWindow,     // any other Conv of one group
  kDepthwise,  // Conv of several groups
  kMatrix,     // Gemm, MatMul
  kMove,  // all that multiplies nothing: pooling, Concat, Softmax, elementwise ops on their own
};
inline constexpr std::array<OpKind, 5> kOpKinds = {
    OpKind::kPoint, OpKind::kWindow, OpKind::kDepthwise, OpKind::kMatrix, OpKind::kMove};

std::string_view Name(OpKind kind);  // "point", "window", "depthwise", "matrix", "move"

inline constexpr double kUnlimited = std::numeric_limits<double>::infinity();

// Of one kind of op. Of kMove only `overhead` and `activations` count.
struct KindSpeed {
  Milliseconds overhead{0};
  ComputeSpeed rate{kUnlimited};
  Bandwidth weights{kUnlimited};      // reading the op's constants
  Bandwidth activations{kUnlimited};  // reading its inputs, writing its outputs
};

// Of a message, on the processor; by what its features take as float32, whatever they travel as.
struct PackSpeed {
  Milliseconds overhead{0};
  Bandwidth bandwidth{kUnlimited};
  Milliseconds Time(Bytes float_size) const {
    return overhead + bandwidth.Time(static_cast<double>(float_size.value));
  }
};

struct NodeSpeed {
  std::array<KindSpeed, kOpKinds.size()> kinds;
  PackSpeed send, receive;

  KindSpeed& of(OpKind kind) { return kinds[static_cast<size_t>(kind)]; }
  const KindSpeed& of(OpKind kind) const { return kinds[static_cast<size_t>(kind)]; }
};

}  // namespace disco
