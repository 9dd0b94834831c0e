// SPDX-License-Identifier: Apache-2.0
// Units as types: what is a number of bytes cannot be added to a number of multiplications.
//
// 1 MAC = one multiply-accumulate. Prefixes are decimal (1 MB = 10^6 bytes), as in link data
// sheets.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "disco/base/result.h"

namespace disco {

template <class Tag>
struct Count {
  int64_t value = 0;
  friend auto operator<=>(Count, Count) = default;
  Count& operator+=(Count other) {
    value += other.value;
    return *this;
  }
  friend Count operator+(Count a, Count b) { return {a.value + b.value}; }
  friend Count operator-(Count a, Count b) { return {a.value - b.value}; }
  friend Count operator*(Count a, int64_t n) { return {a.value * n}; }
};

using Bytes = Count<struct BytesTag>;
using Macs = Count<struct MacsTag>;

using Milliseconds = std::chrono::duration<double, std::milli>;

// Speed of one link, one direction.
struct Bandwidth {
  double bytes_per_second = 0;
  Milliseconds Time(double bytes) const { return Milliseconds(1e3 * bytes / bytes_per_second); }
};

// Speed of one node.
struct ComputeSpeed {
  double macs_per_second = 0;
  Milliseconds Time(double macs) const { return Milliseconds(1e3 * macs / macs_per_second); }
};

// "37.5MB/s", "1GB/s", "100Mbit/s". Errors: kUsage, naming the text and an example.
Result<Bandwidth> ParseBandwidth(std::string_view text);
// "125GMAC/s", "500MMAC/s".
Result<ComputeSpeed> ParseComputeSpeed(std::string_view text);
// "5s", "250ms", "100us", "800ns"; a bare number is seconds.
Result<Milliseconds> ParseDuration(std::string_view text);
// "512MB", "64kB", "1GB", or a bare number of bytes.
Result<Bytes> ParseBytes(std::string_view text);

// For files: the shortest text that is read back as exactly the same value, which has to be finite:
// "37.5MB/s", "60us".
std::string ExactText(Bandwidth rate);
std::string ExactText(ComputeSpeed speed);
std::string ExactText(Milliseconds time);
std::string ExactText(Bytes bytes);

// For people: "21.3 MB", "4.09 GMAC".
std::string ToString(Bytes bytes);
std::string ToString(Macs macs);

}  // namespace disco
