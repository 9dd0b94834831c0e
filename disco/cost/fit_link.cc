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
};
Line Through(Bytes small_payload, Milliseconds small, Bytes large_payload, Milliseconds large) {
  Line line{.start = small};
  if (large <= small) return line;
  const auto more = static_cast<double>((large_payload - small_payload).value);
  line.bandwidth = {1e3 * more / (large - small).count()};
  line.start -= line.bandwidth.Time(static_cast<double>(small_payload.value));
  line.start = std::max(kNone, line.start);
  return line;
}

}  // namespace

MessageTime OneWay(const RoundTrip& trip) {
  const Milliseconds sends = trip.there + trip.back;
  // A receiver may have all of a message before its sender has returned from posting it.
  return {.send = sends / 2, .way = std::max(kNone, (trip.whole - sends - trip.between) / 2)};
}

FittedLink FitLink(Bytes small_payload, const MessageTime& small, Bytes large_payload,
                   const MessageTime& large) {
  const Milliseconds packing = std::max(kNone, large.send - small.send);
  const Milliseconds receive_small = std::min(small.send, small.way);
  const Milliseconds receive_large = std::min(receive_small + packing, large.way);
  const auto line = [&](Milliseconds of_small, Milliseconds of_large) {
    return Through(small_payload, of_small, large_payload, of_large);
  };
  const Line send = line(small.send, large.send), receive = line(receive_small, receive_large),
             travel = line(small.way - receive_small, large.way - receive_large);
  return {.link = {.bandwidth = travel.bandwidth, .latency = travel.start},
          .send = {.overhead = send.start, .bandwidth = send.bandwidth},
          .receive = {.overhead = receive.start, .bandwidth = receive.bandwidth}};
}

}  // namespace disco
