// SPDX-License-Identifier: Apache-2.0
// Caller: the common part of all sessions: hands inputs out, puts outputs together. Private to the
// room. Thread rule: one thread.
#pragma once

#include <optional>

#include "disco/node/protocol.h"
#include "disco/node/session.h"
#include "disco/shard/cut.h"

namespace disco {

class Caller {
 public:
  // Keeps of `graph` and `cut` what it needs; the shards' weights are not among it. `deadline`: of
  // one inference.
  Caller(const Graph& graph, const Cut& cut, Milliseconds deadline);

  // Over a mesh whose members are the nodes, and the caller as the last.
  Result<std::vector<Tensor>> Infer(Mesh& mesh, std::span<const Tensor> inputs);
  // The same with the inputs that the nodes have. Errors also: kInvalid when they have none.
  Result<std::vector<Tensor>> Repeat(Mesh& mesh);
  void Goodbye(Mesh& mesh);
  void SetReady(NodeId node, const Ready& ready);

  void AskForSteps(bool ask) { asks_steps_ = ask; }
  const std::vector<std::vector<NodeStep>>& steps() const { return steps_; }

  const std::vector<NodeStatistics>& statistics() const { return statistics_; }
  Milliseconds last_duration() const { return last_duration_; }

 private:
  struct Node {
    std::vector<size_t> inputs;   // of the network, as its shard reads them
    std::vector<Tensor> outputs;  // of its shard
    bool answered = false;
  };
  Status CheckInputs(std::span<const Tensor> inputs) const;
  // Nothing: the nodes have them.
  using Inputs = std::optional<std::span<const Tensor>>;
  Result<std::vector<Tensor>> Ask(Mesh& mesh, const Inputs& inputs);
  Status PostQuery(Mesh& mesh, const Inputs& inputs);
  Status CollectOutputs(Mesh& mesh, Deadline deadline);
  Status ReceiveAnswer(Mesh& mesh, NodeId node, Deadline deadline);
  Status ReceiveSteps(Mesh& mesh, NodeId node, Deadline deadline);
  Result<NodeId> NextAnswer(Mesh& mesh, Deadline deadline) const;
  std::vector<Tensor> Assemble() const;
  FrameHeader Header(FrameKind kind) const {
    return {.kind = kind, .plan_hash = plan_hash_, .sequence = sequence_};
  }

  Milliseconds deadline_;
  uint64_t plan_hash_ = 0, sequence_ = 0;
  std::vector<Value> inputs_, outputs_;  // of the network: name, type, shape
  std::vector<OutputSource> sources_;
  std::vector<Node> nodes_;
  std::vector<NodeStatistics> statistics_;
  bool asks_steps_ = false;
  // Whether there is an infinity or NaN among the network's constants, and in the last inputs.
  bool constants_not_finite_ = false, inputs_not_finite_ = false;
  std::vector<std::vector<NodeStep>> steps_;
  Milliseconds last_duration_{0};
  Status broken_;  // the error that ended the session
};

}  // namespace disco
