// SPDX-License-Identifier: Apache-2.0
#include "disco/cost/fit_link.h"

#include <algorithm>

namespace disco {
namespace {

constexpr Milliseconds kNone{0};

// The line through the times of two payloads, which falls nowhere and is nowhere below 0.
struct Line {
  Milliseconds start{0};
  Bandwidth bandwidth{kUnlimited};
  Milliseconds Time(Bytes payload) const {
    return start + bandwidth.Time(static_cast<double>(payload.value));
  }
};
struct Point {
  Bytes payload;
  Milliseconds time;
};
Line Through(const Point& small, const Point& large) {
  Line line{.start = small.time};
  if (large.time <= small.time) return line;
  const auto more = static_cast<double>((large.payload - small.payload).value);
  line.bandwidth = {1e3 * more / (large.time - small.time).count()};
  line.start -= line.bandwidth.Time(static_cast<double>(small.payload.value));
  line.start = std::max(kNone, line.start);
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
  const Line send = Through({small.payload, small.time.send}, {large.payload, large.time.send});
  const Milliseconds receive_small = std::min(small.time.send, small.time.way);
  const Milliseconds packing = std::max(kNone, large.time.send - small.time.send);
  const Line receive = Through({small.payload, receive_small},
                               {large.payload, std::min(receive_small + packing, large.time.way)});
  const auto travel = [&](const TimedMessage& message) {
    const Milliseconds time = message.time.way - receive.Time(message.payload);
    return Point{message.payload, std::max(kNone, time)};
  };
  const Line link = Through(travel(small), travel(sustained));
  return {.link = {.bandwidth = link.bandwidth, .latency = link.start},
          .send = {.overhead = send.start, .bandwidth = send.bandwidth},
          .receive = {.overhead = receive.start, .bandwidth = receive.bandwidth}};
}

Bytes PayloadLasting(Milliseconds time, const Link& link, Bytes least, Bytes most) {
  const double bytes = link.bandwidth.bytes_per_second * time.count() / 1e3;
  if (bytes >= static_cast<double>(most.value)) return most;
  return std::max(least, Bytes{static_cast<int64_t>(bytes)});
}

}  // namespace disco
