// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>

#include "disco/kernel/reference/float_watch.h"
#include "disco/kernel/reference/payload.h"

namespace disco {
namespace {

// Calls `visit` with the element at which each position begins. Positions outside and features
// inside: where features lie side by side in memory, it is read from its beginning to its end.
template <class Visit>
void ForEachPosition(const PayloadIndex& index, Visit visit) {
  for (const int64_t row : index.rows) {
    for (int64_t i = 0; i < index.length; ++i) visit(row + i * index.step);
  }
}

// Element `k` of type T, which need not be aligned.
template <class T>
T Load(const std::byte* elements, size_t k) {
  T element;
  std::memcpy(&element, elements + k * sizeof(T), sizeof(T));
  return element;
}
template <class T>
void Store(T element, std::byte* elements, size_t k) {
  std::memcpy(elements + k * sizeof(T), &element, sizeof(T));
}

void PackFloats(const PayloadIndex& index, const float* value, std::span<std::byte> payload) {
  const std::span<const int64_t> features = index.features;
  std::byte* to = payload.data();
  ForEachPosition(index, [&](int64_t offset) {
    for (size_t k = 0; k < features.size(); ++k) Store(value[offset + features[k]], to, k);
    to += features.size() * sizeof(float);
  });
}

void UnpackFloats(const PayloadIndex& index, std::span<const std::byte> payload, float* value) {
  const std::span<const int64_t> features = index.features;
  const std::byte* from = payload.data();
  ForEachPosition(index, [&](int64_t offset) {
    for (size_t k = 0; k < features.size(); ++k) value[offset + features[k]] = Load<float>(from, k);
    from += features.size() * sizeof(float);
  });
}

// So many features are gathered first and coded then, by a loop that compilers make vectors of.
constexpr size_t kChunk = 64;

// encode(x, k) gives x of feature k as it travels. Where an |x| is beyond `most`, infinite or NaN,
// it arrives as another number: the floating-point flags say so, as they do of overflows.
template <class T, class Encode>
void PackAs(const PayloadIndex& index, const float* value, std::span<std::byte> payload, float most,
            Encode encode) {
  const std::span<const int64_t> features = index.features;
  std::array<float, kChunk> gathered;
  unsigned lost = 0;
  std::byte* to = payload.data();
  ForEachPosition(index, [&](int64_t offset) {
    for (size_t first = 0; first < features.size(); first += kChunk) {
      const size_t count = std::min(kChunk, features.size() - first);
      for (size_t k = 0; k < count; ++k) gathered[k] = value[offset + features[first + k]];
      for (size_t k = 0; k < count; ++k) Store<T>(encode(gathered[k], first + k), to, k);
      for (size_t k = 0; k < count; ++k) lost |= std::abs(gathered[k]) <= most ? 0u : 1u;
      to += count * sizeof(T);
    }
  });
  if (lost != 0) FloatWatch::RaiseOverflow();
}

template <class T, class Decode>
void UnpackAs(const PayloadIndex& index, std::span<const std::byte> payload, float* value,
              Decode decode) {
  const std::span<const int64_t> features = index.features;
  std::array<float, kChunk> decoded;
  const std::byte* from = payload.data();
  ForEachPosition(index, [&](int64_t offset) {
    for (size_t first = 0; first < features.size(); first += kChunk) {
      const size_t count = std::min(kChunk, features.size() - first);
      for (size_t k = 0; k < count; ++k) decoded[k] = decode(Load<T>(from, k), first + k);
      for (size_t k = 0; k < count; ++k) value[offset + features[first + k]] = decoded[k];
      from += count * sizeof(T);
    }
  });
}

}  // namespace

void Pack(const PayloadIndex& index, const float* value, std::span<std::byte> payload) {
  switch (index.wire) {
    case WireType::kF32:
      return PackFloats(index, value, payload);
    case WireType::kF16:
      return PackAs<uint16_t>(index, value, payload, kMostHalf,
                              [](float x, size_t) { return EncodeHalf(x); });
    case WireType::kInt8:
      // Numbers beyond the scale are clipped, as calibration means it.
      return PackAs<uint8_t>(index, value, payload, std::numeric_limits<float>::max(),
                             [low = index.codes.low.data(), inverse = index.codes.inverse.data()](
                                 float x, size_t k) { return EncodeInt8(x, low[k], inverse[k]); });
  }
}

void Unpack(const PayloadIndex& index, std::span<const std::byte> payload, float* value) {
  switch (index.wire) {
    case WireType::kF32:
      return UnpackFloats(index, payload, value);
    case WireType::kF16:
      return UnpackAs<uint16_t>(index, payload, value,
                                [](uint16_t x, size_t) { return DecodeHalf(x); });
    case WireType::kInt8:
      return UnpackAs<uint8_t>(
          index, payload, value,
          [zero = index.codes.zero.data(), step = index.codes.step.data()](uint8_t x, size_t k) {
            return DecodeInt8(x, zero[k], step[k]);
          });
  }
}

}  // namespace disco
