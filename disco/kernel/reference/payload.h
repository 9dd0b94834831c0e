// SPDX-License-Identifier: Apache-2.0
// Payloads: the features of one value as they travel, [N, D'..., K], features innermost, in the
// types of tensor/wire.h.
//
// A value is float32 with any strides, so that a kernel packs from the layout it computes in. The
// axes other than `axis` keep their order. Shared by the kernels, which therefore send the same
// bytes. Errors: kInvalid or kUnsupported naming the op. Thread rule: plain values; pure functions.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "disco/graph/graph.h"

namespace disco {

// Int8Codes of features, side by side.
struct Int8Codes {
  std::vector<float> low, inverse, step, zero;
  void Add(const Int8Code& code) {
    low.push_back(code.low);
    inverse.push_back(code.inverse);
    step.push_back(code.step);
    zero.push_back(code.zero);
  }
};

// Element (r, i, k) of the payload is element rows[r] + i * step + features[k] of the value.
struct PayloadIndex {
  std::vector<int64_t> rows, features;  // offsets in elements
  int64_t length = 1, step = 0;  // of a row: its positions, and elements from one to the next
  WireType wire = WireType::kF32;
  Int8Codes codes;  // of each feature; kInt8 only
  size_t size_bytes() const {
    return rows.size() * static_cast<size_t>(length) * features.size() * SizeOf(wire);
  }
};

// Of a Send; `strides` are those of its value in memory.
Result<PayloadIndex> SendIndex(const Graph& graph, const Op& op,
                               const std::vector<int64_t>& strides);
// Of a Receive, one per source.
Result<std::vector<PayloadIndex>> ReceiveIndices(const Graph& graph, const Op& op,
                                                 const std::vector<int64_t>& strides);

// What arrives as another number (an infinity or NaN as int8, more than 65504 as fp16) raises the
// flag of an overflow.
void Pack(const PayloadIndex& index, const float* value, std::span<std::byte> payload);
void Unpack(const PayloadIndex& index, std::span<const std::byte> payload, float* value);

}  // namespace disco
