// SPDX-License-Identifier: Apache-2.0
// Between the buffer of a value and a row-major tensor that is known only at Run. Private to the
// room.
#pragma once

#include <memory>

#include "disco/kernel/onednn/builder.h"

namespace disco::onednn {

enum class Direction { kToTensor, kFromTensor };

class LayoutCopy {
 public:
  LayoutCopy(Builder& builder, ValueId id, Direction direction);
  // `tensor` has the bytes of the value; it is not written when copying from it.
  Status Run(const RunContext& context, const std::byte* tensor) const;

 private:
  Direction direction_;
  std::byte* buffer_;
  size_t size_;
  std::unique_ptr<PrimitiveStep> reorder_;  // null: both lie alike
};

}  // namespace disco::onednn
