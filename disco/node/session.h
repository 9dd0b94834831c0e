// SPDX-License-Identifier: Apache-2.0
// Session: the caller's face. One network, cut by a plan, running on its nodes; Infer gives what
// one machine would.
//
//   auto session = Session::OpenLocal(graph, plan, {});           // all nodes in this process
//   auto session = Session::Connect(graph, plan, endpoints, {});  // one `disco node` each
//   auto outputs = (*session)->Infer(inputs);
//
// The graph's input shapes say the batch. Thread rule: one thread at a time; distinct sessions are
// independent. Errors: kPeer or kDeadline naming the node; after one the session is over and says
// so.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "disco/base/clock.h"
#include "disco/kernel/program.h"
#include "disco/plan/bound_plan.h"
#include "disco/transport/endpoint.h"
#include "disco/transport/shape.h"
#include "disco/transport/tls_stream.h"

namespace disco {

// Of SessionOptions::deadline.
inline constexpr Milliseconds kShortestDeadline{1}, kLongestDeadline{3.6e6};
inline constexpr Milliseconds kUsualDeadline{5000};

struct SessionOptions {
  ProgramOptions program;  // on every node; Connect: the nodes have throttles of their own
  // Of one inference, and of each step of opening: introduction, every 16 KiB of a shard, loading,
  // linking. None: OpenLocal waits for as long as its nodes compute, Connect for kUsualDeadline.
  std::optional<Milliseconds> deadline;
  // Slows the links between nodes down, for experiments; all nodes have to be on one machine.
  std::optional<LinkShape> shape;
  // OpenLocal only: of each node, instead of program.throttle.
  std::vector<double> throttles;
  // Connect only: the number of each node in errors, where it is none of this session's own.
  std::vector<int> called;
  // Connect only: those of this member of the nodes' cluster; none: plain text.
  SharedKeys keys;
};

// What one node did in the last inference, and what it holds. Bytes are payloads of features
// between nodes.
struct NodeStatistics {
  Bytes planned_sent, planned_received, sent, received;
  // Of the whole inference; of it waiting for features, and packing, posting and placing them.
  Milliseconds total{0}, wait{0}, exchange{0};
  int64_t page_faults = 0;
  Bytes peak_memory;                    // of the node's process, so far
  Bytes weights, activations, buffers;  // as ProgramReport has them
  Bytes memory;                         // that the node lends to all its sessions together
  std::string kernels;
  std::vector<std::string> warnings;
  // Inferences so far whose answer may be wrong because of an overflow or a NaN inside the network
  // (Program::overflow), and the op of the last one, if it is known.
  int64_t overflows = 0;
  std::string overflow_op;
};

// One step of an inference on a node. Times count from when the node heard the query.
struct NodeStep {
  std::string name;
  StepKind kind = StepKind::kCompute;
  Milliseconds start{0}, end{0};
};

// Errors: kUsage when it is out of range.
inline Status CheckDeadline(Milliseconds deadline) {
  if (deadline >= kShortestDeadline && deadline <= kLongestDeadline) return {};
  return Fail(ErrorKind::kUsage, "a deadline is from {:g} ms to {:g} s; {:g} ms is not",
              kShortestDeadline.count(), kLongestDeadline.count() / 1e3, deadline.count());
}

class Session {
 public:
  virtual ~Session() = default;

  // The network as it is given to Bind.
  static Result<std::unique_ptr<Session>> OpenLocal(const BoundPlan& bound,
                                                    const SessionOptions& options);
  static Result<std::unique_ptr<Session>> Connect(const BoundPlan& bound,
                                                  const std::vector<Endpoint>& nodes,
                                                  const SessionOptions& options);
  // The same, bound on the way.
  static Result<std::unique_ptr<Session>> OpenLocal(const Graph& graph, const Plan& plan,
                                                    const SessionOptions& options);
  static Result<std::unique_ptr<Session>> Connect(const Graph& graph, const Plan& plan,
                                                  const std::vector<Endpoint>& nodes,
                                                  const SessionOptions& options);

  // `inputs` as the graph's, of the same shapes and types; returns the graph's outputs.
  virtual Result<std::vector<Tensor>> Infer(std::span<const Tensor> inputs) = 0;

  // The last inference once more, with the inputs that the nodes still have.
  virtual Result<std::vector<Tensor>> Repeat() = 0;

  // Whether the nodes tell the steps of each inference from now on.
  virtual void AskForSteps(bool ask) = 0;
  // Of the last inference by node, if they were asked for.
  virtual const std::vector<std::vector<NodeStep>>& steps() const = 0;

  virtual const std::vector<NodeStatistics>& statistics() const = 0;
  // From the call of the last Infer to its return.
  virtual Milliseconds last_duration() const = 0;
};

}  // namespace disco
