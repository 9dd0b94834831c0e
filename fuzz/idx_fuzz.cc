// SPDX-License-Identifier: Apache-2.0
// Any bytes: ParseIdx answers with as many elements as its shape has, or with an error.
#include <cstdlib>

#include "disco/data/idx.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto array = disco::ParseIdx({reinterpret_cast<const std::byte*>(data), size});
  if (array && array->shape.elements() != static_cast<int64_t>(array->elements.size()))
    std::abort();
  return 0;
}
