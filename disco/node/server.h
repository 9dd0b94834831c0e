// SPDX-License-Identifier: Apache-2.0
// NodeServer: what `disco node` runs. Needs nothing but itself: callers send their shard.
//
// One thread lets connections in; each session has a thread of its own. A session's error ends that
// session, whatever it is; the server lives on and takes the next caller. Memory is bounded by
// NodeLimits, whatever strangers send. When all places are taken, a caller that has been silent for
// `idle` makes room for the next. Thread rule: Run in one thread, Stop from any. Errors: kIo when
// the port cannot be had; kUsage when other machines can connect and there are no keys.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "disco/base/units.h"
#include "disco/transport/endpoint.h"
#include "disco/transport/tls_stream.h"

namespace disco {

// The machine's memory divided by `share`.
Bytes MachineMemory(int64_t share);

struct NodeLimits {
  int sessions = 4;                    // at a time; the next caller is told to come later
  Bytes largest_shard{2'000'000'000};  // accepted from a caller
  Bytes memory = MachineMemory(2);     // all that the shards of all sessions make it hold
  Bytes cache = MachineMemory(8);      // shards kept for callers that come again
  Milliseconds patience{10000};        // for each step of opening, and each block of a shard
  Milliseconds idle{60000};            // after which a caller makes room for another
  double throttle = 1;                 // of every session's program (ProgramOptions)
};

struct NodeSecurity {
  SharedKeys keys;        // none: plain text
  bool insecure = false;  // plain text even where other machines can connect
};

class NodeServer {
 public:
  // Begins to listen. `log` gets one line per event, from any thread.
  static Result<std::unique_ptr<NodeServer>> Start(const Endpoint& endpoint,
                                                   const NodeLimits& limits,
                                                   std::function<void(const std::string&)> log,
                                                   const NodeSecurity& security = {});
  ~NodeServer();

  // The port it listens on; of use when port 0 was asked for.
  uint16_t port() const;

  // Serves until Stop, or until `stop` says so (asked every 200 ms). Then sessions end, within a
  // second; one that loads its shard, or is in a single long call of a kernel, when that is done.
  Status Run(const std::function<bool()>& stop);
  void Stop();

 private:
  class Impl;
  explicit NodeServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace disco
