// SPDX-License-Identifier: Apache-2.0
#include "disco/base/units.h"

#include <array>
#include <charconv>
#include <cmath>
#include <utility>

namespace disco {
namespace {

// Three years; a point in time that far away is still far from the end of the clock.
constexpr Milliseconds kLongest(1e11);

struct Unit {
  std::string_view suffix;
  double factor;
};

// A non-negative finite number followed by one of `units`.
template <size_t n>
Result<double> ParseWithUnit(std::string_view text, const std::array<Unit, n>& units,
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
  constexpr std::array<Unit, 7> kUnits = {{{"B/s", 1},
                                           {"kB/s", 1e3},
                                           {"MB/s", 1e6},
                                           {"GB/s", 1e9},
                                           {"kbit/s", 1e3 / 8},
                                           {"Mbit/s", 1e6 / 8},
                                           {"Gbit/s", 1e9 / 8}}};
  DISCO_ASSIGN(const double rate, ParseWithUnit(text, kUnits, "37.5MB/s or 100Mbit/s"));
  if (rate <= 0) return Fail(ErrorKind::kUsage, "a link of {} never delivers anything", text);
  return Bandwidth{rate};
}

Result<ComputeSpeed> ParseComputeSpeed(std::string_view text) {
  constexpr std::array<Unit, 4> kUnits = {
      {{"MAC/s", 1}, {"MMAC/s", 1e6}, {"GMAC/s", 1e9}, {"TMAC/s", 1e12}}};
  DISCO_ASSIGN(const double rate, ParseWithUnit(text, kUnits, "125GMAC/s"));
  if (rate <= 0) return Fail(ErrorKind::kUsage, "a node of {} never finishes", text);
  return ComputeSpeed{rate};
}

Result<Milliseconds> ParseDuration(std::string_view text) {
  constexpr std::array<Unit, 4> kUnits = {{{"s", 1e3}, {"ms", 1}, {"us", 1e-3}, {"", 1e3}}};
  DISCO_ASSIGN(const double ms, ParseWithUnit(text, kUnits, "5s or 250ms"));
  if (ms > kLongest.count()) return Fail(ErrorKind::kUsage, "nobody waits as long as {}", text);
  return Milliseconds(ms);
}

Result<Bytes> ParseBytes(std::string_view text) {
  constexpr std::array<Unit, 5> kUnits = {
      {{"", 1}, {"B", 1}, {"kB", 1e3}, {"MB", 1e6}, {"GB", 1e9}}};
  DISCO_ASSIGN(const double bytes, ParseWithUnit(text, kUnits, "512MB"));
  if (bytes > 1e15) return Fail(ErrorKind::kUsage, "'{}' is more than any machine has", text);
  return Bytes{std::llround(bytes)};
}

std::string ToString(Bytes bytes) { return WithPrefix(static_cast<double>(bytes.value), "B"); }
std::string ToString(Macs macs) { return WithPrefix(static_cast<double>(macs.value), "MAC"); }

}  // namespace disco
