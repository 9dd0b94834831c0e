// SPDX-License-Identifier: Apache-2.0
// Runner: runs one shard for one session: receive, compute, send.
//
// Members of the session's mesh: nodes 0 .. N-1, and the caller as member N. All buffers are made
// with the runner; an inference allocates nothing of its own. Private to the module. Thread rule:
// one thread. Errors: those of Program and Mesh, with the value and both nodes of a transfer named.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "disco/kernel/program.h"
#include "disco/node/held_messages.h"
#include "disco/node/protocol.h"
#include "disco/plan/plan.h"

namespace disco {

struct RunnerOptions {
  NodeId node = 0;
  int nodes = 1;
  uint64_t plan_hash = 0;
  Milliseconds deadline{5000};  // of one inference on this node
  ProgramOptions program;
};

class Runner {
 public:
  // `shard` with its shapes inferred.
  static Result<Runner> Create(Graph shard, const RunnerOptions& options);

  // How somebody else watches over a session that serves.
  struct Watch {
    std::function<Status()> go_on;    // asked between inferences, four times a second
    std::function<Status()> at_step;  // asked at the beginning of each inference and of its steps
  };

  // Answers the caller until it says goodbye, goes, an inference fails or `go_on` does; a failure
  // is reported to the caller. An inference ends at the latest when its caller has given it up.
  Status Serve(Mesh& mesh, const Watch& watch);

  const ProgramReport& report() const { return program_->report(); }

 private:
  Runner() = default;
  PeerId caller() const { return options_.nodes; }
  // False after goodbye.
  Result<bool> ServeNext(Mesh& mesh, uint64_t sequence, const Watch& watch);
  Status ServeOne(Mesh& mesh, const FrameHeader& query, const Watch& watch);
  Status ReceiveInputs(Mesh& mesh, uint64_t sequence, Deadline deadline);
  Status PostOutputs(Mesh& mesh, uint64_t sequence);
  Status PostReport(Mesh& mesh, uint64_t sequence, const NodeReport& report);
  Status PostSteps(Mesh& mesh, uint64_t sequence, Clock::time_point start);

  RunnerOptions options_;
  std::unique_ptr<Program> program_;
  std::vector<Tensor> inputs_, outputs_;
  HeldMessages held_{{}, 0};
};

}  // namespace disco
