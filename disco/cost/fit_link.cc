// SPDX-License-Identifier: Apache-2.0
#include "disco/cost/fit_link.h"

#include <algorithm>

namespace disco {
namespace {

constexpr Milliseconds kNone{0};

struct Point {
  Bytes payload;
  Milliseconds time;
};
// The line through two points, which falls nowhere and is nowhere below 0.
PackSpeed Through(const Point& small, const Point& large) {
  PackSpeed line{.overhead = small.time};
  if (large.time <= small.time) return line;
  const auto more = static_cast<double>((large.payload - small.payload).value);
  line.bandwidth = {1e3 * more / (large.time - small.time).count()};
  line.overhead -= line.bandwidth.Time(static_cast<double>(small.payload.value));
  line.overhead = std::max(kNone, line.overhead);
  return line;
}

}  // namespace

MessageTime OneWay(const RoundTrip& trip) {
  const Milliseconds sends = trip.there + trip.back;
  // A receiver may have all of a message before its sender has returned from posting it.
  return {.send = sends / 2, .way = std::max(kNone, (trip.whole - sends - trip.between) / 2)};
}

FittedLink FitLink(const LinkSamples& samples) {
  const auto& [small, large, sustained] = samples;
  const Milliseconds receive_small = std::min(small.time.send, small.time.way);
  const Milliseconds packing = std::max(kNone, large.time.send - small.time.send);
  FittedLink fitted;
  fitted.send = Through({small.payload, small.time.send}, {large.payload, large.time.send});
  fitted.receive = Through({small.payload, receive_small},
                           {large.payload, std::min(receive_small + packing, large.time.way)});
  const auto travel = [&](const TimedMessage& message) {
    const Milliseconds time = message.time.way - fitted.receive.Time(message.payload);
    return Point{message.payload, std::max(kNone, time)};
  };
  const PackSpeed link = Through(travel(small), travel(sustained));
  fitted.link = {.bandwidth = link.bandwidth, .latency = link.overhead};
  return fitted;
}

Bytes PayloadLasting(Milliseconds time, const Link& link, Bytes least, Bytes most) {
  const double bytes = link.bandwidth.bytes_per_second * time.count() / 1e3;
  if (bytes >= static_cast<double>(most.value)) return most;
  return std::max(least, Bytes{static_cast<int64_t>(bytes)});
}

}  // namespace disco
