// SPDX-License-Identifier: Apache-2.0
// The cut: from a network bound to a plan to one shard per node.
//
// A shard is a graph of ONNX ops over the features the node owns, with its slices of the weights,
// and Send and Receive where the traffic says so. A mixing op whose input's plan says `fused`
// becomes a Receive that joins own and foreign features, and one op over both; `split`: a *local*
// op over the node's own features, a Receive, a *foreign* op over the features received, and an
// Add, so that the local part runs while the others' features travel. An op the plan cannot split
// runs whole on every node, after its inputs have been gathered.
//
// Running all shards gives the outputs of the network with the plan's mask applied (see ApplyMask).
// Thread rule: pure. Errors: kInvalid naming the op that the plan prunes too far.
#pragma once

#include <string>
#include <vector>

#include "disco/base/file.h"
#include "disco/plan/bound_plan.h"

namespace disco {

// Where a graph output of the network comes from: for each node, the features of it that the node's
// shard returns as its output `shard_output`; one node with no features listed returns it whole.
struct OutputPart {
  NodeId node = 0;
  size_t shard_output = 0;
  std::vector<int64_t> features;  // empty: all
};
struct OutputSource {
  int axis = 1;
  std::vector<OutputPart> parts;
};

struct Cut {
  std::vector<Graph> shards;  // by node; shapes inferred
  std::vector<std::vector<size_t>>
      inputs;  // by node: which inputs of the network its shard reads, in order
  std::vector<OutputSource> outputs;  // by output of the network
  std::vector<Transfer> traffic;      // at the batch of the network
  uint64_t plan_hash = 0;
};

// `bound` as nodes run it: BoundPlan::ForNodes.
Result<Cut> CutNetwork(const BoundPlan& bound);
// `bound` as it is given: what is folded on the way is dropped again, so that a caller who needs
// the shards alone does not hold it, too.
Result<Cut> FoldAndCut(const BoundPlan& bound);

// FOLDER/node-<i>.onnx.
Path ShardPath(const Path& folder, NodeId node);

// Writes every shard to its ShardPath; returns the paths. Shards of nodes that the cut does not
// have, left there by a cut for more, are removed. Errors also: kIo, also where another file would
// be written over.
Result<std::vector<Path>> WriteShards(const Cut& cut, const Path& folder);

}  // namespace disco
