// SPDX-License-Identifier: Apache-2.0
#include "disco/data/idx.h"

namespace disco {
namespace {

constexpr size_t kMagic = 4;  // bytes
constexpr auto kUnsignedByte = std::byte{8};

int64_t BigEndian32(std::span<const std::byte> bytes) {
  int64_t value = 0;
  for (const std::byte byte : bytes.first(4)) value = value << 8 | std::to_integer<int64_t>(byte);
  return value;
}

}  // namespace

Result<IdxArray> ParseIdx(std::span<const std::byte> file) {
  if (file.size() < kMagic || file[0] != std::byte{0} || file[1] != std::byte{0}) {
    return Fail(ErrorKind::kInvalid, "not an IDX file: it does not begin with two zero bytes");
  }
  const auto axes = std::to_integer<size_t>(file[3]);
  if (file[2] != kUnsignedByte || axes < 1 || axes > 4) {
    return Fail(
        ErrorKind::kUnsupported,
        "IDX file of type {} with {} axes; only unsigned bytes (type 8) with 1 to 4 are read",
        std::to_integer<int>(file[2]), axes);
  }
  if (file.size() < kMagic + 4 * axes) {
    return Fail(ErrorKind::kInvalid, "IDX file ends within its header ({} bytes)", file.size());
  }
  std::vector<int64_t> extents;
  for (size_t axis = 0; axis < axes; ++axis) {
    extents.push_back(BigEndian32(file.subspan(kMagic + 4 * axis)));
  }
  IdxArray array{Shape(std::move(extents)), file.subspan(kMagic + 4 * axes)};
  DISCO_TRY(CheckShape(array.shape));
  if (array.shape.elements() != static_cast<int64_t>(array.elements.size())) {
    return Fail(ErrorKind::kInvalid, "IDX header says {} = {} bytes, but {} follow",
                ToString(array.shape), array.shape.elements(), array.elements.size());
  }
  return array;
}

}  // namespace disco
