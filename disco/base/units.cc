// SPDX-License-Identifier: Apache-2.0
#include "disco/base/units.h"

#include <array>
#include <charconv>
#include <cmath>
#include <span>
#include <utility>

namespace disco {
namespace {

// Three years; a point in time that far away is still far from the end of the clock.
constexpr Milliseconds kLongest(1e11);

struct Unit {
  std::string_view suffix;
  double factor;
};

// Those in bits are read, and not written.
constexpr std::array<Unit, 7> kBandwidths = {{{"B/s", 1},
                                              {"kB/s", 1e3},
                                              {"MB/s", 1e6},
                                              {"GB/s", 1e9},
                                              {"kbit/s", 1e3 / 8},
                                              {"Mbit/s", 1e6 / 8},
                                              {"Gbit/s", 1e9 / 8}}};
constexpr std::array<Unit, 4> kComputeSpeeds = {
    {{"MAC/s", 1}, {"MMAC/s", 1e6}, {"GMAC/s", 1e9}, {"TMAC/s", 1e12}}};
constexpr std::array<Unit, 5> kDurations = {
    {{"ms", 1}, {"us", 1e-3}, {"ns", 1e-6}, {"s", 1e3}, {"", 1e3}}};
constexpr std::array<Unit, 5> kSizes = {{{"B", 1}, {"kB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"", 1}}};

// A non-negative finite number followed by one of `units`.
Result<double> ParseWithUnit(std::string_view text, std::span<const Unit> units,
                             std::string_view example) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view suffix(end, static_cast<size_t>(text.data() + text.size() - end));
  if (error == std::errc() && number >= 0) {
    for (const Unit& unit : units) {
      if (suffix == unit.suffix && std::isfinite(number * unit.factor)) return number * unit.factor;
    }
  }
  return Fail(ErrorKind::kUsage, "cannot read '{}'; write it like {}", text, example);
}

// The shortest text that is read back as exactly `number`; the first unit is 1, whose text is.
std::string ExactText(double number, std::span<const Unit> units) {
  std::string shortest = fmt::format("{}{}", number, units[0].suffix);
  for (const Unit& unit : units) {
    const double count = number / unit.factor;
    std::string text = fmt::format("{}{}", count, unit.suffix);
    if (count * unit.factor == number && text.size() < shortest.size()) shortest = std::move(text);
  }
  return shortest;
}

std::string WithPrefix(double number, std::string_view unit) {
  constexpr std::array<std::string_view, 5> kPrefixes = {"", "k", "M", "G", "T"};
  size_t prefix = 0;
  while (number >= 1000 && prefix + 1 < kPrefixes.size()) {
    number /= 1000;
    ++prefix;
  }
  const int decimals = prefix == 0 || number >= 100 ? 0 : number >= 10 ? 1 : 2;
  return fmt::format("{:.{}f} {}{}", number, decimals, kPrefixes[prefix], unit);
}

}  // namespace

Result<Bandwidth> ParseBandwidth(std::string_view text) {
  DISCO_ASSIGN(const double rate, ParseWithUnit(text, kBandwidths, "37.5MB/s or 100Mbit/s"));
  if (rate <= 0) return Fail(ErrorKind::kUsage, "a bandwidth of {} never delivers anything", text);
  return Bandwidth{rate};
}

Result<ComputeSpeed> ParseComputeSpeed(std::string_view text) {
  DISCO_ASSIGN(const double rate, ParseWithUnit(text, kComputeSpeeds, "125GMAC/s"));
  if (rate <= 0) return Fail(ErrorKind::kUsage, "a node of {} never finishes", text);
  return ComputeSpeed{rate};
}

Result<Milliseconds> ParseDuration(std::string_view text) {
  DISCO_ASSIGN(const double ms, ParseWithUnit(text, kDurations, "5s or 250ms"));
  if (ms > kLongest.count()) return Fail(ErrorKind::kUsage, "nobody waits as long as {}", text);
  return Milliseconds(ms);
}

Result<Bytes> ParseBytes(std::string_view text) {
  DISCO_ASSIGN(const double bytes, ParseWithUnit(text, kSizes, "512MB"));
  if (bytes > 1e15) return Fail(ErrorKind::kUsage, "'{}' is more than any machine has", text);
  return Bytes{std::llround(bytes)};
}

std::string ExactText(Bandwidth rate) {
  return ExactText(rate.bytes_per_second, std::span(kBandwidths).first(4));
}
std::string ExactText(ComputeSpeed speed) {
  return ExactText(speed.macs_per_second, kComputeSpeeds);
}
std::string ExactText(Milliseconds time) {
  return ExactText(time.count(), std::span(kDurations).first(4));
}
std::string ExactText(Bytes bytes) {
  return ExactText(static_cast<double>(bytes.value), std::span(kSizes).first(4));
}

std::string ToString(Bytes bytes) { return WithPrefix(static_cast<double>(bytes.value), "B"); }
std::string ToString(Macs macs) { return WithPrefix(static_cast<double>(macs.value), "MAC"); }

}  // namespace disco
