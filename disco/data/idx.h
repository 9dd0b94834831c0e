// SPDX-License-Identifier: Apache-2.0
// The IDX format of MNIST: two zero bytes, a type (8 = unsigned byte), the number of axes, the
// extents as big-endian 32-bit numbers, then the elements, row-major. See
// http://yann.lecun.com/exdb/mnist/. Private to the module. Thread rule: pure. Errors: kInvalid or
// kUnsupported; nothing is allocated.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "disco/base/result.h"
#include "disco/tensor/shape.h"

namespace disco {

struct IdxArray {
  Shape shape;
  std::span<const std::byte> elements;  // views the bytes that were parsed
};

// Only unsigned bytes with one to four axes are read.
Result<IdxArray> ParseIdx(std::span<const std::byte> file);

}  // namespace disco
