// SPDX-License-Identifier: Apache-2.0
#include "disco/kernel/reference/float_watch.h"

#include "disco/tensor/tensor.h"

namespace disco {
void FloatWatch::Judge(const Step& step) {
  const bool overflowed = step.clips && (Flags() & FE_OVERFLOW) != 0;
  if (overflowed || came_in_ || HoldsNonFinite(step.made)) {
    overflow_ = step.op;
  } else {
    ClearFlags();
  }
}

void FloatWatch::AddHelper(int flags) {
  const bool counts = (flags & FE_OVERFLOW) != 0 || (flags != 0 && came_in_);
  if (!overflow_ && counts) overflow_ = std::string_view();
}

}  // namespace disco
