// SPDX-License-Identifier: Apache-2.0
// FitLink: from timed messages to a link and to what messages cost the processors at its ends.
//
// A message goes to and fro: node a sends, node b computes on what it got and sends back. Of each
// clock only differences are used, so that clocks need not agree. Thread rule: pure. Errors: none.
#pragma once

#include "disco/cost/cluster.h"

namespace disco {

// On node a: from the start of packing until the answer is in place; of that, on both nodes:
struct RoundTrip {
  Milliseconds whole{0};
  Milliseconds there{0}, back{0};  // packing and posting, on a and on b
  Milliseconds between{0};         // computing, on b
};

struct MessageTime {
  Milliseconds send{0};  // packing and posting
  Milliseconds way{0};   // from posted to placed on the other node; never below 0
};
// The mean of both directions.
MessageTime OneWay(const RoundTrip& trip);

struct TimedMessage {
  Bytes payload;
  MessageTime time;
};

// `small` and `large` are of sizes that networks send. `sustained` is so large that what a link
// lets through at once for nothing is a small part of it; on a quick link it is `large` again.
struct LinkSamples {
  TimedMessage small, large, sustained;
};

struct FittedLink {
  Link link;
  PackSpeed send, receive;
};
// Receiving keeps a processor busy also when the message was there before; it is taken to cost what
// sending does, and never more than the whole way.
FittedLink FitLink(const LinkSamples& samples);

// The payload that takes a link about `time`, from `least` to `most`.
Bytes PayloadLasting(Milliseconds time, const Link& link, Bytes least, Bytes most);

}  // namespace disco
