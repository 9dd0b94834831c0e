// SPDX-License-Identifier: Apache-2.0
// Frame headers from a hostile peer: decoding never reads out of bounds, and what decodes encodes
// to the same bytes.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "disco/base/hash.h"
#include "disco/transport/frame.h"

namespace {

void Check(std::span<const std::byte> bytes) {
  const auto header = disco::DecodeFrame(bytes);
  if (!header) return;
  const auto again = disco::EncodeFrame(*header);
  if (!std::equal(again.begin(), again.end(), bytes.begin())) std::abort();
}

// Gives `bytes` a right checksum, without which the fuzzer would hardly get past it.
std::array<std::byte, disco::kFrameSize> Sealed(std::span<const std::byte> bytes) {
  std::array<std::byte, disco::kFrameSize> frame;
  std::copy_n(bytes.begin(), frame.size(), frame.begin());
  const size_t checked = frame.size() - 4;
  const uint64_t hash = disco::Hash(std::span<const std::byte>(frame).first(checked));
  for (size_t i = 0; i < 4; ++i) frame[checked + i] = static_cast<std::byte>(hash >> (8 * i));
  return frame;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  Check(bytes);
  if (size >= disco::kFrameSize) Check(Sealed(bytes));
  return 0;
}
