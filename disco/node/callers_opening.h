// SPDX-License-Identifier: Apache-2.0
// CallersOpening: how a caller opens a session on nodes that are other processes. Private to the
// room.
//
// All nodes get ready at the same time, each on a thread of its own, so that a slow link to one is
// no other's wait; then all link. The first error in time ends the opening: it is that of the node
// to blame. Thread rule: one thread calls Run, once. Errors: kPeer, kDeadline, naming the node; kIo
// without threads.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "disco/node/protocol.h"
#include "disco/node/session.h"
#include "disco/shard/cut.h"
#include "disco/transport/channel.h"
#include "disco/transport/stream_mesh.h"

namespace disco {

class CallersOpening {
 public:
  // All three outlive this.
  CallersOpening(const std::vector<Endpoint>& endpoints, const Cut& cut,
                 const SessionOptions& options);

  struct Opened {
    std::vector<StreamPeer> peers;  // the caller itself, without a stream, as the last
    std::vector<Ready> ready;       // by node
  };
  Result<Opened> Run();

 private:
  std::string NameOf(size_t node) const;
  Error Named(size_t node, const Error& error) const;
  // That nodes can reach one another by `endpoints`, as far as can be told from here.
  Status CheckReach() const;
  // Runs MakeReady for every node.
  Status MakeAllReady();
  Status MakeReady(size_t node);
  Result<HelloReply> SendHello(size_t node, const std::string& shard);
  Status KeepChannel(size_t node, Channel channel);
  // Ends the opening for the other nodes, too, unless it has ended before.
  void GiveUp(Error error);
  Status LinkAll();
  FrameHeader Frame(FrameKind kind) const { return {.kind = kind, .plan_hash = cut_.plan_hash}; }

  const std::vector<Endpoint>& endpoints_;
  const Cut& cut_;
  const SessionOptions& options_;
  const Milliseconds deadline_;  // of each step
  const std::string session_;    // its name
  std::vector<Ready> ready_;
  std::mutex mutex_;               // of what follows, while there are threads
  std::vector<Channel> channels_;  // by node; the channel of a node changes only in its own thread
  Status outcome_;
};

}  // namespace disco
