// SPDX-License-Identifier: Apache-2.0
#include "disco/transport/shape.h"

#include <charconv>
#include <cmath>
#include <optional>
#include <set>

namespace disco {
namespace {

constexpr std::string_view kExample =
    "37.5MB/s,latency=2ms,jitter=0.5ms,loss=0.1%,retry=200ms,seed=7";
constexpr std::string_view kBandwidth = "bandwidth";
// Within these no arrival is beyond the end of the clock.
constexpr Bandwidth kSlowest{1e3};
constexpr Milliseconds kLongest{3.6e6};
constexpr double kMostLoss = 0.9;

// All of `text` as a number.
template <class T>
std::optional<T> Number(std::string_view text) {
  T number{};
  const char* last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, number);
  if (error != std::errc() || end != last) return std::nullopt;
  return number;
}

Status SetBandwidth(std::string_view text, Bandwidth& bandwidth) {
  DISCO_ASSIGN(bandwidth, ParseBandwidth(text));
  if (bandwidth.bytes_per_second >= kSlowest.bytes_per_second) return {};
  return Fail(ErrorKind::kUsage, "less than 1kB/s is too slow");
}

Status SetTime(std::string_view text, Milliseconds& time) {
  DISCO_ASSIGN(time, ParseDuration(text));
  if (time <= kLongest) return {};
  return Fail(ErrorKind::kUsage, "more than an hour is too long");
}

Status SetLoss(std::string_view text, double& loss) {
  const bool percent = text.ends_with('%');
  const auto number = Number<double>(percent ? text.substr(0, text.size() - 1) : text);
  loss = number.value_or(-1) / (percent ? 100 : 1);
  if (loss >= 0 && loss <= kMostLoss) return {};
  return Fail(ErrorKind::kUsage, "it is a share from 0% to 90%");
}

Status SetSeed(std::string_view text, uint64_t& seed) {
  const auto number = Number<uint64_t>(text);
  seed = number.value_or(0);
  if (number) return {};
  return Fail(ErrorKind::kUsage, "it is a whole number");
}

Status Set(std::string_view key, std::string_view text, LinkShape& shape) {
  if (key == kBandwidth) return SetBandwidth(text, shape.bandwidth);
  if (key == "latency") return SetTime(text, shape.latency);
  if (key == "jitter") return SetTime(text, shape.jitter);
  if (key == "retry") return SetTime(text, shape.retry);
  if (key == "loss") return SetLoss(text, shape.loss);
  if (key == "seed") return SetSeed(text, shape.seed);
  return Fail(ErrorKind::kUsage, "there is no such part");
}

}  // namespace

Result<LinkShape> ParseLinkShape(std::string_view text) {
  LinkShape shape;
  std::set<std::string_view> seen;
  while (true) {
    const size_t comma = text.find(',');
    const std::string_view part = text.substr(0, comma);
    const size_t equals = part.find('=');
    const bool named = equals != part.npos;
    const std::string_view key = named ? part.substr(0, equals) : kBandwidth;
    const Status set = Set(key, named ? part.substr(equals + 1) : part, shape);
    if (!set || !seen.insert(key).second) {
      return Fail(ErrorKind::kUsage, "'{}' of a link's shape: {}; write the shape like {}", part,
                  set ? "it is there twice" : set.error().message, kExample);
    }
    if (comma == text.npos) return shape;
    text.remove_prefix(comma + 1);
  }
}

std::string ToString(const LinkShape& shape) {
  const bool limited = std::isfinite(shape.bandwidth.bytes_per_second);
  return fmt::format("{}{}latency={}ms,jitter={}ms,loss={},retry={}ms,seed={}",
                     limited ? ExactText(shape.bandwidth) : "", limited ? "," : "",
                     shape.latency.count(), shape.jitter.count(), shape.loss, shape.retry.count(),
                     shape.seed);
}

}  // namespace disco
